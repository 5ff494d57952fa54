import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { type OrderView, orderView } from './orders.contract.ts';

const data = z.object({ order: orderView });

const NGN = (amount: number) => ({ amount, currency: 'NGN' });
const at = '2026-11-21T09:00:00.000Z';

const sampleOrder: OrderView = {
  id: 'ord_01h455vb4pex5vsknk084sn02q',
  number: 'SK-1001',
  cartId: 'cart_01h455vb4pex5vsknk084sn02q',
  customerId: null,
  email: 'ada@example.com',
  phone: null,
  locale: 'en-NG',
  currency: 'NGN',
  lifecycle: 'pending',
  paymentStatus: 'unpaid',
  fulfilmentStatus: 'none',
  returnStatus: 'none',
  paymentProvider: 'paystack',
  shippingAddress: { firstName: 'Ada', lastName: 'Obi', line1: '1 Marina', city: 'Lagos', country: 'NG' },
  billingAddress: null,
  customerNote: null,
  pricesIncludeTax: true,
  totals: { subtotal: NGN(250_000), discount: NGN(0), shipping: NGN(5_000), tax: NGN(17_791), total: NGN(255_000) },
  cancelledTotal: NGN(0),
  paidTotal: NGN(0),
  refundedTotal: NGN(0),
  lines: [
    {
      id: 'oli_01h455vb4pex5vsknk084sn02q',
      variantId: 'var_01h455vb4pex5vsknk084sn02q',
      productId: 'prod_01h455vb4pex5vsknk084sn02q',
      title: 'Adire scarf',
      variantTitle: 'Indigo',
      sku: 'ADR-1',
      options: { Colour: 'Indigo' },
      properties: {},
      imageFileId: null,
      requiresShipping: true,
      weightGrams: 120,
      unitPrice: NGN(125_000),
      subtotal: NGN(250_000),
      discount: NGN(0),
      taxes: [{ name: 'VAT', ratePpm: 75_000, base: NGN(232_558), amount: NGN(17_442), isIncluded: true }],
      tax: NGN(17_442),
      total: NGN(250_000),
      quantity: 2,
      fulfilled: 0,
      shipped: 0,
      delivered: 0,
      cancelled: 0,
      returned: 0,
      refunded: 0,
    },
  ],
  shippingLines: [
    {
      id: 'osl_01h455vb4pex5vsknk084sn02q',
      shippingOptionId: 'sho_01h455vb4pex5vsknk084sn02q',
      name: 'Standard',
      amount: NGN(5_000),
      discount: NGN(0),
      taxes: [{ name: 'VAT', ratePpm: 75_000, base: NGN(4_651), amount: NGN(349), isIncluded: true }],
      tax: NGN(349),
      total: NGN(5_000),
    },
  ],
  discounts: [],
  needsReview: false,
  note: null,
  tags: [],
  cancelReason: null,
  supersededById: null,
  expiresAt: '2026-11-21T09:30:00.000Z',
  cancelledAt: null,
  completedAt: null,
  version: 1,
  createdAt: at,
  updatedAt: at,
};

const paid = { ...sampleOrder, lifecycle: 'open' as const, paymentStatus: 'paid' as const, paidTotal: NGN(255_000) };

/** What mails of a new order need besides: who of the company hears of it, and how a shopper pays without a provider. */
const privately = z.object({ mailsTo: z.array(z.string()), instructions: z.string().nullable() });

export const orderPlaced = defineEvent('order.placed', data, {
  about: 'A shopper checked out. The order waits for its payment unless `lifecycle` says `open`.',
  sample: { order: sampleOrder },
  privately,
});
/** Paid in full. An order that is open from the beginning (nothing to pay, cash at the door) says so in `order.placed`. */
export const orderPaid = defineEvent('order.paid', data, {
  about:
    'An order was paid in full. One that is open from the beginning (nothing to pay, cash at the door) says so in `order.placed`.',
  sample: { order: { ...paid, expiresAt: null, version: 2 } },
});
/**
 * The shopper pays an order that waits in another way than before; cash at the door opens it. Turning from a provider's
 * page to a transfer or to cash is told by mail, to both sides: so far neither has had one.
 */
export const orderPaymentChanged = defineEvent('order.payment_changed', data, {
  about: 'The shopper of an unpaid order chose another way to pay; cash at the door opens the order.',
  sample: { order: { ...sampleOrder, paymentProvider: 'manual', version: 2 } },
  privately,
});
export const orderUpdated = defineEvent('order.updated', data, {
  about: 'An order changed in a way that no other event tells, like its address, note, tags or review.',
  sample: { order: { ...paid, version: 3 } },
});
export const orderCancelled = defineEvent('order.cancelled', data, {
  about: 'An order was cancelled; its goods are free again.',
  sample: { order: { ...sampleOrder, lifecycle: 'cancelled', cancelReason: 'customer', cancelledAt: at, version: 2 } },
});
/** Some of it is not sent any more. When it is all that was left to be sent, `order.completed` or `order.paid` says it. */
export const orderCancelledInPart = defineEvent('order.cancelled_in_part', data, {
  about:
    'Some of an order will not be sent. When that was all that was left, `order.completed` or `order.paid` says so.',
  sample: { order: { ...paid, cancelledTotal: NGN(125_000), version: 3 } },
  /** What this time. */
  privately: z.object({ cancelledLines: z.array(z.object({ orderLineId: z.string(), quantity: z.int() })) }),
});
/** Nobody paid in time; its goods are free again. */
export const orderExpired = defineEvent('order.expired', data, {
  about: 'Nobody paid an order in time; its goods are free again.',
  sample: { order: { ...sampleOrder, lifecycle: 'expired', version: 2 } },
});
/** Everything was delivered and paid. */
export const orderCompleted = defineEvent('order.completed', data, {
  about: 'Everything of an order was delivered and paid.',
  sample: {
    order: { ...paid, lifecycle: 'completed', fulfilmentStatus: 'delivered', completedAt: at, version: 6 },
  },
});

const lookupData = z.object({
  lookup: z.object({ orderId: orderView.shape.id, number: z.string(), email: z.string() }),
});
/** Somebody asked for a link to an order, at the address it was placed with. */
export const orderLinkRequested = defineEvent('order.link_requested', lookupData, {
  about: 'Somebody asked for a link to an order, at the address it was placed with. The link is in the mail only.',
  sample: { lookup: { orderId: sampleOrder.id, number: 'SK-1001', email: 'ada@example.com' } },
  privately: z.object({ token: z.string(), expiresAt: z.string() }),
});

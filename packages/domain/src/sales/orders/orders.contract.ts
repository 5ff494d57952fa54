import { z } from 'zod';
import { postalAddress } from '../../company/companies/postal-address.contract.ts';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { currencyCode, moneyView } from '../../kernel/money.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { email, prose, text } from '../../kernel/text.ts';

const TAGS_MAX = 50;
const NOTE_MAX = 5_000;

export const orderLifecycle = z.enum(['pending', 'open', 'completed', 'cancelled', 'expired']);
export const orderPaymentStatus = z.enum([
  'unpaid',
  'authorized',
  'partially_paid',
  'paid',
  'partially_refunded',
  'refunded',
  'not_required',
]);
export const orderFulfilmentStatus = z.enum(['none', 'partial', 'fulfilled', 'delivered']);
export const orderReturnStatus = z.enum(['none', 'requested', 'partial', 'returned']);

const orderTaxView = z.object({
  name: z.string(),
  ratePpm: z.int().meta({ description: 'Parts per million: 75000 is 7.5 %.' }),
  base: moneyView,
  amount: moneyView,
  isIncluded: z.boolean(),
});

const units = z.int().min(0);
const counts = {
  quantity: units,
  fulfilled: units.meta({ description: 'Units that stand in a fulfilment, sent or not.' }),
  shipped: units,
  delivered: units,
  cancelled: units,
  returned: units,
  refunded: units,
};

export const orderLineView = z.object({
  id: idOf('oli'),
  variantId: idOf('var'),
  productId: idOf('prod'),
  title: z.string(),
  variantTitle: z.string().nullable(),
  sku: z.string().nullable(),
  options: z.record(z.string(), z.string()),
  properties: z.record(z.string(), z.string()),
  imageFileId: idOf('file').nullable(),
  requiresShipping: z.boolean(),
  weightGrams: z.int().nullable(),
  unitPrice: moneyView,
  subtotal: moneyView,
  discount: moneyView,
  taxes: z.array(orderTaxView),
  tax: moneyView,
  total: moneyView.meta({ description: 'What the line adds to the order, with its tax.' }),
  ...counts,
});

export const orderShippingLineView = z.object({
  id: idOf('osl'),
  shippingOptionId: idOf('sho'),
  name: z.string(),
  amount: moneyView,
  discount: moneyView,
  taxes: z.array(orderTaxView),
  tax: moneyView,
  total: moneyView,
});

export const orderDiscountView = z.object({
  discountId: idOf('dis'),
  class: z.enum(['product', 'order', 'shipping']),
  title: z.string(),
  code: z.string().nullable(),
  amount: moneyView,
});

const orderTotals = z.object({
  subtotal: moneyView,
  discount: moneyView,
  shipping: moneyView,
  tax: moneyView,
  total: moneyView,
});

/** What a shopper sees of their order. */
export const shopperOrderView = z.object({
  id: idOf('ord'),
  number: z.string(),
  customerId: idOf('cus').nullable(),
  email: z.string(),
  phone: z.string().nullable(),
  currency: currencyCode,
  lifecycle: orderLifecycle,
  paymentStatus: orderPaymentStatus,
  fulfilmentStatus: orderFulfilmentStatus,
  returnStatus: orderReturnStatus,
  paymentProvider: z.string().nullable(),
  shippingAddress: postalAddress.nullable(),
  billingAddress: postalAddress.nullable(),
  customerNote: z.string().nullable(),
  pricesIncludeTax: z.boolean(),
  totals: orderTotals,
  cancelledTotal: moneyView.meta({ description: 'Of the total, what was cancelled and so is not owed.' }),
  paidTotal: moneyView,
  refundedTotal: moneyView,
  lines: z.array(orderLineView),
  shippingLines: z.array(orderShippingLineView),
  discounts: z.array(orderDiscountView),
  expiresAt: instant.nullable().meta({ description: 'Until when its goods are held while it waits. null: for good.' }),
  supersededById: idOf('ord')
    .nullable()
    .meta({ description: 'The order that took the place of this one when its cart was changed before it was paid.' }),
  cancelledAt: instant.nullable(),
  completedAt: instant.nullable(),
  createdAt: instant,
});
export type ShopperOrderView = z.infer<typeof shopperOrderView>;

/** What staff see, and what events carry. */
export const orderView = shopperOrderView.extend({
  cartId: idOf('cart').nullable(),
  locale: z.string().nullable(),
  needsReview: z.boolean().meta({ description: 'Money came that does not fit the order: somebody should look.' }),
  note: z.string().nullable(),
  tags: z.array(z.string()),
  cancelReason: z.string().nullable(),
  version: z.int(),
  updatedAt: instant,
});
export type OrderView = z.infer<typeof orderView>;

export const timelineEntryView = z.object({
  id: idOf('otl'),
  kind: z.string().meta({ description: 'placed, paid, note, cancelled …' }),
  message: z.string().nullable(),
  data: z.record(z.string(), z.unknown()).nullable(),
  actor: z.object({ type: z.string(), id: z.string() }),
  createdAt: instant,
});
export type TimelineEntryView = z.infer<typeof timelineEntryView>;
export const timelinePage = pageOf(timelineEntryView);

const explained = z.object({
  step: z.string(),
  about: z.string(),
  text: z.string(),
  figures: z.record(z.string(), z.string()),
});

/** One order whole, for the people who work on it. */
export const orderDetailView = orderView.extend({
  open: z
    .array(
      z.object({
        orderLineId: idOf('oli'),
        fulfil: units.meta({ description: 'Units that stand in no fulfilment yet; as many can be cancelled.' }),
        ship: units,
        return: units,
      }),
    )
    .meta({ description: 'What can still be done with each line.' }),
  dueTotal: moneyView.meta({ description: 'What is still to be paid.' }),
  explanation: z.array(explained).meta({ description: 'How the totals came about, sentence by sentence.' }),
  timeline: timelinePage.meta({ description: 'The newest entries; the rest at GET /v1/orders/:id/timeline.' }),
});
export type OrderDetailView = z.infer<typeof orderDetailView>;

const yesNo = z.enum(['true', 'false']).transform((value) => value === 'true');

const orderFilters = {
  lifecycle: orderLifecycle.optional(),
  paymentStatus: orderPaymentStatus.optional(),
  fulfilmentStatus: orderFulfilmentStatus.optional(),
  q: text(254).optional().meta({ description: 'A number, or the beginning of one or of an email address.' }),
  tag: text(60).optional(),
  customerId: idOf('cus').optional(),
  currency: currencyCode.optional(),
  needsReview: yesNo.optional(),
  placedFrom: instant.optional(),
  placedTo: instant.optional().meta({ description: 'Not including this moment.' }),
};

export const ordersQuery = listQuery.extend({
  ...orderFilters,
  sort: z.enum(['newest', 'oldest']).default('newest'),
  count: yesNo.optional().meta({ description: 'Counts what matches: exact up to 1000, then "1000+".' }),
});
export type OrdersQuery = z.output<typeof ordersQuery>;

export const ordersExportQuery = z.strictObject({
  ...orderFilters,
  sort: z.enum(['newest', 'oldest']).default('newest'),
});
export type OrdersExportQuery = z.output<typeof ordersExportQuery>;

/** A line of a list: all that a table of orders shows. */
export const orderSummaryView = z.object({
  id: idOf('ord'),
  number: z.string(),
  customerId: idOf('cus').nullable(),
  email: z.string(),
  currency: currencyCode,
  lifecycle: orderLifecycle,
  paymentStatus: orderPaymentStatus,
  fulfilmentStatus: orderFulfilmentStatus,
  returnStatus: orderReturnStatus,
  paymentProvider: z.string().nullable(),
  total: moneyView,
  paidTotal: moneyView,
  refundedTotal: moneyView,
  units: z.int(),
  needsReview: z.boolean(),
  shippingCountry: z.string().nullable(),
  tags: z.array(z.string()),
  createdAt: instant,
});
export type OrderSummaryView = z.infer<typeof orderSummaryView>;
export const ordersPage = pageOf(orderSummaryView).extend({ count: z.union([z.int(), z.literal('1000+')]).optional() });

/** What may be put right before the goods leave. */
export const orderPatch = z
  .strictObject({
    note: prose(NOTE_MAX).nullable(),
    tags: z.array(text(60)).max(TAGS_MAX),
    phone: text(40).nullable(),
    email,
    shippingAddress: postalAddress,
    billingAddress: postalAddress,
    needsReview: z.literal(false).meta({ description: 'Somebody has looked at it. Nobody asks by hand.' }),
  })
  .partial();
export type OrderPatch = z.infer<typeof orderPatch>;

export const newOrderNote = z.strictObject({ message: prose(NOTE_MAX).min(1) });
export type NewOrderNote = z.infer<typeof newOrderNote>;

export const newOrderLookup = z.strictObject({ number: text(40), email });
export type NewOrderLookup = z.infer<typeof newOrderLookup>;

export const orderLinkOpening = z.strictObject({ token: z.string().min(1).max(200) });

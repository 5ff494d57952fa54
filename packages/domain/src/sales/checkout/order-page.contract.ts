import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { moneyView } from '../../kernel/money.ts';
import { pageOf } from '../../kernel/page.ts';
import { fulfilmentStatus } from '../fulfilment/fulfilments.contract.ts';
import { orderDetailView, shopperOrderView } from '../orders/orders.contract.ts';
import { PAYMENT_PROVIDERS } from '../payments/payment-providers.contract.ts';
import { PAYMENT_STATUSES, paymentSummary } from '../payments/payments.contract.ts';

const orderPayment = z.object({
  id: idOf('pay'),
  provider: z.enum(PAYMENT_PROVIDERS).nullable(),
  status: z.enum(PAYMENT_STATUSES),
  amount: moneyView.meta({ description: 'What is asked for.' }),
  instructions: z.string().nullable().meta({
    description: 'How to pay, as the shop says it; as long as something is to be paid without a provider.',
  }),
  again: z
    .object({
      cartId: idOf('cart').meta({
        description: 'Its own token opens it, or its customer: POST /v1/carts/:id/checkout.',
      }),
      expectedTotal: moneyView,
      message: z.string(),
    })
    .nullable()
    .meta({
      description: 'How a payment on a page of a provider is begun once more; null: there is nothing to be paid so.',
    }),
});

const orderFulfilment = z.object({
  status: fulfilmentStatus,
  carrier: z.string().nullable(),
  trackingNumbers: z.array(z.string()),
  trackingUrl: z.string().nullable(),
  lines: z.array(
    z.object({
      orderLineId: idOf('oli'),
      title: z.string(),
      variantTitle: z.string().nullable(),
      quantity: z.int(),
    }),
  ),
  shippedAt: instant.nullable(),
  deliveredAt: instant.nullable(),
});

/** An order as the page shows it on which its shopper looks what became of it. */
export const shopperOrderPage = shopperOrderView.extend({
  payment: orderPayment.nullable().meta({ description: 'null: nothing was to be paid.' }),
  fulfilments: z
    .array(orderFulfilment)
    .meta({ description: 'Parcels, the first one first; none that was called off.' }),
});
export type ShopperOrderPage = z.input<typeof shopperOrderPage>;

export const shopperOrderPages = pageOf(shopperOrderPage);

/** One order whole, for the people who work on it, with the ids of what pays and sends it. */
export const orderWorkView = orderDetailView.extend({
  payment: paymentSummary
    .pick({ id: true, status: true, provider: true, amount: true, captured: true, refunded: true, refundable: true })
    .nullable()
    .meta({ description: 'null: nothing was to be paid. All of it: GET /v1/payments/:id.' }),
  fulfilments: z
    .array(
      z.object({
        id: idOf('ful'),
        status: fulfilmentStatus,
        locationId: idOf('loc'),
        carrier: z.string().nullable(),
        trackingNumbers: z.array(z.string()),
        trackingUrl: z.string().nullable(),
      }),
    )
    .meta({ description: 'The first one first. All of one: GET /v1/fulfilments/:id.' }),
});
export type OrderWorkView = z.input<typeof orderWorkView>;

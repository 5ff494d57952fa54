import { z } from 'zod';
import { moneyView } from '../../kernel/money.ts';
import { shopperOrderView } from '../orders/orders.contract.ts';
import { PAYMENT_PROVIDERS } from '../payments/payment-providers.contract.ts';
import { shopperPaymentView } from '../payments/payments.contract.ts';

const URL_LENGTH_MAX = 2_000;

/** What a shopper says when they order. */
export const newCheckout = z.strictObject({
  paymentProvider: z
    .enum(PAYMENT_PROVIDERS)
    .optional()
    .meta({ description: 'How it is paid. Not needed when nothing is to be paid.' }),
  returnUrl: z.string().trim().max(URL_LENGTH_MAX).optional().meta({
    description:
      'Where the browser goes after paying. Required for providers with a page of their own, not needed for manual. https (http for localhost), and one of the origins of the shop (settings storefront.url and storefront.allowedOrigins) as soon as it has named any.',
    example: 'https://shop.example.com/thanks',
  }),
  expectedTotal: moneyView.meta({ description: 'The total the shopper was shown. Another one is 409 total_changed.' }),
});
export type NewCheckout = z.infer<typeof newCheckout>;

/** The order that was placed and what is to be done to pay it. */
export const checkoutView = z.object({
  order: shopperOrderView.extend({
    token: z
      .string()
      .meta({ description: 'Opens the order to whoever is not logged in: X-Order-Token. Shown here only.' }),
  }),
  payment: shopperPaymentView.nullable().meta({ description: 'null: nothing is to be paid.' }),
});
export type CheckoutView = z.input<typeof checkoutView>;

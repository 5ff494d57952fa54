import { z } from 'zod';
import { currencyCode } from '../../kernel/money.ts';
import { pageOf } from '../../kernel/page.ts';
import { PAYMENT_PROVIDERS } from './payment-providers.contract.ts';

export const paymentOptionsQuery = z.strictObject({
  currency: currencyCode.optional().meta({ description: "What is to be paid in. Left out: the shop's own currency." }),
});
export type PaymentOptionsQuery = z.infer<typeof paymentOptionsQuery>;

/** A way to pay, as a checkout page offers it. */
export const paymentOptionView = z.object({
  provider: z.enum(PAYMENT_PROVIDERS).meta({ description: 'Sent as paymentProvider at checkout.' }),
  name: z.string(),
  kind: z.enum(['redirect', 'transfer', 'cash_on_delivery']).meta({
    description:
      "redirect: the shopper pays on the provider's page, and checkout needs a returnUrl; transfer: the order waits for its money; cash_on_delivery: it is paid at the door.",
  }),
  instructions: z.string().nullable().meta({ description: 'What a shopper who pays without a provider is told.' }),
});
export type PaymentOptionView = z.infer<typeof paymentOptionView>;
export const paymentOptionsPage = pageOf(paymentOptionView);

import { getCompany } from '../../company/companies/companies.service.ts';
import { patchSettings } from '../../company/settings/settings.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { newDiscount } from '../../pricing/discounts/discounts.contract.ts';
import { createDiscount } from '../../pricing/discounts/discounts.service.ts';
import { listShippingOptions, updateShippingOption } from '../../pricing/shipping/options.service.ts';
import { listPaymentProviders, setUpPaymentProvider } from '../../sales/payments/payment-providers.service.ts';

/** Currencies the simulated Paystack takes, as the real one does. */
const PAYSTACK_CURRENCIES = ['GHS', 'KES', 'NGN', 'USD', 'ZAR'];
const TEN_PERCENT_PPM = 100_000;
const INSTRUCTIONS =
  'Transfer the total to Demo Bank, account 0123456789, and name the number of your order. (A demonstration: there is no such account, and no money moves.)';

/** What a demo company needs to sell besides goods. */
export interface DemoShop {
  /** What delivery costs, minor units of the company's currency. */
  readonly delivery: number;
  readonly code: string;
}

/**
 * Opens a demo company's shop, unless it is open: ways to be paid, a price of delivery, a discount code. The key of
 * Paystack is no secret: the simulator takes any of this form, and the real one takes none of them.
 */
export async function openDemoShop(ctx: Ctx, { delivery, code }: DemoShop): Promise<void> {
  const { data: providers } = await listPaymentProviders(ctx);
  if (providers.some(({ isConfigured }) => isConfigured)) return;
  const { currency, mode } = await getCompany(ctx);
  await setUpPaymentProvider(ctx, 'manual', {});
  await patchSettings(ctx, 'payment', { manualInstructions: INSTRUCTIONS });
  if (PAYSTACK_CURRENCIES.includes(currency))
    await setUpPaymentProvider(ctx, 'paystack', { secretKey: `sk_${mode}_simulated${ctx.companyId.slice(-16)}` });
  const { data: options } = await listShippingOptions(ctx, { limit: 1 });
  for (const { id } of options)
    await updateShippingOption(ctx, id, { rates: [{ from: 0, price: { amount: delivery, currency } }] });
  const welcome = { title: 'Welcome', method: 'code', kind: 'percentage', percentPpm: TEN_PERCENT_PPM, codes: [code] };
  await createDiscount(ctx, newDiscount.parse(welcome));
}

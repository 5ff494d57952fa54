import { getCompany } from '../../company/companies/companies.service.ts';
import { getSettings } from '../../company/settings/settings.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Page } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import type { Chargeable } from './payment-means.service.ts';
import type { PaymentOptionsQuery, PaymentOptionView } from './payment-options.contract.ts';
import type { PaymentProvider } from './payment-providers.contract.ts';
import { paymentProviders } from './payment-providers.schema.ts';
import { PROVIDER_NAMES } from './payment-providers.service.ts';

/**
 * The ways a shopper can pay in a currency: what the company has set up, and of that what takes the currency. Empty: there
 * is none, and only an order of nothing can be placed.
 */
export async function listPaymentOptions(
  ctx: Ctx,
  chargeable: Chargeable,
  { currency: asked }: PaymentOptionsQuery,
): Promise<Page<PaymentOptionView>> {
  const [currency, { manualKind, manualInstructions }, rows] = await Promise.all([
    asked ?? getCompany(ctx).then((company) => company.currency),
    getSettings(ctx, 'payment'),
    ctx.tx
      .select({ provider: paymentProviders.provider })
      .from(paymentProviders)
      .where(mine(ctx, paymentProviders))
      .orderBy(paymentProviders.provider),
  ]);
  const takes = (provider: PaymentProvider) => chargeable.get(provider)?.includes(currency) ?? provider === 'manual';
  const data = rows
    .filter(({ provider }) => takes(provider))
    .map(({ provider }): PaymentOptionView => {
      if (provider !== 'manual')
        return { provider, name: PROVIDER_NAMES[provider], kind: 'redirect', instructions: null };
      const name = manualKind === 'transfer' ? PROVIDER_NAMES.manual : CASH;
      return { provider, name, kind: manualKind, instructions: manualInstructions || null };
    });
  return { data, page: { hasMore: false, next: null } };
}

const CASH = 'Cash on delivery';

import { sql } from 'drizzle-orm';
import { getSettings } from '../../company/settings/settings.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Currency } from '../../kernel/money.ts';
import type { GatewayCredentials, Gateways } from './gateway.ts';
import type { PaymentProvider } from './payment-providers.contract.ts';
import { secretKeyOf } from './payment-providers.service.ts';
import { ProviderNotSetUp } from './payments.errors.ts';

/** Currencies by provider; one that is missing (`manual`) takes any. */
export type Chargeable = ReadonlyMap<PaymentProvider, readonly Currency[]>;

/** What the gateways of this deployment can charge, as plain data for services. */
export const chargeableBy = (gateways: Gateways): Chargeable =>
  new Map([...gateways].map(([provider, { currencies }]) => [provider, currencies]));

type Means = { mode: 'live' | 'test'; providers: PaymentProvider[] } & Record<string, unknown>;

/**
 * What the provider's adapter acts with for this company. Never part of an answer, an event or a log. `mode`, where the
 * caller knows it: of an attempt. Throws `ProviderNotSetUp`. One statement, two without the mode.
 */
export async function credentialsOf(
  ctx: Ctx,
  provider: PaymentProvider,
  mode?: 'live' | 'test',
): Promise<GatewayCredentials> {
  const secretKey = await secretKeyOf(ctx, provider);
  if (secretKey !== undefined && mode) return { secretKey, mode };
  const means = await meansOf(ctx);
  if (secretKey === undefined) throw new ProviderNotSetUp(provider, means.providers);
  return { secretKey, mode: means.mode };
}

/** What a shopper who pays without a provider is told; null: nothing. */
export async function manualInstructions(ctx: Ctx): Promise<string | null> {
  const { manualInstructions: words } = await getSettings(ctx, 'payment');
  return words === '' ? null : words;
}

async function meansOf(ctx: Ctx): Promise<Means> {
  const [means] = await ctx.tx.execute<Means>(sql`select c.mode,
      array(select p.provider from payment_providers p where p.company_id = c.company_id order by p.provider) as providers
    from companies c where c.company_id = ${ctx.companyId}`);
  if (!means) throw new NotFound('company');
  return means;
}

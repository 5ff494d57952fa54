import { eq, gt, isNull, or, sql } from 'drizzle-orm';
import { getSettings } from '../../company/settings/settings.service.ts';
import { apiKeys } from '../../identity/api-keys/api-keys.schema.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { mine } from '../../kernel/tables.ts';
import { listPaymentProviders } from '../../sales/payments/payment-providers.service.ts';
import type { ChecklistView } from './checklist.contract.ts';

type Step = ChecklistView['steps'][number];

/** What a company still has to do before it can sell, in the order that makes sense. Later modules add their steps. */
export async function setupChecklist(ctx: Ctx): Promise<ChecklistView> {
  const steps: Step[] = [await storefrontKey(ctx), await storefrontUrl(ctx), await paymentProvider(ctx)];
  return { isReady: steps.every(({ isDone }) => isDone), steps };
}

const isInTime = or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, sql`now()`));

async function storefrontKey(ctx: Ctx): Promise<Step> {
  const [key] = await ctx.tx
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(mine(ctx, apiKeys, eq(apiKeys.type, 'publishable'), isNull(apiKeys.revokedAt), isInTime))
    .limit(1);
  return {
    key: 'storefront_key',
    title: 'Give your storefront an API key',
    isDone: key !== undefined,
    request: 'POST /v1/api-keys',
  };
}

async function storefrontUrl(ctx: Ctx): Promise<Step> {
  const { url } = await getSettings(ctx, 'storefront');
  return {
    key: 'storefront_url',
    title: 'Say where your storefront lives',
    isDone: url !== null,
    request: 'PATCH /v1/settings/storefront',
  };
}

async function paymentProvider(ctx: Ctx): Promise<Step> {
  const { data } = await listPaymentProviders(ctx);
  const isDone = data.some(({ isConfigured }) => isConfigured);
  return {
    key: 'payment_provider',
    title: 'Choose how shoppers pay',
    isDone,
    request: 'PUT /v1/payment-providers/:provider',
  };
}

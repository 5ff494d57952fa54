import { and, eq, gt, isNull, lte, ne, or, sql } from 'drizzle-orm';
import { productAvailability } from '../../catalog/inventory/inventory.schema.ts';
import { listingPrices } from '../../catalog/prices/prices.schema.ts';
import { products } from '../../catalog/products/products.schema.ts';
import { getCompany } from '../../company/companies/companies.service.ts';
import { getSettings } from '../../company/settings/settings.service.ts';
import { apiKeys } from '../../identity/api-keys/api-keys.schema.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { mine } from '../../kernel/tables.ts';
import { shippingOptions, shippingRates } from '../../pricing/shipping/shipping.schema.ts';
import { listPaymentProviders } from '../../sales/payments/payment-providers.service.ts';
import type { ChecklistView } from './checklist.contract.ts';

type Step = ChecklistView['steps'][number];

/** What a company still has to do before it can sell, in the order that makes sense. Later modules add their steps. */
export async function setupChecklist(ctx: Ctx): Promise<ChecklistView> {
  const steps: Step[] = [
    ...(await goods(ctx)),
    await storefrontKey(ctx),
    await storefrontUrl(ctx),
    await shipping(ctx),
    await paymentProvider(ctx),
  ];
  return { isReady: steps.every(({ isDone }) => isDone), steps };
}

/** Something to buy: shown, with a price in the company's own currency, and to be had. */
async function goods(ctx: Ctx): Promise<Step[]> {
  const { currency } = await getCompany(ctx);
  const isShown = and(
    eq(products.status, 'active'),
    ne(products.kind, 'gift'),
    lte(products.publishedAt, sql`now()`),
    or(isNull(products.unpublishAt), gt(products.unpublishAt, sql`now()`)),
  );
  const isPriced = and(
    eq(listingPrices.companyId, products.companyId),
    eq(listingPrices.productId, products.id),
    eq(listingPrices.currency, currency),
    lte(listingPrices.validFrom, sql`now()`),
    gt(listingPrices.validUntil, sql`now()`),
  );
  const onSale = () =>
    ctx.tx
      .select({ id: products.id })
      .from(products)
      .innerJoin(listingPrices, isPriced)
      .where(mine(ctx, products, isShown))
      .$dynamic();
  const isAvailable = and(
    eq(productAvailability.companyId, products.companyId),
    eq(productAvailability.productId, products.id),
    productAvailability.isAvailable,
  );
  const [priced] = await onSale().limit(1);
  const [available] = priced ? await onSale().innerJoin(productAvailability, isAvailable).limit(1) : [];
  return [
    {
      key: 'product',
      title: `Publish a product with a price in ${currency}`,
      isDone: priced !== undefined,
      request: 'POST /v1/products, or POST /v1/product-imports for a whole catalogue',
    },
    {
      key: 'stock',
      title: 'Say how many there are',
      isDone: available !== undefined,
      request: 'POST /v1/stock-adjustments',
    },
  ];
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

async function shipping(ctx: Ctx): Promise<Step> {
  const isPriced = and(
    eq(shippingRates.companyId, shippingOptions.companyId),
    eq(shippingRates.optionId, shippingOptions.id),
  );
  const [option] = await ctx.tx
    .select({ id: shippingOptions.id })
    .from(shippingOptions)
    .innerJoin(shippingRates, isPriced)
    .where(mine(ctx, shippingOptions, eq(shippingOptions.isActive, true)))
    .limit(1);
  return {
    key: 'shipping',
    title: 'Say where you ship and what it costs',
    isDone: option !== undefined,
    request: 'POST /v1/shipping-zones, then POST /v1/shipping-options',
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

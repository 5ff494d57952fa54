import { and, eq, gt, isNull, lte, ne, or, sql } from 'drizzle-orm';
import { productAvailability } from '../../catalog/inventory/inventory.schema.ts';
import { listingPrices } from '../../catalog/prices/prices.schema.ts';
import { products } from '../../catalog/products/products.schema.ts';
import type { CompanyView } from '../../company/companies/companies.contract.ts';
import { getCompany } from '../../company/companies/companies.service.ts';
import { getSettings } from '../../company/settings/settings.service.ts';
import { apiKeys } from '../../identity/api-keys/api-keys.schema.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { mine } from '../../kernel/tables.ts';
import { FIRST_OPTION_NAME } from '../../pricing/shipping/first-shipping.service.ts';
import { shippingOptions, shippingRates } from '../../pricing/shipping/shipping.schema.ts';
import { listTaxRates } from '../../pricing/tax/tax-rates.service.ts';
import type { Chargeable } from '../../sales/payments/payment-means.service.ts';
import type { PaymentProvider } from '../../sales/payments/payment-providers.contract.ts';
import { listPaymentProviders } from '../../sales/payments/payment-providers.service.ts';
import type { ChecklistView } from './checklist.contract.ts';

type Step = ChecklistView['steps'][number];

const PPM_OF_PERCENT = 10_000;

/**
 * What a company still has to do before it can sell, in the order that makes sense. Later modules add their steps.
 * `chargeable`: what the providers of this deployment can charge.
 */
export async function setupChecklist(ctx: Ctx, chargeable: Chargeable): Promise<ChecklistView> {
  const company = await getCompany(ctx);
  const steps: Step[] = [
    ...(await goods(ctx, company)),
    await storefrontKey(ctx),
    await storefrontUrl(ctx),
    await shipping(ctx),
    await tax(ctx, company),
    await paymentProvider(ctx, company, chargeable),
  ];
  return { isReady: steps.every(({ isDone }) => isDone), steps };
}

/** Something to buy: shown, with a price in the company's own currency, and to be had. */
async function goods(ctx: Ctx, { currency }: CompanyView): Promise<Step[]> {
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
      note: null,
    },
    {
      key: 'stock',
      title: 'Say how many there are',
      isDone: available !== undefined,
      request: 'POST /v1/stock-adjustments',
      note: null,
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
    note: null,
  };
}

async function storefrontUrl(ctx: Ctx): Promise<Step> {
  const { url } = await getSettings(ctx, 'storefront');
  return {
    key: 'storefront_url',
    title: 'Say where your storefront lives',
    isDone: url !== null,
    request: 'PATCH /v1/settings/storefront',
    note:
      url === null
        ? null
        : 'Links in mails lead to pages of your shop: /account/verify, /account/reset-password and /account/order. docs/checkout.md says what each has to do.',
  };
}

async function shipping(ctx: Ctx): Promise<Step> {
  const isPriced = and(
    eq(shippingRates.companyId, shippingOptions.companyId),
    eq(shippingRates.optionId, shippingOptions.id),
  );
  // The one that registration made comes last.
  const isUntouched = sql<boolean>`${shippingOptions.version} = 1 and ${shippingOptions.name} = ${FIRST_OPTION_NAME} and ${shippingRates.amount} = 0`;
  const [option] = await ctx.tx
    .select({ id: shippingOptions.id, isUntouched })
    .from(shippingOptions)
    .innerJoin(shippingRates, isPriced)
    .where(mine(ctx, shippingOptions, eq(shippingOptions.isActive, true)))
    .orderBy(isUntouched)
    .limit(1);
  const step = { key: 'shipping', title: 'Say where you ship and what it costs' };
  if (!option?.isUntouched)
    return {
      ...step,
      isDone: option !== undefined,
      request: 'POST /v1/shipping-zones, then POST /v1/shipping-options',
      note: null,
    };
  return {
    ...step,
    isDone: false,
    request: `PATCH /v1/shipping-options/${option.id}`,
    note: `Registration made "${FIRST_OPTION_NAME}" for your own country, which costs nothing. Say what it costs; if it is to stay free, send {"isActive": true}.`,
  };
}

/** Nothing has to be done to sell: this tells what is charged, for registration decided it. */
async function tax(ctx: Ctx, { country }: CompanyView): Promise<Step> {
  const { data } = await listTaxRates(ctx, { limit: 100, country });
  const rate = data.find(({ isActive, region, taxCategory }) => isActive && region === null && taxCategory === null);
  const { pricesIncludeTax } = await getSettings(ctx, 'tax');
  const prices = pricesIncludeTax ? 'Your prices include it' : 'It is added to your prices';
  return {
    key: 'tax',
    title: 'Look whether the tax is right',
    isDone: true,
    request: rate ? `PATCH /v1/tax-rates/${rate.id}` : 'POST /v1/tax-rates',
    note: rate
      ? `${rate.name} of ${rate.ratePpm / PPM_OF_PERCENT} % is charged on goods that go to ${country}; registration makes the standard rate of the country. ${prices} (settings tax.pricesIncludeTax).`
      : `No tax is charged on goods that go to ${country}.`,
  };
}

async function paymentProvider(ctx: Ctx, { currency }: CompanyView, chargeable: Chargeable): Promise<Step> {
  const [{ data }, payment] = [await listPaymentProviders(ctx), await getSettings(ctx, 'payment')];
  const takes = (one: PaymentProvider) => chargeable.get(one)?.includes(currency) ?? one === 'manual';
  const setUp = data.filter(({ isConfigured }) => isConfigured);
  const able = setUp.filter(({ provider }) => takes(provider));
  const isSpeechless = payment.manualKind === 'transfer' && payment.manualInstructions === '';
  const isMute = able.some(({ provider }) => provider === 'manual') && isSpeechless;
  const possible = data.filter(({ provider }) => takes(provider)).map(({ provider }) => provider);
  const isDone = able.length > (isMute ? 1 : 0);
  const idle = setUp.length > able.length ? 'What is set up does not take it. ' : '';
  const wayToPay = `${idle}For ${currency} there is: ${possible.join(', ')}.`;
  const words = 'Shoppers who pay by transfer are told nothing yet: say where the money goes in manualInstructions.';
  return {
    key: 'payment_provider',
    title: `Choose how shoppers pay in ${currency}`,
    isDone,
    request: isMute ? 'PATCH /v1/settings/payment' : 'PUT /v1/payment-providers/:provider',
    note: isMute ? words : isDone ? null : wayToPay,
  };
}

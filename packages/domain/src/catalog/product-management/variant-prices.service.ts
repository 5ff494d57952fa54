import { eq, isNull } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { type FieldFault, NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { mine } from '../../kernel/tables.ts';
import { foldKey } from '../../kernel/text.ts';
import { priceInForce } from '../prices/current-price.ts';
import type { PriceDraft } from '../prices/price-draft.ts';
import { priceFaults, samePrices } from '../prices/price-rules.ts';
import { readPrices } from '../prices/prices.service.ts';
import type { StoredProduct } from '../products/product-draft.ts';
import { lockProducts, variantsBySku } from '../products/product-reader.service.ts';
import { refusalOf } from '../products/products.errors.ts';
import { productVariants } from '../products/variants.schema.ts';
import { priceOf } from './product-forms.ts';
import { NOTED_ONE_BY_ONE_MAX, saveProducts } from './product-save.service.ts';
import type { ProductSave } from './product-save.ts';
import { priceViewOf } from './product-snapshot.ts';
import type {
  PriceUpdates,
  PriceUpdatesOutcome,
  VariantPricesInput,
  VariantPricesView,
} from './variant-prices.contract.ts';

type VariantId = Id<'var'>;
type Prices = readonly PriceDraft[];
type Faults = readonly [FieldFault, ...FieldFault[]];

/** The prices of a variant that is for sale. Throws `NotFound`. */
export async function getVariantPrices(ctx: Ctx, variantId: VariantId): Promise<VariantPricesView> {
  const { tx } = ctx;
  const { id, productId, sku, archivedAt } = productVariants;
  const [variant] = await tx
    .select({ productId, sku })
    .from(productVariants)
    .where(mine(ctx, productVariants, eq(id, variantId), isNull(archivedAt)));
  if (!variant) throw new NotFound('variant');
  const prices = (await readPrices(ctx, [variantId])).get(variantId) ?? [];
  const now = ctx.now.toISOString();
  const current = new Set([...byCurrency(prices).values()].map((ofCurrency) => priceInForce(ofCurrency, now)));
  return {
    variantId,
    ...variant,
    prices: prices.map((price) => ({ ...priceViewOf(price), isCurrent: current.has(price) })),
  };
}

/** Sets all prices of a variant. Saves its product: a new version, an event, a note. Throws `NotFound`, `InvalidInput`. */
export async function setVariantPrices(
  ctx: Ctx,
  variantId: VariantId,
  input: VariantPricesInput,
): Promise<VariantPricesView> {
  const { productId } = await getVariantPrices(ctx, variantId);
  const prices = input.prices.map(priceOf);
  const [first, ...others] = priceFaults(prices, '/prices');
  if (first) throw refusalOf([first, ...others]);
  const product = (await lockProducts(ctx, [productId])).get(productId);
  if (!product?.variants.some(({ id }) => id === variantId)) throw new NotFound('variant');
  const [saved] = await saveProducts(ctx, [saveOf(product, new Map([[variantId, prices]]))]);
  if (saved?.outcome === 'refused') throw refusalOf(saved.faults);
  return getVariantPrices(ctx, variantId);
}

/** What became of one row of an update before it was saved. */
type Row = { sku: string } & (
  | { faults: Faults }
  | { productId: Id<'prod'>; variantId: VariantId; prices: Prices; isSame: boolean }
);

/**
 * Sets prices by SKU, in the currencies that each row names: rows that make no sense are refused one by one, the others
 * saved. Of the rows from `from` up to (not including) `to` only. A number of statements that does not depend on how many
 * they are.
 */
export async function updatePrices(
  ctx: Ctx,
  { updates }: PriceUpdates,
  from = 0,
  to = updates.length,
): Promise<PriceUpdatesOutcome> {
  const share = updates.slice(from, to);
  const found = await variantsBySku(
    ctx,
    share.map(({ sku }) => sku),
  );
  const variants = [...found.values()];
  const products = await lockProducts(
    ctx,
    variants.map(({ productId }) => productId),
  );
  const before = await readPrices(
    ctx,
    variants.map(({ variantId }) => variantId),
  );
  const firstPlaces = placesOf(updates);
  const rows = share.map(({ sku, prices }, place): Row => {
    const at = from + place;
    const key = foldKey(sku);
    const variant = found.get(key);
    const isForSale = variant && products.get(variant.productId)?.variants.some(({ id }) => id === variant.variantId);
    if (!variant || !isForSale) return { sku, faults: [unknownSku(at)] };
    if (firstPlaces.get(key) !== at) return { sku, faults: [skuTwice(at)] };
    const drafts = prices.map(priceOf);
    const [first, ...others] = priceFaults(drafts, `/updates/${at}/prices`);
    if (first) return { sku, faults: [first, ...others] };
    const there = before.get(variant.variantId) ?? [];
    const named = new Set(drafts.map(({ currency }) => currency));
    const wanted = [...there.filter(({ currency }) => !named.has(currency)), ...drafts];
    return { sku, ...variant, prices: wanted, isSame: samePrices(there, wanted) };
  });
  return outcomeOf(rows, await saveRows(ctx, rows, products));
}

/** Where each SKU stands first. */
function placesOf(updates: PriceUpdates['updates']): Map<string, number> {
  const places = new Map<string, number>();
  for (const [at, { sku }] of updates.entries()) {
    const key = foldKey(sku);
    if (!places.has(key)) places.set(key, at);
  }
  return places;
}

/** Saves the products of the rows that change something; gives the refused ones with the reasons. */
async function saveRows(
  ctx: Ctx,
  rows: readonly Row[],
  products: ReadonlyMap<Id<'prod'>, StoredProduct>,
): Promise<Map<Id<'prod'>, Faults>> {
  const changes = new Map<Id<'prod'>, Map<VariantId, Prices>>();
  for (const row of rows) {
    if ('faults' in row || row.isSame) continue;
    const ofProduct = changes.get(row.productId) ?? new Map<VariantId, Prices>();
    changes.set(row.productId, ofProduct.set(row.variantId, row.prices));
  }
  const saves = [...changes].flatMap(([productId, prices]) => {
    const product = products.get(productId);
    return product ? [saveOf(product, prices)] : [];
  });
  if (saves.length === 0) return new Map();
  const saved = await saveProducts(ctx, saves);
  if (saves.length > NOTED_ONE_BY_ONE_MAX) {
    const after = { products: saves.length, rows: rows.length };
    ctx.audit({ action: 'prices.updated', entity: { type: 'company', id: ctx.companyId }, after });
  }
  const refusals = new Map<Id<'prod'>, Faults>();
  for (const [at, productId] of [...changes.keys()].entries()) {
    const one = saved[at];
    if (one?.outcome === 'refused') refusals.set(productId, one.faults);
  }
  return refusals;
}

function outcomeOf(rows: readonly Row[], refusals: ReadonlyMap<Id<'prod'>, Faults>): PriceUpdatesOutcome {
  const results = rows.map((row): PriceUpdatesOutcome['results'][number] => {
    const { sku } = row;
    if ('faults' in row) return { sku, outcome: 'refused', errors: [...row.faults] };
    if (row.isSame) return { sku, outcome: 'unchanged' };
    const faults = refusals.get(row.productId);
    return faults ? { sku, outcome: 'refused', errors: [...faults] } : { sku, outcome: 'updated' };
  });
  const countOf = (outcome: string) => results.filter((result) => result.outcome === outcome).length;
  return { updated: countOf('updated'), unchanged: countOf('unchanged'), refused: countOf('refused'), results };
}

/** The product as it is, with other prices for some of its variants. */
const saveOf = (product: StoredProduct, prices: ReadonlyMap<VariantId, Prices>): ProductSave => ({
  id: product.id,
  draft: product,
  submittedById: product.submittedById,
  rejectionReason: product.rejectionReason,
  prices: product.variants.map(({ id }) => prices.get(id)),
});

function byCurrency(prices: Prices): Map<Currency, PriceDraft[]> {
  const found = new Map<Currency, PriceDraft[]>();
  for (const price of prices) {
    const ofCurrency = found.get(price.currency);
    if (ofCurrency) ofCurrency.push(price);
    else found.set(price.currency, [price]);
  }
  return found;
}

const unknownSku = (at: number): FieldFault => ({
  pointer: `/updates/${at}/sku`,
  code: 'unknown_sku',
  message: 'No variant for sale has this SKU. GET /v1/products?q= finds products by SKU.',
});

const skuTwice = (at: number): FieldFault => ({
  pointer: `/updates/${at}/sku`,
  code: 'sku_twice',
  message: 'This SKU stands further up already. Name all its prices in one row.',
});

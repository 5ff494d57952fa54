import { count, eq, isNull } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type FieldFault, NotFound, VersionStale } from '../../kernel/errors.ts';
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
import { products } from '../products/products.schema.ts';
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
    .select({ productId, sku, version: products.version })
    .from(productVariants)
    .innerJoin(products, mine(ctx, products, eq(products.id, productId)))
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

/**
 * Sets all prices of a variant. Saves its product: a new version, an event, a note. Throws `NotFound`, `InvalidInput`,
 * `VersionStale`.
 */
export async function setVariantPrices(
  ctx: Ctx,
  variantId: VariantId,
  input: VariantPricesInput,
  expectedVersion?: number,
): Promise<VariantPricesView> {
  const { productId } = await getVariantPrices(ctx, variantId);
  const prices = input.prices.map(priceOf);
  const [first, ...others] = priceFaults(prices, '/prices');
  if (first) throw refusalOf([first, ...others]);
  const product = (await lockProducts(ctx, [productId])).get(productId);
  if (!product?.variants.some(({ id }) => id === variantId)) throw new NotFound('variant');
  if (expectedVersion !== undefined && expectedVersion !== product.version)
    throw new VersionStale('product', product.version);
  const [saved] = await saveProducts(ctx, [saveOf(product, new Map([[variantId, prices]]))]);
  if (saved?.outcome === 'refused') {
    const [fault, ...more] = saved.faults.map(placeInPrices);
    if (fault) throw refusalOf([fault, ...more]);
  }
  return getVariantPrices(ctx, variantId);
}

/** A fault of the product's draft, where the form has the prices of one variant only. */
const placeInPrices = (fault: FieldFault): FieldFault => ({
  ...fault,
  pointer: fault.pointer.replace(/^\/variants\/\d+\/prices/, '/prices'),
});

/** What became of one row of an update before it was saved. */
type Row = { sku: string } & (
  | { faults: Faults }
  | { productId: Id<'prod'>; variantId: VariantId; prices: Prices; isSame: boolean }
);

/** Rows saved in one transaction, which may take seconds only. */
const ROWS_AT_ONCE = 200;
/** Variants of the products that are saved in one transaction: a product is saved as a whole. */
const VARIANTS_AT_ONCE = 5_000;

/**
 * Cuts rows into shares that one transaction can hold, as lists of their places. Rows of one product stand together, so
 * that it is saved once (or a few times, if they are more than a share).
 */
export async function sharesOf(ctx: Ctx, { updates }: PriceUpdates): Promise<number[][]> {
  const found = await variantsBySku(
    ctx,
    updates.map(({ sku }) => sku),
  );
  const sizes = await variantCounts(
    ctx,
    [...found.values()].map(({ productId }) => productId),
  );
  const rows = updates.map(({ sku }, place) => ({ place, productId: found.get(foldKey(sku))?.productId ?? '' }));
  rows.sort((a, b) => (a.productId === b.productId ? a.place - b.place : a.productId < b.productId ? -1 : 1));
  const shares: number[][] = [];
  let [share, size, last]: [number[], number, string | undefined] = [[], 0, undefined];
  for (const { place, productId } of rows) {
    const more = productId === last ? 0 : (sizes.get(productId) ?? 0);
    if (share.length >= ROWS_AT_ONCE || (share.length > 0 && size + more > VARIANTS_AT_ONCE)) {
      shares.push(share);
      [share, size] = [[], 0];
    }
    size += share.length === 0 ? (sizes.get(productId) ?? 0) : more;
    share.push(place);
    last = productId;
  }
  return [...shares, share];
}

async function variantCounts(ctx: Ctx, ids: readonly Id<'prod'>[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const { productId, archivedAt } = productVariants;
  const rows = await ctx.tx
    .select({ productId, size: count() })
    .from(productVariants)
    .where(mine(ctx, productVariants, isAnyOf(productId, new Set(ids)), isNull(archivedAt)))
    .groupBy(productId);
  return new Map(rows.map((row) => [row.productId, row.size]));
}

export type PriceUpdateResult = PriceUpdatesOutcome['results'][number];

/**
 * Sets prices by SKU, in the currencies that each row names: rows that make no sense are refused one by one, the others
 * saved. Of the rows at these places only, in whose order the answers stand. A number of statements that does not depend
 * on how many they are.
 */
export async function updatePrices(
  ctx: Ctx,
  { updates }: PriceUpdates,
  places: readonly number[],
): Promise<PriceUpdateResult[]> {
  const share = places.flatMap((at) => {
    const update = updates[at];
    return update ? [{ ...update, at }] : [];
  });
  const found = await variantsBySku(
    ctx,
    share.map(({ sku }) => sku),
  );
  const variants = [...found.values()];
  const stored = await lockProducts(
    ctx,
    variants.map(({ productId }) => productId),
  );
  const before = await readPrices(
    ctx,
    variants.map(({ variantId }) => variantId),
  );
  const firstPlaces = placesOf(updates);
  const rows = share.map(({ sku, prices, at }): Row => {
    const key = foldKey(sku);
    const variant = found.get(key);
    const isForSale = variant && stored.get(variant.productId)?.variants.some(({ id }) => id === variant.variantId);
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
  return outcomesOf(rows, await saveRows(ctx, rows, stored));
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
  stored: ReadonlyMap<Id<'prod'>, StoredProduct>,
): Promise<Map<Id<'prod'>, Faults>> {
  const changes = new Map<Id<'prod'>, Map<VariantId, Prices>>();
  for (const row of rows) {
    if ('faults' in row || row.isSame) continue;
    const ofProduct = changes.get(row.productId) ?? new Map<VariantId, Prices>();
    changes.set(row.productId, ofProduct.set(row.variantId, row.prices));
  }
  const saves = [...changes].flatMap(([productId, prices]) => {
    const product = stored.get(productId);
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

const outcomesOf = (rows: readonly Row[], refusals: ReadonlyMap<Id<'prod'>, Faults>): PriceUpdateResult[] =>
  rows.map((row) => {
    const { sku } = row;
    if ('faults' in row) return { sku, outcome: 'refused', errors: [...row.faults] };
    if (row.isSame) return { sku, outcome: 'unchanged' };
    const faults = refusals.get(row.productId);
    return faults ? { sku, outcome: 'refused', errors: [...faults] } : { sku, outcome: 'updated' };
  });

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

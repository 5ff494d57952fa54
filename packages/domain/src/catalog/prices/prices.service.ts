import { and, eq, isNull } from 'drizzle-orm';
import { deleteAll, insertAll, isAnyOf, upsertAll } from '../../kernel/bulk-write.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { mine } from '../../kernel/tables.ts';
import { products } from '../products/products.schema.ts';
import { productVariants } from '../products/variants.schema.ts';
import { boundariesOf, type ListingStretch, listingStretches } from './listing-prices.ts';
import type { PriceDraft, PriceWrite } from './price-draft.ts';
import { PRICE_TIMES_PER_PRODUCT_MAX, priceFaults, priceKey } from './price-rules.ts';
import { listingPrices, priceChanges, prices } from './prices.schema.ts';

type VariantId = Id<'var'>;
type ProductId = Id<'prod'>;

interface StoredPrice extends PriceDraft {
  id: Id<'prc'>;
  variantId: VariantId;
}

/** What one batch does to the price rows: those set anew or to another amount, and those that go. */
interface PriceDifference {
  set: (StoredPrice & { isNew: boolean })[];
  removed: StoredPrice[];
}

/**
 * Sets the prices of variants, each variant at most once: rows that are as they should be are not touched, every other
 * one leaves a line in the history, and the listing prices of the products concerned follow. Locks those products. The
 * caller notes it in the audit log, announces it, and sees to collections. Returns how many rows were set or removed.
 * Throws `InvalidInput` (`priceFaults` tells beforehand), `NotFound` for a variant that is not there (any more).
 */
export async function writePrices(ctx: Ctx, writes: readonly PriceWrite[]): Promise<number> {
  let count = 0;
  for (const changed of (await changePrices(ctx, writes)).values()) count += changed;
  return count;
}

/** As `writePrices`; tells the number of rows for each variant that had any change. */
export async function changePrices(ctx: Ctx, writes: readonly PriceWrite[]): Promise<Map<VariantId, number>> {
  if (writes.length === 0) return new Map();
  const wanted = writes.map(inUtc);
  refuseFaults(wanted);
  const productOf = await lockProducts(
    ctx,
    wanted.map(({ variantId }) => variantId),
  );
  const stored = await storedPrices(ctx, [...productOf.keys()]);
  const difference = differenceOf(wanted, stored);
  const changed = new Map<VariantId, number>();
  for (const { variantId } of [...difference.set, ...difference.removed])
    changed.set(variantId, (changed.get(variantId) ?? 0) + 1);
  if (changed.size === 0) return changed;
  await store(ctx, difference);
  const touched = new Set<ProductId>();
  for (const variantId of changed.keys()) touched.add(productOf.get(variantId) as ProductId); // `lockProducts` gave them all
  await refreshListingPrices(ctx, [...touched]);
  return changed;
}

/** The prices of variants, archived ones too, in the order currency, then window. A variant without any has an empty list. */
export async function readPrices(ctx: Ctx, variantIds: readonly VariantId[]): Promise<Map<VariantId, PriceDraft[]>> {
  const found = new Map<VariantId, PriceDraft[]>(variantIds.map((id) => [id, []]));
  if (variantIds.length === 0) return found;
  for (const { id: _id, variantId, ...draft } of await storedPrices(ctx, variantIds)) found.get(variantId)?.push(draft);
  for (const drafts of found.values()) drafts.sort((a, b) => (priceKey(a) < priceKey(b) ? -1 : 1));
  return found;
}

/**
 * Works out anew what products cost in lists. Whoever adds or archives variants without writing prices calls it; the
 * product rows are locked already. Throws `InvalidInput` when they begin and end at too many different times.
 */
export async function refreshListingPrices(ctx: Ctx, productIds: readonly ProductId[]): Promise<void> {
  if (productIds.length === 0) return;
  const living = await livingPrices(ctx, productIds);
  const stored = await ctx.tx
    .select()
    .from(listingPrices)
    .where(mine(ctx, listingPrices, isAnyOf(listingPrices.productId, productIds)));
  const before = new Map(stored.map((row) => [listingKey(row), row]));
  const wanted = [...living.values()].flatMap(({ productId, currency, variants }) => {
    const lists = [...variants.values()];
    if (boundariesOf(lists).length > PRICE_TIMES_PER_PRODUCT_MAX) throw tooManyTimes(currency);
    return listingStretches(lists).map((stretch) => listingRow(productId, currency, stretch));
  });
  const isSame = (row: ListingRow) => {
    const was = before.get(listingKey(row));
    return (
      was !== undefined &&
      was.validUntil === row.validUntil &&
      was.minAmount === row.minAmount &&
      was.maxAmount === row.maxAmount &&
      was.compareAt === row.compareAt
    );
  };
  const kept = new Set(wanted.map(listingKey));
  const gone = stored.filter((row) => !kept.has(listingKey(row)));
  await deleteAll(ctx, listingPrices, ['productId', 'currency', 'validFrom'], gone);
  const isKnown = (row: ListingRow) => before.has(listingKey(row));
  const changed = wanted.filter((row) => isKnown(row) && !isSame(row));
  await upsertAll(ctx, listingPrices, ['productId', 'currency', 'validFrom'], changed);
  await insertAll(
    ctx,
    listingPrices,
    wanted.filter((row) => !isKnown(row)),
  );
}

const tooManyTimes = (currency: Currency) =>
  new InvalidInput({
    pointer: '/prices',
    code: 'too_many_price_times',
    message: `The ${currency} prices of one product begin and end at more than ${PRICE_TIMES_PER_PRODUCT_MAX} different times. Take out those whose time is over, or let sales begin and end together.`,
  });

type ListingRow = Omit<typeof listingPrices.$inferInsert, 'companyId'>;
const listingKey = ({ productId, currency, validFrom }: Pick<ListingRow, 'productId' | 'currency' | 'validFrom'>) =>
  `${productId} ${currency} ${validFrom}`;

const listingRow = (productId: ProductId, currency: Currency, stretch: ListingStretch) => ({
  productId,
  currency,
  validFrom: stretch.validFrom,
  validUntil: stretch.validUntil,
  minAmount: stretch.minAmountMinor,
  maxAmount: stretch.maxAmountMinor,
  compareAt: stretch.compareAtMinor,
});

/** One form for each instant, so that instants compare as text. */
function inUtc(write: PriceWrite): PriceWrite {
  const utc = (instant: Instant | null) => (instant === null ? null : new Date(instant).toISOString());
  const drafts = write.prices.map((draft) => ({
    ...draft,
    validFrom: utc(draft.validFrom),
    validUntil: utc(draft.validUntil),
  }));
  return { ...write, prices: drafts };
}

function refuseFaults(writes: readonly PriceWrite[]): void {
  const variants = new Set(writes.map(({ variantId }) => variantId));
  if (variants.size < writes.length) throw new Error('A variant comes twice in one batch of prices');
  const only = writes.length === 1;
  const [first, ...others] = writes.flatMap(({ prices: drafts, currencies }, at) =>
    priceFaults(drafts, only ? '/prices' : `/${at}/prices`, currencies),
  );
  if (first) throw new InvalidInput(first, ...others);
}

/** Locks the products of variants, in id order; which variant belongs to which. Throws `NotFound`. */
async function lockProducts(ctx: Ctx, variantIds: readonly VariantId[]): Promise<Map<VariantId, ProductId>> {
  // Not joined: on tables nobody has analysed yet the planner walks all products for each variant (5 s for a batch).
  const found = await liveVariants(ctx, variantIds);
  await ctx.tx
    .select({ id: products.id })
    .from(products)
    .where(mine(ctx, products, isAnyOf(products.id, [...new Set(found.map(({ productId }) => productId))].sort())))
    .orderBy(products.id)
    .for('no key update');
  // Again: only what was for sale under the lock counts.
  const rows = await liveVariants(ctx, variantIds);
  if (rows.length < variantIds.length) throw new NotFound('variant');
  return new Map(rows.map(({ variantId, productId }) => [variantId, productId]));
}

const liveVariants = (ctx: Ctx, variantIds: readonly VariantId[]) =>
  ctx.tx
    .select({ variantId: productVariants.id, productId: productVariants.productId })
    .from(productVariants)
    .where(mine(ctx, productVariants, isAnyOf(productVariants.id, variantIds), isNull(productVariants.archivedAt)));

const columns = {
  id: prices.id,
  variantId: prices.variantId,
  currency: prices.currency,
  amountMinor: prices.amount,
  compareAtMinor: prices.compareAt,
  validFrom: prices.validFrom,
  validUntil: prices.validUntil,
};

/** Price lists and quantity steps are the business of a later module: what it writes is not seen here. */
const plain = and(isNull(prices.priceListId), eq(prices.minQuantity, 1));

const storedPrices = (ctx: Ctx, variantIds: readonly VariantId[]): Promise<StoredPrice[]> =>
  ctx.tx
    .select(columns)
    .from(prices)
    .where(mine(ctx, prices, isAnyOf(prices.variantId, variantIds), plain));

interface ProductPrices {
  productId: ProductId;
  currency: Currency;
  variants: Map<VariantId, StoredPrice[]>;
}

/** Prices of the variants that are for sale, together for each product and currency. */
async function livingPrices(ctx: Ctx, productIds: readonly ProductId[]): Promise<Map<string, ProductPrices>> {
  const rows = await ctx.tx
    .select({ productId: productVariants.productId, ...columns })
    .from(prices)
    .innerJoin(
      productVariants,
      mine(ctx, productVariants, eq(productVariants.id, prices.variantId), isNull(productVariants.archivedAt)),
    )
    .where(mine(ctx, prices, isAnyOf(productVariants.productId, productIds), plain));
  const found = new Map<string, ProductPrices>();
  for (const { productId, ...price } of rows) {
    const key = `${productId} ${price.currency}`;
    const entry = found.get(key) ?? { productId, currency: price.currency, variants: new Map() };
    found.set(key, entry);
    const ofVariant = entry.variants.get(price.variantId);
    if (ofVariant) ofVariant.push(price);
    else entry.variants.set(price.variantId, [price]);
  }
  return found;
}

function differenceOf(writes: readonly PriceWrite[], stored: readonly StoredPrice[]): PriceDifference {
  const ofVariant = new Map<VariantId, Map<string, StoredPrice>>(writes.map(({ variantId }) => [variantId, new Map()]));
  for (const price of stored) ofVariant.get(price.variantId)?.set(priceKey(price), price);
  const difference: PriceDifference = { set: [], removed: [] };
  for (const { variantId, prices: drafts, currencies } of writes) {
    const there = ofVariant.get(variantId) ?? new Map<string, StoredPrice>();
    for (const draft of drafts) {
      const was = there.get(priceKey(draft));
      there.delete(priceKey(draft));
      if (was?.amountMinor === draft.amountMinor && was.compareAtMinor === draft.compareAtMinor) continue;
      difference.set.push({ ...draft, variantId, id: was?.id ?? newId('prc'), isNew: was === undefined });
    }
    for (const was of there.values())
      if (!currencies || currencies.includes(was.currency)) difference.removed.push(was);
  }
  return difference;
}

async function store(ctx: Ctx, { set, removed }: PriceDifference): Promise<void> {
  await deleteAll(ctx, prices, ['id'], removed);
  const rowOf = (price: StoredPrice) => ({
    id: price.id,
    variantId: price.variantId,
    currency: price.currency,
    amount: price.amountMinor,
    compareAt: price.compareAtMinor,
    validFrom: price.validFrom,
    validUntil: price.validUntil,
  });
  await upsertAll(ctx, prices, ['id'], set.filter(({ isNew }) => !isNew).map(rowOf));
  await insertAll(ctx, prices, set.filter(({ isNew }) => isNew).map(rowOf));
  const historyOf = (change: 'set' | 'removed') => (price: StoredPrice) => {
    const { id: priceId, ...row } = rowOf(price);
    return { id: newId('pch'), priceId, change, ...row, actorType: ctx.actor.type, actorId: ctx.actor.id };
  };
  // `set` last: at the instant at which a price is replaced by another, the new one is what holds.
  await insertAll(ctx, priceChanges, [...removed.map(historyOf('removed')), ...set.map(historyOf('set'))]);
}

import { isNull } from 'drizzle-orm';
import { deleteAll, insertAll, isAnyOf, upsertAll } from '../../kernel/bulk-write.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { products } from '../products/products.schema.ts';
import { productVariants } from '../products/variants.schema.ts';
import { writeListingPrices } from './listing-prices.service.ts';
import { differenceOf, type PriceDifference, pricesAfter, type StoredPrice } from './price-difference.ts';
import type { PriceDraft, PriceWrite } from './price-draft.ts';
import { storedPrices } from './price-rows.service.ts';
import { priceFaults, priceKey } from './price-rules.ts';
import { priceChanges, prices } from './prices.schema.ts';

type VariantId = Id<'var'>;
type ProductId = Id<'prod'>;

/** Products whose rows are locked. */
export interface LockedGoods {
  /** All their variants that are for sale, with the product they belong to. */
  productOf: ReadonlyMap<VariantId, ProductId>;
  /** Those of the variants that were made in this transaction, and so have no prices yet. */
  isNew: ReadonlySet<VariantId>;
}

export interface PricesWritten {
  /** How many rows were set or removed, of each variant that had any change. */
  changed: ReadonlyMap<VariantId, number>;
  /** What all variants for sale of the products concerned cost now, as `readPrices` gives it. */
  prices: ReadonlyMap<VariantId, readonly PriceDraft[]>;
}

/**
 * Sets the prices of variants, each variant at most once: rows that are as they should be are not touched, every other
 * one leaves a line in the history, and the listing prices of the products concerned follow. Locks those products. The
 * caller notes it in the audit log, announces it, and sees to collections. Returns how many rows were set or removed.
 * Throws `InvalidInput` (`priceFaults` tells beforehand), `NotFound` for a variant that is not there (any more).
 */
export async function writePrices(ctx: Ctx, writes: readonly PriceWrite[]): Promise<number> {
  let count = 0;
  for (const changed of (await changePrices(ctx, writes)).changed.values()) count += changed;
  return count;
}

/** As `writePrices`, and tells what came of it. `goods`: the caller has locked the products and knows their variants. */
export async function changePrices(
  ctx: Ctx,
  writes: readonly PriceWrite[],
  goods?: LockedGoods,
): Promise<PricesWritten> {
  if (writes.length === 0) return { changed: new Map(), prices: new Map() };
  const wanted = writes.map(inUtc);
  refuseFaults(wanted);
  const variantIds = wanted.map(({ variantId }) => variantId);
  const { productOf, isNew } = goods ?? (await lockGoods(ctx, variantIds));
  const ownerOf = (variantId: VariantId) => {
    const productId = productOf.get(variantId);
    if (!productId) throw new NotFound('variant');
    return productId;
  };
  const concerned = new Set(variantIds.map(ownerOf));
  const living = [...productOf.keys()].filter((id) => concerned.has(ownerOf(id)));
  const before = await storedPrices(
    ctx,
    living.filter((id) => !isNew.has(id)),
  );
  const difference = differenceOf(wanted, before);
  const changed = new Map<VariantId, number>();
  for (const { variantId } of [...difference.set, ...difference.removed])
    changed.set(variantId, (changed.get(variantId) ?? 0) + 1);
  const after = pricesAfter(before, difference);
  if (changed.size > 0) {
    await store(ctx, difference);
    const touched = new Set([...changed.keys()].map(ownerOf));
    const listed = after.map((price) => ({ ...price, productId: ownerOf(price.variantId) }));
    await writeListingPrices(
      ctx,
      [...touched],
      listed.filter(({ productId }) => touched.has(productId)),
    );
  }
  return { changed, prices: inOrder(living, after) };
}

/** The prices of variants, archived ones too, in the order currency, then window. A variant without any has an empty list. */
export const readPrices = async (ctx: Ctx, variantIds: readonly VariantId[]): Promise<Map<VariantId, PriceDraft[]>> =>
  inOrder(variantIds, await storedPrices(ctx, variantIds));

function inOrder(variantIds: readonly VariantId[], stored: readonly StoredPrice[]): Map<VariantId, PriceDraft[]> {
  const found = new Map<VariantId, PriceDraft[]>(variantIds.map((id) => [id, []]));
  for (const { variantId, currency, amountMinor, compareAtMinor, validFrom, validUntil } of stored)
    found.get(variantId)?.push({ currency, amountMinor, compareAtMinor, validFrom, validUntil });
  for (const drafts of found.values())
    if (drafts.length > 1) drafts.sort((a, b) => (priceKey(a) < priceKey(b) ? -1 : 1));
  return found;
}

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

/** Locks the products of variants, in id order. A variant that is not for sale (any more) is not in the answer. */
async function lockGoods(ctx: Ctx, variantIds: readonly VariantId[]): Promise<LockedGoods> {
  const { id, productId, archivedAt } = productVariants;
  // Not joined: on tables nobody has analysed yet the planner walks all products for each variant (5 s for a batch).
  const owners = await ctx.tx
    .selectDistinct({ productId })
    .from(productVariants)
    .where(mine(ctx, productVariants, isAnyOf(id, variantIds), isNull(archivedAt)))
    .orderBy(productId);
  const productIds = owners.map((owner) => owner.productId);
  await ctx.tx
    .select({ id: products.id })
    .from(products)
    .where(mine(ctx, products, isAnyOf(products.id, productIds)))
    .orderBy(products.id)
    .for('no key update');
  // Only what is for sale under the lock counts.
  const rows = await ctx.tx
    .select({ id, productId })
    .from(productVariants)
    .where(mine(ctx, productVariants, isAnyOf(productId, productIds), isNull(archivedAt)));
  return { productOf: new Map(rows.map((row) => [row.id, row.productId])), isNew: new Set() };
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

import { and, asc, eq, sql } from 'drizzle-orm';
import { deleteAll, isAnyOf, upsertAll } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type FieldFault, InvalidInput, NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { products } from '../products/products.schema.ts';
import {
  type AddedProducts,
  type CollectionProducts,
  type MembersQuery,
  type MemberView,
  PRODUCTS_PER_REQUEST_MAX,
} from './collections.contract.ts';
import { CollectionFull, WrongKindOfCollection } from './collections.errors.ts';
import { collectionMembers, collections } from './collections.schema.ts';
import { announceUpdate, type CollectionRow, getCollection, lockCollection } from './collections.service.ts';
import { refreshIn, UNPLACED } from './memberships.service.ts';

/** Of a collection chosen by hand: whoever wants more wants rules. */
export const MANUAL_PRODUCTS_MAX = 10_000;

type CollectionId = Id<'col'>;
type ProductId = Id<'prod'>;

/** What is in a collection, in the order chosen by hand; products found by rules stand behind, oldest first. Throws `NotFound`. */
export async function listMembers(
  ctx: Ctx,
  id: CollectionId,
  { limit, after, excluded }: MembersQuery,
): Promise<Page<MemberView>> {
  await getCollection(ctx, id);
  const order = { columns: [collectionMembers.position, collectionMembers.productId], direction: 'asc' } as const;
  const { where, orderBy } = keyset(order, after);
  const isAsked = eq(collectionMembers.isExcluded, excluded === 'true');
  const rows = await ctx.tx
    .select({
      productId: collectionMembers.productId,
      handle: products.handle,
      title: products.title,
      status: products.status,
      position: collectionMembers.position,
      isPinned: collectionMembers.isPinned,
    })
    .from(collectionMembers)
    .innerJoin(products, mine(ctx, products, eq(products.id, collectionMembers.productId)))
    .where(mine(ctx, collectionMembers, eq(collectionMembers.collectionId, id), isAsked, where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(
    rows,
    limit,
    (row) => [row.position, row.productId],
    (row) => ({ ...row, position: row.position === UNPLACED ? null : row.position }),
  );
}

/** Sets what is in a manual collection, in this order. Throws `NotFound`, `InvalidInput`, `WrongKindOfCollection`. */
export async function setProducts(ctx: Ctx, id: CollectionId, { productIds }: CollectionProducts): Promise<number> {
  const collection = await lockBoth(ctx, id, 'manual', productIds);
  return arrange(ctx, collection, await orderOf(ctx, id), productIds);
}

/** Adds products to a manual collection, or moves them within it. As `setProducts`; throws `CollectionFull` as well. */
export async function addProducts(
  ctx: Ctx,
  id: CollectionId,
  { productIds, position }: AddedProducts,
): Promise<number> {
  const collection = await lockBoth(ctx, id, 'manual', productIds);
  const order = await orderOf(ctx, id);
  const there = new Set(order);
  const moved = position === undefined ? productIds.filter((one) => !there.has(one)) : productIds;
  const others = order.filter((one) => !moved.includes(one));
  const at = Math.min(position ?? others.length, others.length);
  return arrange(ctx, collection, order, [...others.slice(0, at), ...moved, ...others.slice(at)]);
}

/** Takes a product out of a manual collection. Throws `NotFound`, also when it is not in it; `WrongKindOfCollection`. */
export async function removeProduct(ctx: Ctx, id: CollectionId, productId: ProductId): Promise<void> {
  const collection = await lockOfKind(ctx, id, 'manual');
  const order = await orderOf(ctx, id);
  if (!order.includes(productId)) throw new NotFound('product in this collection');
  await arrange(
    ctx,
    collection,
    order,
    order.filter((one) => one !== productId),
  );
}

/**
 * Sets which products are always in a collection with rules, before all others and in this order. One that was excluded
 * no longer is. Throws `NotFound`, `InvalidInput`, `WrongKindOfCollection`.
 */
export const setPins = (ctx: Ctx, id: CollectionId, { productIds }: CollectionProducts): Promise<number> =>
  setWord(ctx, id, 'isPinned', productIds);

/** Sets which products are never in a collection with rules, whatever they say. As `setPins`. */
export const setExclusions = (ctx: Ctx, id: CollectionId, { productIds }: CollectionProducts): Promise<number> =>
  setWord(ctx, id, 'isExcluded', productIds);

async function setWord(
  ctx: Ctx,
  id: CollectionId,
  word: 'isPinned' | 'isExcluded',
  productIds: readonly ProductId[],
): Promise<number> {
  const collection = await lockBoth(ctx, id, 'rules', productIds);
  const there = await ctx.tx
    .select({ productId: collectionMembers.productId, position: collectionMembers.position })
    .from(collectionMembers)
    .where(mine(ctx, collectionMembers, and(eq(collectionMembers.collectionId, id), eq(collectionMembers[word], true))))
    .orderBy(asc(collectionMembers.position), asc(collectionMembers.productId));
  const wanted = new Set(productIds);
  const freed = there.filter((row) => !wanted.has(row.productId)).map((row) => row.productId);
  const rows = productIds.map((productId, position) => ({
    collectionId: id,
    productId,
    position: word === 'isPinned' ? position : UNPLACED,
    isPinned: word === 'isPinned',
    isExcluded: word === 'isExcluded',
  }));
  // Without the merchant's word: as if nothing had ever been known of them, then the rules speak.
  const gone = freed.map((productId) => ({ collectionId: id, productId }));
  await deleteAll(ctx, collectionMembers, ['collectionId', 'productId'], gone);
  await upsertAll(ctx, collectionMembers, ['collectionId', 'productId'], rows);
  await refreshIn(ctx, [collection], freed);
  await told(ctx, collection, { [word]: there.map((row) => row.productId) }, { [word]: productIds });
  return productIds.length;
}

/** Writes an order: what is not in it goes, what has another place gets it. Gives the number of products. */
async function arrange(
  ctx: Ctx,
  collection: CollectionRow,
  before: readonly ProductId[],
  order: readonly ProductId[],
): Promise<number> {
  if (order.length > MANUAL_PRODUCTS_MAX) throw new CollectionFull(MANUAL_PRODUCTS_MAX);
  const kept = new Set(order);
  const gone = before.filter((productId) => !kept.has(productId));
  const placeOf = new Map(before.map((productId, position) => [productId, position]));
  const rows = order
    .map((productId, position) => ({ collectionId: collection.id, productId, position }))
    .filter(({ productId, position }) => placeOf.get(productId) !== position);
  if (gone.length + rows.length === 0) return order.length;
  const keys = gone.map((productId) => ({ collectionId: collection.id, productId }));
  await deleteAll(ctx, collectionMembers, ['collectionId', 'productId'], keys);
  await upsertAll(ctx, collectionMembers, ['collectionId', 'productId'], rows);
  const added = order.filter((productId) => !placeOf.has(productId));
  const removed = gone.slice(0, PRODUCTS_PER_REQUEST_MAX);
  await told(ctx, collection, { products: before.length, removed }, { products: order.length, added });
  return order.length;
}

/** The products of a manual collection in their order. Its places have no gaps: `arrange` alone writes them. */
async function orderOf(ctx: Ctx, id: CollectionId): Promise<ProductId[]> {
  const rows = await ctx.tx
    .select({ productId: collectionMembers.productId })
    .from(collectionMembers)
    .where(mine(ctx, collectionMembers, eq(collectionMembers.collectionId, id)))
    .orderBy(asc(collectionMembers.position), asc(collectionMembers.productId));
  return rows.map(({ productId }) => productId);
}

async function lockOfKind(ctx: Ctx, id: CollectionId, kind: 'manual' | 'rules'): Promise<CollectionRow> {
  const collection = await lockCollection(ctx, id);
  if (collection.kind !== kind) throw new WrongKindOfCollection(collection.kind);
  return collection;
}

/** Products are locked before their collection; but that there is no such collection is said first. */
async function lockBoth(
  ctx: Ctx,
  id: CollectionId,
  kind: CollectionRow['kind'],
  productIds: readonly ProductId[],
): Promise<CollectionRow> {
  await getCollection(ctx, id);
  await lockKnownProducts(ctx, productIds);
  return lockOfKind(ctx, id, kind);
}

/** Before the collection, as everybody does who needs both. Throws `InvalidInput` naming each that is not there or comes twice. */
async function lockKnownProducts(ctx: Ctx, productIds: readonly ProductId[]): Promise<void> {
  if (productIds.length === 0) return;
  const rows = await ctx.tx
    .select({ id: products.id })
    .from(products)
    .where(mine(ctx, products, isAnyOf(products.id, productIds)))
    .orderBy(asc(products.id))
    .for('key share');
  const known = new Set(rows.map(({ id }) => id));
  const [first, ...others] = productIds.flatMap((productId, at): FieldFault[] => {
    const pointer = `/productIds/${at}`;
    if (!known.has(productId)) return [{ pointer, code: 'unknown_product', message: 'There is no such product.' }];
    if (productIds.indexOf(productId) === at) return [];
    return [{ pointer, code: 'product_twice', message: 'This product is in the list already. Name it once.' }];
  });
  if (first) throw new InvalidInput(first, ...others);
}

async function told(ctx: Ctx, collection: CollectionRow, before: object, after: object): Promise<void> {
  const [row] = await ctx.tx
    .update(collections)
    .set({ eventSequence: sql`${collections.eventSequence} + 1`, updatedAt: sql`now()` })
    .where(mine(ctx, collections, eq(collections.id, collection.id)))
    .returning();
  if (!row) throw new NotFound('collection');
  await announceUpdate(ctx, collection, { ...row, rules: collection.rules }, { before, after });
}

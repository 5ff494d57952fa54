import { and, asc, eq, gt, inArray, lte, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import type { CompanyId, Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { products } from '../products/products.schema.ts';
import { drifts } from './collection-rules.ts';
import { collectionMembers, collections } from './collections.schema.ts';
import { type RuleCollection, refreshIn, withRules } from './memberships.service.ts';
import { conditionOf } from './rule-conditions.service.ts';

/** Products looked at in one statement. */
const RANGE_SIZE = 20_000;
/** Products whose membership is set right in one transaction. */
const CHANGES_AT_ONCE = 1_000;

type CollectionId = Id<'col'>;
type ProductId = Id<'prod'>;

/** A collection whose members are to be found anew. */
export interface RebuildTask {
  collectionId: CollectionId;
  /** As the database wrote it: when this is another one later, the rules changed again meanwhile. Null: nothing asked for it. */
  dueAt: string | null;
}

/** How far a rebuild has come. */
export interface RebuildProgress {
  /** The last product looked at; null at the end of the catalogue, or when the collection went or is due anew. */
  next: ProductId | null;
  changed: number;
}

/** As the relay role, in no company: which companies have collections to rebuild; by id, from the one behind `after` on. */
export async function companiesWithDueRebuilds(tx: Tx, limit: number, after?: CompanyId): Promise<CompanyId[]> {
  const rows = await tx
    .select({ companyId: collections.companyId })
    .from(collections)
    .where(and(lte(collections.rebuildDueAt, sql`now()`), after && gt(collections.companyId, after)))
    .groupBy(collections.companyId)
    .orderBy(asc(collections.companyId))
    .limit(limit);
  return rows.map(({ companyId }) => companyId);
}

/** The collection that has waited longest, if any is due. */
export async function nextRebuild(ctx: Ctx): Promise<RebuildTask | undefined> {
  const [task] = await ctx.tx
    .select({ collectionId: collections.id, dueAt: dueAtText })
    .from(collections)
    .where(mine(ctx, collections, lte(collections.rebuildDueAt, sql`now()`)))
    .orderBy(asc(collections.rebuildDueAt), asc(collections.id))
    .limit(1);
  return task;
}

/** Collections whose members change with stock or with time, without anybody saving anything. */
export async function driftingCollections(ctx: Ctx): Promise<RebuildTask[]> {
  const rows = await ctx.tx
    .select({ id: collections.id, match: collections.match })
    .from(collections)
    .where(mine(ctx, collections, eq(collections.kind, 'rules')))
    .orderBy(asc(collections.id));
  const found = await withRules(ctx, rows);
  return found.filter(({ rules }) => rules.some(drifts)).map(({ id }) => ({ collectionId: id, dueAt: null }));
}

/**
 * Sets a part of a collection's members right, behind product `after`: at most 20,000 products looked at, at most 1,000
 * put in or taken out, each set right under its lock. The catalogue version is raised if any were.
 */
export async function rebuildPart(ctx: Ctx, task: RebuildTask, after: ProductId | null): Promise<RebuildProgress> {
  const collection = await ruleCollection(ctx, task);
  if (!collection) return { next: null, changed: 0 };
  const end = await endOfRange(ctx, after);
  const wrong = await wrongMembers(ctx, collection, after, end);
  const next = wrong.length === CHANGES_AT_ONCE ? (wrong.at(-1) ?? null) : end;
  if (wrong.length === 0) return { next, changed: 0 };
  // Products before the collection, as whoever saves a product does. Then both are as they will stay until the commit.
  await ctx.tx
    .select({ id: products.id })
    .from(products)
    .where(mine(ctx, products, isAnyOf(products.id, wrong)))
    .orderBy(asc(products.id))
    .for('share');
  const locked = await ruleCollection(ctx, task, true);
  if (!locked) return { next: null, changed: 0 };
  const changed = await refreshIn(ctx, [locked], wrong);
  if (changed > 0) {
    const entity = { type: 'collection', id: task.collectionId };
    ctx.audit({ action: 'collection.members_changed', entity, after: { changed } });
    ctx.catalogueChanged();
  }
  return { next, changed };
}

/** The members are right now, unless the collection became due again meanwhile. */
export async function finishRebuild(ctx: Ctx, { collectionId, dueAt }: RebuildTask): Promise<void> {
  if (dueAt === null) return;
  const ended = await ctx.tx
    .update(collections)
    .set({ rebuildDueAt: null })
    .where(mine(ctx, collections, eq(collections.id, collectionId), eq(dueAtText, dueAt)))
    .returning({ id: collections.id });
  ctx.audit({
    action: 'collection.rebuilt',
    entity: { type: 'collection', id: collectionId },
    after: { isAgainDue: ended.length === 0 },
  });
}

const dueAtText = sql<string>`${collections.rebuildDueAt}::text`;

/** The collection with its rules, while it is (still) due for this very reason. */
async function ruleCollection(
  ctx: Ctx,
  { collectionId, dueAt }: RebuildTask,
  isLocked = false,
): Promise<RuleCollection | undefined> {
  const query = ctx.tx
    .select({ id: collections.id, match: collections.match })
    .from(collections)
    .where(
      mine(
        ctx,
        collections,
        and(eq(collections.id, collectionId), eq(collections.kind, 'rules')),
        dueAt === null ? undefined : eq(dueAtText, dueAt),
      ),
    );
  const [collection] = await withRules(ctx, await (isLocked ? query.for('share') : query));
  return collection;
}

/** The last product of the range behind `after`; null when the catalogue ends within it. */
async function endOfRange(ctx: Ctx, after: ProductId | null): Promise<ProductId | null> {
  const [last] = await ctx.tx
    .select({ id: products.id })
    .from(products)
    .where(mine(ctx, products, after === null ? undefined : gt(products.id, after)))
    .orderBy(asc(products.id))
    .offset(RANGE_SIZE - 1)
    .limit(1);
  return last?.id ?? null;
}

/** Products that are in and should not be, or the other way round; in id order. The merchant's word is never wrong. */
async function wrongMembers(
  ctx: Ctx,
  { id, match, rules }: RuleCollection,
  after: ProductId | null,
  end: ProductId | null,
): Promise<ProductId[]> {
  const isMember = sql`exists (select 1 from ${collectionMembers} where ${mine(
    ctx,
    collectionMembers,
    eq(collectionMembers.collectionId, id),
    eq(collectionMembers.productId, products.id),
  )})`;
  const hasWord = ctx.tx
    .select({ productId: collectionMembers.productId })
    .from(collectionMembers)
    .where(
      mine(
        ctx,
        collectionMembers,
        eq(collectionMembers.collectionId, id),
        sql`(${collectionMembers.isPinned} or ${collectionMembers.isExcluded})`,
      ),
    );
  const rows = await ctx.tx
    .select({ id: products.id })
    .from(products)
    .where(
      mine(
        ctx,
        products,
        after === null ? undefined : gt(products.id, after),
        end === null ? undefined : lte(products.id, end),
        sql`(${conditionOf(match, rules, 'few')}) <> ${isMember}`,
        sql`not ${inArray(products.id, hasWord)}`,
      ),
    )
    .orderBy(asc(products.id))
    .limit(CHANGES_AT_ONCE);
  return rows.map((row) => row.id);
}

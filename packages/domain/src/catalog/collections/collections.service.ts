import { count, eq, gte, sql } from 'drizzle-orm';
import type { PgInsertValue } from 'drizzle-orm/pg-core';
import { deleteAll, insertAll } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type FieldFault, InvalidInput, NotFound, VersionStale } from '../../kernel/errors.ts';
import { insertUnderFreeHandle, slugOf } from '../../kernel/handle.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { violates } from '../../kernel/postgres-error.ts';
import { mine } from '../../kernel/tables.ts';
import { knownCategories } from '../categories/categories.service.ts';
import { refuseUnknownPicture } from '../categories/shelf-picture.service.ts';
import { type CollectionRule, RULE_COLLECTIONS_MAX, rowOfRule } from './collection-rules.ts';
import {
  COLLECTIONS_MAX,
  type CollectionPatch,
  type CollectionsQuery,
  type CollectionView,
  type NewCollection,
} from './collections.contract.ts';
import { CollectionHandleTaken, CollectionLimitReached } from './collections.errors.ts';
import { collectionCreated, collectionDeleted, collectionUpdated } from './collections.events.ts';
import { type CollectionKind, collectionMembers, collectionRules, collections } from './collections.schema.ts';
import { withRules } from './memberships.service.ts';

type CollectionId = Id<'col'>;
export type CollectionRow = typeof collections.$inferSelect & { rules: CollectionRule[] };

/** Collections of this company, newest first. */
export async function listCollections(
  ctx: Ctx,
  { limit, after, kind }: CollectionsQuery,
): Promise<Page<CollectionView>> {
  const { where, orderBy } = keyset({ columns: [collections.id], direction: 'desc' }, after);
  const rows = await ctx.tx
    .select()
    .from(collections)
    .where(mine(ctx, collections, where, kind && eq(collections.kind, kind)))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(await withRules(ctx, rows), limit, (row) => [row.id], viewOf);
}

/** One collection. Throws `NotFound`. */
export async function getCollection(ctx: Ctx, id: CollectionId): Promise<CollectionView> {
  const rows = await ctx.tx
    .select()
    .from(collections)
    .where(mine(ctx, collections, eq(collections.id, id)));
  const [row] = await withRules(ctx, rows);
  if (!row) throw new NotFound('collection');
  return viewOf(row);
}

/** Makes a collection; one with rules finds its members within seconds. Throws `InvalidInput`, `CollectionHandleTaken`, `CollectionLimitReached`. */
export async function createCollection(ctx: Ctx, input: NewCollection): Promise<CollectionView> {
  const { rules, handle, publishedAt, ...about } = input;
  refuseOddRules(about.kind, rules);
  const published = publishedAt === undefined ? ctx.now.toISOString() : publishedAt;
  refuseOddWindow(published, about.unpublishAt);
  await refuseUnknownCategories(ctx, rules);
  await refuseUnknownPicture(ctx, about.imageId);
  await refuseTooMany(ctx, about.kind);
  const values = {
    ...about,
    companyId: ctx.companyId,
    id: newId('col'),
    publishedAt: published,
    rebuildDueAt: about.kind === 'rules' ? sql`now()` : null,
  };
  const row = { ...(await inserted(ctx, values, handle)), rules };
  await insertRules(ctx, row.id, rules);
  const collection = viewOf(row);
  ctx.audit({ action: 'collection.created', entity: { type: 'collection', id: row.id }, after: collection });
  await emit(ctx, collectionCreated, { aggregate: { id: row.id, sequence: row.eventSequence }, data: { collection } });
  ctx.catalogueChanged();
  return collection;
}

/** Changes a collection. Other rules find its members anew within seconds. Throws `NotFound`, `VersionStale`, `InvalidInput`, `CollectionHandleTaken`. */
export async function updateCollection(
  ctx: Ctx,
  id: CollectionId,
  patch: CollectionPatch,
  expectedVersion?: number,
): Promise<CollectionView> {
  const before = await lockCollection(ctx, id);
  if (expectedVersion !== undefined && expectedVersion !== before.version)
    throw new VersionStale('collection', before.version);
  const { rules = before.rules, ...about } = patch;
  refuseOddRules(before.kind, rules);
  const { publishedAt, unpublishAt } = { ...before, ...about };
  refuseOddWindow(publishedAt, unpublishAt);
  const isOtherwise = rules !== before.rules && JSON.stringify(rules) !== JSON.stringify(before.rules);
  if (isOtherwise) await refuseUnknownCategories(ctx, rules);
  await refuseUnknownPicture(ctx, about.imageId);
  if (isOtherwise) await replaceRules(ctx, before, rules);
  const isDue = before.kind === 'rules' && (isOtherwise || (patch.match ?? before.match) !== before.match);
  const update = ctx.tx
    .update(collections)
    .set({
      ...about,
      ...(isDue ? { rebuildDueAt: sql`now()` } : {}),
      version: sql`${collections.version} + 1`,
      eventSequence: sql`${collections.eventSequence} + 1`,
      updatedAt: sql`now()`,
    })
    .where(mine(ctx, collections, eq(collections.id, id)))
    .returning();
  const row = { ...(await written(update)), rules };
  await announceUpdate(ctx, before, row);
  return viewOf(row);
}

/** Deletes a collection; its products stay what they are. Throws `NotFound`. */
export async function deleteCollection(ctx: Ctx, id: CollectionId): Promise<void> {
  const row = await lockCollection(ctx, id);
  await ctx.tx.delete(collectionMembers).where(mine(ctx, collectionMembers, eq(collectionMembers.collectionId, id)));
  await ctx.tx.delete(collectionRules).where(mine(ctx, collectionRules, eq(collectionRules.collectionId, id)));
  await ctx.tx.delete(collections).where(mine(ctx, collections, eq(collections.id, id)));
  const collection = viewOf(row);
  ctx.audit({ action: 'collection.deleted', entity: { type: 'collection', id }, before: collection });
  await emit(ctx, collectionDeleted, { aggregate: { id, sequence: row.eventSequence + 1 }, data: { collection } });
  ctx.catalogueChanged();
}

/** The collection as it is now; changes of it take turns, and so do product saves that look at its rules. Throws `NotFound`. */
export async function lockCollection(ctx: Ctx, id: CollectionId): Promise<CollectionRow> {
  const rows = await ctx.tx
    .select()
    .from(collections)
    .where(mine(ctx, collections, eq(collections.id, id)))
    .for('update');
  const [row] = await withRules(ctx, rows);
  if (!row) throw new NotFound('collection');
  return row;
}

/** Notes and announces a change of a collection that is in its row already. `more` goes into the audit note. */
export async function announceUpdate(
  ctx: Ctx,
  before: CollectionRow,
  row: CollectionRow,
  more?: { before: object; after: object },
): Promise<void> {
  const { id } = row;
  const collection = viewOf(row);
  ctx.audit({
    action: 'collection.updated',
    entity: { type: 'collection', id },
    before: { ...viewOf(before), ...more?.before },
    after: { ...collection, ...more?.after },
  });
  await emit(ctx, collectionUpdated, { aggregate: { id, sequence: row.eventSequence }, data: { collection } });
  ctx.catalogueChanged();
}

/** Throws `InvalidInput` for a category there is not. */
export async function refuseUnknownCategories(ctx: Ctx, rules: readonly CollectionRule[]): Promise<void> {
  const asked = rules.flatMap((rule) => (rule.field === 'category' ? [rule.value] : []));
  const known = await knownCategories(ctx, asked);
  const [first, ...others] = rules.flatMap((rule, at): FieldFault[] => {
    if (rule.field !== 'category' || known.has(rule.value)) return [];
    const message = 'There is no such category. GET /v1/categories lists them.';
    return [{ pointer: `/rules/${at}/value`, code: 'unknown_category', message }];
  });
  if (first) throw new InvalidInput(first, ...others);
}

function refuseOddRules(kind: CollectionKind, rules: readonly CollectionRule[]): void {
  if (kind === 'rules' ? rules.length > 0 : rules.length === 0) return;
  const [code, message] =
    kind === 'rules'
      ? ['no_rules', 'A collection with rules needs at least one: without any, nothing would ever be in it.']
      : ['not_for_manual', 'A manual collection has no rules. Leave them out, or make one of the kind "rules".'];
  throw new InvalidInput({ pointer: '/rules', code, message });
}

function refuseOddWindow(publishedAt: string | null, unpublishAt: string | null): void {
  if (publishedAt === null || unpublishAt === null || Date.parse(publishedAt) < Date.parse(unpublishAt)) return;
  const message = 'Expected unpublishAt to be after publishedAt.';
  throw new InvalidInput({ pointer: '/unpublishAt', code: 'window_ends_before_it_begins', message });
}

async function refuseTooMany(ctx: Ctx, kind: CollectionKind): Promise<void> {
  const [found] = await ctx.tx
    .select({ all: count(), ruled: sql<number>`(count(*) filter (where ${collections.kind} = 'rules'))::int` })
    .from(collections)
    .where(mine(ctx, collections));
  if ((found?.all ?? 0) >= COLLECTIONS_MAX) throw new CollectionLimitReached(COLLECTIONS_MAX, 'collections');
  if (kind === 'rules' && (found?.ruled ?? 0) >= RULE_COLLECTIONS_MAX)
    throw new CollectionLimitReached(RULE_COLLECTIONS_MAX, 'collections with rules');
}

async function handlesLike(ctx: Ctx, slug: string): Promise<Set<string>> {
  const isAlike = sql`starts_with(${collections.handle}, ${slug})`;
  const rows = await ctx.tx
    .select({ handle: collections.handle })
    .from(collections)
    .where(mine(ctx, collections, gte(collections.handle, slug), isAlike));
  return new Set(rows.map(({ handle }) => handle));
}

type CollectionValues = Omit<PgInsertValue<typeof collections>, 'handle'> & { id: CollectionId; title: string };

/** A handle that was asked for is taken or it is not; one made of the title gives way to those made at the same time. */
async function inserted(ctx: Ctx, values: CollectionValues, handle: string | undefined) {
  const insertion = (wanted: string) => ctx.tx.insert(collections).values({ ...values, handle: wanted });
  if (handle !== undefined) return written(insertion(handle).returning());
  const slug = slugOf(values.title, 'collection');
  return insertUnderFreeHandle(slug, values.id, {
    taken: () => handlesLike(ctx, slug),
    insert: async (free) => {
      const target = [collections.companyId, collections.handle];
      const [row] = await insertion(free).onConflictDoNothing({ target }).returning();
      return row;
    },
  });
}

const insertRules = (ctx: Ctx, collectionId: CollectionId, rules: readonly CollectionRule[]) =>
  insertAll(
    ctx,
    collectionRules,
    rules.map((rule, position) => ({ collectionId, position, ...rowOfRule(rule) })),
  );

async function replaceRules(ctx: Ctx, { id, rules }: CollectionRow, wanted: readonly CollectionRule[]): Promise<void> {
  const gone = rules.map((_rule, position) => ({ collectionId: id, position }));
  await deleteAll(ctx, collectionRules, ['collectionId', 'position'], gone);
  await insertRules(ctx, id, wanted);
}

async function written<Row>(write: Promise<Row[]>): Promise<Row> {
  try {
    const [row] = await write;
    if (!row) throw new Error('The write gave no row back');
    return row;
  } catch (error) {
    throw violates(error, 'collections_handle') ? new CollectionHandleTaken() : error;
  }
}

export function viewOf({ companyId: _company, eventSequence: _sequence, ...shown }: CollectionRow): CollectionView {
  return shown;
}

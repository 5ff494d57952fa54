import { and, asc, count, eq, gte, isNull, lt, ne, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound, VersionStale } from '../../kernel/errors.ts';
import { handleKey, insertUnderFreeHandle, slugOf } from '../../kernel/handle.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { violates } from '../../kernel/postgres-error.ts';
import { mine } from '../../kernel/tables.ts';
import {
  CATEGORIES_MAX,
  type CategoryPatch,
  type CategoryView,
  DEPTH_MAX,
  type NewCategory,
} from './categories.contract.ts';
import { CategoryCycle, CategoryHandleTaken, CategoryHasChildren, CategoryLimitReached } from './categories.errors.ts';
import { categoryCreated, categoryDeleted, categoryUpdated } from './categories.events.ts';
import { categories } from './categories.schema.ts';
import { endOfPath, idsOfPath, inTreeOrder, pathBelow } from './category-tree.ts';
import { refuseUnknownPicture } from './shelf-picture.service.ts';

type CategoryId = Id<'cat'>;
type CategoryRow = typeof categories.$inferSelect;

/** The whole tree, at most 5,000 categories: each behind its parent, siblings in their order. */
export async function listCategories(ctx: Ctx): Promise<CategoryView[]> {
  const rows = await ctx.tx.select().from(categories).where(mine(ctx, categories)).limit(CATEGORIES_MAX);
  return inTreeOrder(rows).map(viewOf);
}

/** One category. Throws `NotFound`. */
export async function getCategory(ctx: Ctx, id: CategoryId): Promise<CategoryView> {
  const [row] = await ctx.tx
    .select()
    .from(categories)
    .where(mine(ctx, categories, eq(categories.id, id)));
  if (!row) throw new NotFound('category');
  return viewOf(row);
}

/** Which categories these handles are; unknown ones are left out. Handles as a person writes them. */
export async function categoryIdsByHandle(ctx: Ctx, handles: readonly string[]): Promise<Map<string, CategoryId>> {
  if (handles.length === 0) return new Map();
  const rows = await ctx.tx
    .select({ id: categories.id, handle: categories.handle })
    .from(categories)
    .where(mine(ctx, categories, isAnyOf(categories.handle, new Set(handles.map(handleKey)))));
  const idOf = new Map(rows.map(({ id, handle }) => [handle, id]));
  const found = new Map<string, CategoryId>();
  for (const handle of handles) {
    const id = idOf.get(handleKey(handle));
    if (id) found.set(handle, id);
  }
  return found;
}

/** Which of these categories there are. `kept`: none of them goes before this transaction ends; lock products first. */
export async function knownCategories(ctx: Ctx, ids: readonly CategoryId[], kept?: 'kept'): Promise<Set<CategoryId>> {
  if (ids.length === 0) return new Set();
  const query = ctx.tx
    .select({ id: categories.id })
    .from(categories)
    .where(mine(ctx, categories, isAnyOf(categories.id, new Set(ids))))
    .orderBy(asc(categories.id));
  const rows = await (kept ? query.for('key share') : query);
  return new Set(rows.map(({ id }) => id));
}

/** Makes a category, at the end of its siblings if no position is given. Throws `InvalidInput`, `CategoryHandleTaken`, `CategoryLimitReached`. */
export async function createCategory(ctx: Ctx, input: NewCategory): Promise<CategoryView> {
  const { position, handle, parentId, ...about } = input;
  await refuseUnknownPicture(ctx, input.imageId);
  // Shared: it may get more children at once, but must not move away while this one is hung below it.
  const [parent] = parentId === null ? [] : await lockedForSharing(ctx, parentId);
  if (parentId !== null && !parent) throw unknownParent();
  if (parent && idsOfPath(parent.path).length >= DEPTH_MAX) throw tooDeep();
  const id = newId('cat');
  const values = {
    ...about,
    companyId: ctx.companyId,
    id,
    parentId,
    path: pathBelow(parent?.path ?? '', id),
    position: await roomBehind(ctx, parentId),
  };
  let row = await inserted(ctx, values, handle);
  if (position !== undefined && position < row.position) row = { ...row, position: await place(ctx, row, position) };
  const category = viewOf(row);
  ctx.audit({ action: 'category.created', entity: { type: 'category', id }, after: category });
  await emit(ctx, categoryCreated, { aggregate: { id, sequence: row.eventSequence }, data: { category } });
  ctx.catalogueChanged();
  return category;
}

/**
 * Changes a category; another `parentId` moves it with all that stands below it. Moves of a company take turns, so two of
 * them cannot make a circle. Throws `NotFound`, `VersionStale`, `InvalidInput`, `CategoryCycle`, `CategoryHandleTaken`.
 */
export async function updateCategory(
  ctx: Ctx,
  id: CategoryId,
  patch: CategoryPatch,
  expectedVersion?: number,
): Promise<CategoryView> {
  const { parentId, position, ...about } = patch;
  const isMoving = parentId !== undefined || position !== undefined;
  const rows = await (isMoving ? lockedTree(ctx) : lockedRow(ctx, id));
  const before = rows.find((row) => row.id === id);
  if (!before) throw new NotFound('category');
  if (expectedVersion !== undefined && expectedVersion !== before.version)
    throw new VersionStale('category', before.version);
  await refuseUnknownPicture(ctx, patch.imageId);
  const target = parentId === undefined ? before.parentId : parentId;
  const isElsewhere = target !== before.parentId;
  const path = isElsewhere ? pathAfterMove(rows, before, target) : before.path;
  if (isElsewhere) await moveSubtree(ctx, before.path, path);
  const row = await written(
    ctx.tx
      .update(categories)
      .set({
        ...about,
        parentId: target,
        version: sql`${categories.version} + 1`,
        eventSequence: sql`${categories.eventSequence} + 1`,
        updatedAt: sql`now()`,
      })
      .where(mine(ctx, categories, eq(categories.id, id)))
      .returning(),
  );
  const wanted = position ?? (isElsewhere ? CATEGORIES_MAX : undefined);
  const category = viewOf(wanted === undefined ? row : { ...row, position: await place(ctx, row, wanted) });
  ctx.audit({ action: 'category.updated', entity: { type: 'category', id }, before: viewOf(before), after: category });
  await emit(ctx, categoryUpdated, { aggregate: { id, sequence: row.eventSequence }, data: { category } });
  ctx.catalogueChanged();
  return category;
}

/**
 * Deletes a category without children. `leave` takes the products off it, while nobody can put one on: they are locked
 * before this is called. Throws `NotFound`, `CategoryHasChildren`.
 */
export async function deleteCategory(ctx: Ctx, id: CategoryId, leave: () => Promise<unknown>): Promise<void> {
  const [row] = await ctx.tx
    .select()
    .from(categories)
    .where(mine(ctx, categories, eq(categories.id, id)))
    .for('update');
  if (!row) throw new NotFound('category');
  const children = await ctx.tx
    .select({ id: categories.id })
    .from(categories)
    .where(mine(ctx, categories, eq(categories.parentId, id)))
    .limit(1);
  if (children.length > 0) throw new CategoryHasChildren();
  await leave();
  await ctx.tx.delete(categories).where(mine(ctx, categories, eq(categories.id, id)));
  const category = viewOf(row);
  ctx.audit({ action: 'category.deleted', entity: { type: 'category', id }, before: category });
  await emit(ctx, categoryDeleted, { aggregate: { id, sequence: row.eventSequence + 1 }, data: { category } });
  ctx.catalogueChanged();
}

/** All categories, in id order: whoever moves one holds them all, so that what it saw of the tree stays true. */
const lockedTree = (ctx: Ctx): Promise<CategoryRow[]> =>
  ctx.tx.select().from(categories).where(mine(ctx, categories)).orderBy(asc(categories.id)).for('no key update');

const lockedRow = (ctx: Ctx, id: CategoryId): Promise<CategoryRow[]> =>
  ctx.tx
    .select()
    .from(categories)
    .where(mine(ctx, categories, eq(categories.id, id)))
    .for('no key update');

const lockedForSharing = (ctx: Ctx, id: CategoryId): Promise<CategoryRow[]> =>
  ctx.tx
    .select()
    .from(categories)
    .where(mine(ctx, categories, eq(categories.id, id)))
    .for('share');

/** The path a category gets below another parent. Throws `InvalidInput`, `CategoryCycle`. */
function pathAfterMove(rows: readonly CategoryRow[], moved: CategoryRow, parentId: CategoryId | null): string {
  const parent = rows.find(({ id }) => id === parentId);
  if (parentId !== null && !parent) throw unknownParent();
  if (parent?.path.startsWith(moved.path)) throw new CategoryCycle();
  const levels = (path: string) => idsOfPath(path).length;
  const below = rows.filter(({ path }) => path.startsWith(moved.path)).map(({ path }) => levels(path));
  const height = Math.max(...below) - levels(moved.path) + 1;
  if (levels(parent?.path ?? '') + height > DEPTH_MAX) throw tooDeep();
  return pathBelow(parent?.path ?? '', moved.id);
}

async function moveSubtree(ctx: Ctx, from: string, to: string): Promise<void> {
  await ctx.tx
    .update(categories)
    .set({ path: sql`${to}::text || substr(${categories.path}, ${from.length + 1}::int)` })
    .where(mine(ctx, categories, gte(categories.path, from), lt(categories.path, endOfPath(from))));
}

/** Numbers the siblings of a category anew with it at a place; gives the place it got. */
async function place(ctx: Ctx, { id, parentId }: CategoryRow, position: number): Promise<number> {
  const siblings = await ctx.tx
    .select({ id: categories.id, position: categories.position })
    .from(categories)
    .where(mine(ctx, categories, ofParent(parentId), ne(categories.id, id)))
    .orderBy(asc(categories.position), asc(categories.id));
  const at = Math.min(position, siblings.length);
  const order = [...siblings.slice(0, at).map((row) => row.id), id, ...siblings.slice(at).map((row) => row.id)];
  await ctx.tx.execute(
    sql`update ${categories} set position = ordered.place - 1
      from unnest(${`{${order.join(',')}}`}::text[]) with ordinality as ordered(id, place)
      where ${mine(ctx, categories)} and ${categories.id} = ordered.id and ${categories.position} <> ordered.place - 1`,
  );
  return at;
}

const ofParent = (parentId: CategoryId | null) =>
  parentId === null ? isNull(categories.parentId) : eq(categories.parentId, parentId);

/** The position behind the last sibling. Throws `CategoryLimitReached`. */
async function roomBehind(ctx: Ctx, parentId: CategoryId | null): Promise<number> {
  const [room] = await ctx.tx
    .select({
      all: count(),
      next: sql<number>`coalesce(max(${categories.position}) filter (where ${ofParent(parentId)}) + 1, 0)::int`,
    })
    .from(categories)
    .where(mine(ctx, categories));
  if ((room?.all ?? 0) >= CATEGORIES_MAX) throw new CategoryLimitReached(CATEGORIES_MAX);
  return room?.next ?? 0;
}

async function handlesLike(ctx: Ctx, slug: string): Promise<Set<string>> {
  const rows = await ctx.tx
    .select({ handle: categories.handle })
    .from(categories)
    .where(mine(ctx, categories, and(gte(categories.handle, slug), sql`starts_with(${categories.handle}, ${slug})`)));
  return new Set(rows.map(({ handle }) => handle));
}

type CategoryValues = Omit<typeof categories.$inferInsert, 'handle'> & { id: CategoryId };

/** A handle that was asked for is taken or it is not; one made of the name gives way to those made at the same time. */
async function inserted(ctx: Ctx, values: CategoryValues, handle: string | undefined): Promise<CategoryRow> {
  if (handle !== undefined)
    return written(
      ctx.tx
        .insert(categories)
        .values({ ...values, handle })
        .returning(),
    );
  const slug = slugOf(values.name, 'category');
  return insertUnderFreeHandle(slug, values.id, {
    taken: () => handlesLike(ctx, slug),
    insert: async (free) => {
      const insertion = ctx.tx.insert(categories).values({ ...values, handle: free });
      const [row] = await insertion
        .onConflictDoNothing({ target: [categories.companyId, categories.handle] })
        .returning();
      return row;
    },
  });
}

async function written(write: Promise<CategoryRow[]>): Promise<CategoryRow> {
  try {
    const [row] = await write;
    if (!row) throw new Error('The write gave no row back');
    return row;
  } catch (error) {
    throw violates(error, 'categories_handle') ? new CategoryHandleTaken() : error;
  }
}

const unknownParent = () =>
  new InvalidInput({
    pointer: '/parentId',
    code: 'unknown_category',
    message: 'There is no such category. GET /v1/categories lists them; null is the top.',
  });

const tooDeep = () =>
  new InvalidInput({
    pointer: '/parentId',
    code: 'too_deep',
    message: `The tree has at most ${DEPTH_MAX} levels. Choose a parent further up.`,
  });

function viewOf({ companyId: _company, eventSequence: _sequence, path, ...shown }: CategoryRow): CategoryView {
  return { ...shown, ancestorIds: idsOfPath(path).slice(0, -1) };
}

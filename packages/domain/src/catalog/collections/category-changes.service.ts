import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import type { Page } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import type {
  CategoriesQuery,
  CategoryPatch,
  CategoryView,
  ListedCategory,
} from '../categories/categories.contract.ts';
import { deleteCategory, listCategories, updateCategory } from '../categories/categories.service.ts';
import {
  leaveCategory,
  lockProductsOfCategory,
  productCountsByCategory,
} from '../products/product-categories.service.ts';
import { collectionRules, collections } from './collections.schema.ts';

/** The tree, with the number of products in each when asked: always one page. */
export async function showCategories(ctx: Ctx, { counts }: CategoriesQuery): Promise<Page<ListedCategory>> {
  const page = { hasMore: false, next: null };
  const tree = await listCategories(ctx);
  if (!counts) return { data: tree, page };
  const countOf = await productCountsByCategory(ctx);
  return { data: tree.map((category) => ({ ...category, productCount: countOf.get(category.id) ?? 0 })), page };
}

/** Changes a category; when it moves, collections that ask for categories are found anew. As `updateCategory`. */
export async function changeCategory(
  ctx: Ctx,
  id: Id<'cat'>,
  patch: CategoryPatch,
  expectedVersion?: number,
): Promise<CategoryView> {
  const category = await updateCategory(ctx, id, patch, expectedVersion);
  if (patch.parentId !== undefined) await rebuildForCategories(ctx);
  return category;
}

/**
 * Deletes a category; products simply leave it, which is a new version of each of them, and so do they collections that
 * asked for it. `category.deleted` stands for the events of those products. As `deleteCategory`.
 */
export async function removeCategory(ctx: Ctx, id: Id<'cat'>): Promise<void> {
  await lockProductsOfCategory(ctx, id);
  await deleteCategory(ctx, id, () => leaveCategory(ctx, id));
  await rebuildForCategories(ctx);
}

async function rebuildForCategories(ctx: Ctx): Promise<void> {
  const asking = ctx.tx
    .select({ id: collectionRules.collectionId })
    .from(collectionRules)
    .where(mine(ctx, collectionRules, eq(collectionRules.field, 'category')));
  const due = await ctx.tx
    .update(collections)
    .set({ rebuildDueAt: sql`now()` })
    .where(mine(ctx, collections, and(eq(collections.kind, 'rules'), inArray(collections.id, asking))))
    .returning({ id: collections.id });
  if (due.length > 0) ctx.nudge();
}

import { eq, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { categories } from '../categories/categories.schema.ts';
import { productCategories } from './product-details.schema.ts';
import { products } from './products.schema.ts';

/** Takes a category off all its products; how many those were. For a category that is about to go: its row is locked. */
export async function leaveCategory(ctx: Ctx, categoryId: Id<'cat'>): Promise<number> {
  const left = await ctx.tx.execute(
    sql`delete from ${productCategories}
      where ${mine(ctx, productCategories, eq(productCategories.categoryId, categoryId))}`,
  );
  return left.count;
}

/**
 * How many products visitors can see stand on each category or below it, each product once. Goes through all of them:
 * for an answer that asks for counts, not for every page. Categories without any are left out.
 */
export async function productCountsByCategory(ctx: Ctx): Promise<Map<Id<'cat'>, number>> {
  const rows = await ctx.tx.execute<{ id: Id<'cat'>; count: number }>(
    sql`select shelf.id, count(distinct ${productCategories.productId})::int as count
      from ${productCategories}
      join ${categories} on ${mine(ctx, categories, eq(categories.id, productCategories.categoryId))}
      join ${products} on ${mine(ctx, products, eq(products.id, productCategories.productId))}
      cross join lateral string_to_table(rtrim(${categories.path}, '/'), '/') as shelf(id)
      where ${mine(ctx, productCategories)} and ${products.status} = 'active' and ${products.publishedAt} <= now()
        and (${products.unpublishAt} is null or ${products.unpublishAt} > now())
      group by shelf.id`,
  );
  return new Map(rows.map(({ id, count }) => [id, count]));
}

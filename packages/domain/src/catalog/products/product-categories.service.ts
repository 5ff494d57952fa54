import { eq, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { categories } from '../categories/categories.schema.ts';
import { productCategories } from './product-details.schema.ts';
import { products } from './products.schema.ts';

/** Locks the products of a category that is about to go, in id order: products before their category, as saves do it. */
export async function lockProductsOfCategory(ctx: Ctx, categoryId: Id<'cat'>): Promise<void> {
  const ofCategory = mine(
    ctx,
    productCategories,
    eq(productCategories.categoryId, categoryId),
    eq(productCategories.productId, products.id),
  );
  // Counted, so that a hundred thousand ids need not travel.
  await ctx.tx.execute(
    sql`select count(*) from (
      select ${products.id} from ${products}
      where ${mine(ctx, products)} and exists (select 1 from ${productCategories} where ${ofCategory})
      order by ${products.id} for no key update
    ) as locked`,
  );
}

/**
 * Takes a category off all its products, each of which gets a new version; how many those were. Call it between the lock
 * of the products (`lockProductsOfCategory`) and of the category and the end of the category. The products announce
 * nothing: `category.deleted` says it for all of them, for there may be a hundred thousand.
 */
export async function leaveCategory(ctx: Ctx, categoryId: Id<'cat'>): Promise<number> {
  const changed = await ctx.tx.execute(
    sql`with gone as (
        delete from ${productCategories}
        where ${mine(ctx, productCategories, eq(productCategories.categoryId, categoryId))}
        returning ${productCategories.productId} as product_id
      )
      update ${products} set version = version + 1, event_sequence = event_sequence + 1, updated_at = now()
      from gone where ${mine(ctx, products)} and ${products.id} = gone.product_id`,
  );
  return changed.count;
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

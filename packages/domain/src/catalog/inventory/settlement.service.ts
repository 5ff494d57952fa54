import { sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { refreshAvailability, refreshAvailabilityOf } from './availability.service.ts';
import type { MovedLevel } from './levels.service.ts';
import { refreshLowStock } from './low-stock.service.ts';

const PRODUCTS_AT_ONCE = 250;

/**
 * What follows from changed counters: who is low now, and which products can be had. Last in a unit of work but for
 * events and the catalogue version.
 */
export async function settle(ctx: Ctx, moved: readonly MovedLevel[]): Promise<void> {
  const changed = moved.filter(({ freeBefore, freeAfter }) => freeBefore !== freeAfter);
  if (changed.length === 0) return;
  await refreshLowStock(ctx, new Set(changed.map(({ variantId }) => variantId)));
  const crossing = changed.filter(
    ({ freeBefore, freeAfter, isComponent }) => isComponent || freeBefore > 0 !== freeAfter > 0,
  );
  await refreshAvailabilityOf(ctx, new Set(crossing.map(({ variantId }) => variantId)));
}

/**
 * Who is low and what can be had, of the next share of all products by id: settings and switched locations change it for
 * many at once. Returns the id to go on behind, undefined at the end. For the sweep.
 */
export async function settleNext(ctx: Ctx, after?: Id<'prod'>): Promise<Id<'prod'> | undefined> {
  const products = await ctx.tx.execute<{ id: Id<'prod'> }>(sql`select p.id from products p
    where p.company_id = ${ctx.companyId} and p.id > ${after ?? ''} order by p.id limit ${PRODUCTS_AT_ONCE}`);
  const productIds = products.map(({ id }) => id);
  const variants = await ctx.tx.execute<{ id: Id<'var'> }>(sql`select v.id from product_variants v
    where v.company_id = ${ctx.companyId} and ${isAnyOf(sql`v.product_id`, productIds)}`);
  await refreshLowStock(
    ctx,
    variants.map(({ id }) => id),
  );
  await refreshAvailability(ctx, productIds);
  return products.length < PRODUCTS_AT_ONCE ? undefined : productIds.at(-1);
}

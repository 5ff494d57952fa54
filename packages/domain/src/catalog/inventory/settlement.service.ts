import { sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { refreshAvailability, refreshAvailabilityOf } from './availability.service.ts';
import type { MovedLevel } from './levels.service.ts';
import { refreshLowStock } from './low-stock.service.ts';

/** A share ends with the last product whose variants are all among these; one product alone may have more. */
const VARIANTS_AT_ONCE = 2_000;

/**
 * What follows from changed counters: who is low now, and which products can be had. Last in a unit of work but for
 * events and the catalogue version.
 */
export async function settle(ctx: Ctx, moved: readonly MovedLevel[]): Promise<void> {
  const changed = moved.filter(({ freeBefore, freeAfter }) => freeBefore !== freeAfter);
  if (changed.length === 0) return;
  await refreshLowStock(ctx, new Set(changed.map(({ variantId }) => variantId)));
  const crossing = changed.filter(mayCross);
  await refreshAvailabilityOf(ctx, new Set(crossing.map(({ variantId }) => variantId)));
}

/** The counters may still have holds that ran out: only where nothing is held do they say all that visitors are told. */
const mayCross = ({ freeBefore, freeAfter, reserved, isComponent }: MovedLevel): boolean =>
  isComponent || freeBefore > 0 !== freeAfter > 0 || freeBefore < 0 || freeAfter < 0 || reserved > 0;

/**
 * Who is low and what can be had, of the next share of all products by id: settings and switched locations change it for
 * many at once. Returns the id to go on behind, undefined at the end. For the sweep.
 */
export async function settleNext(ctx: Ctx, after?: Id<'prod'>): Promise<Id<'prod'> | undefined> {
  const rows = await ctx.tx.execute<{ id: Id<'prod'>; variants: number }>(sql`select v.id, count(*)::int as variants
    from (
      select v.product_id as id from product_variants v
      where v.company_id = ${ctx.companyId} and v.product_id > ${after ?? ''}
      order by v.product_id limit ${VARIANTS_AT_ONCE + 1}
    ) v
    group by v.id order by v.id`);
  const isLast = rows.reduce((sum, { variants }) => sum + variants, 0) <= VARIANTS_AT_ONCE;
  // The last one may not be there with all of its variants.
  const whole = isLast || rows.length === 1 ? rows : rows.slice(0, -1);
  const productIds = whole.map(({ id }) => id);
  const variants = await ctx.tx.execute<{ id: Id<'var'> }>(sql`select v.id from product_variants v
    where v.company_id = ${ctx.companyId} and ${isAnyOf(sql`v.product_id`, productIds)}`);
  await refreshLowStock(
    ctx,
    variants.map(({ id }) => id),
  );
  await refreshAvailability(ctx, productIds);
  return isLast ? undefined : productIds.at(-1);
}

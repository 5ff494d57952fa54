import { type SQL, sql } from 'drizzle-orm';
import { getSettings } from '../../company/settings/settings.service.ts';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';

/** A switched location refreshes the products of so many variants at once; a `refreshStockSoon` sees to the others. */
const LEVELS_AT_LOCATION_MAX = 500;

/**
 * Units of a level that can be sold now, below zero counted as none: what is on hand without what is promised and what
 * is kept back. Holds that ran out do not count, whether or not somebody has swept them. `l` is the level's alias.
 */
export const freeOf = (l: string): SQL =>
  sql`greatest(0, ${sql.raw(`${l}.on_hand - ${l}.safety_stock`)} - ${heldOf(l)})`;

/** Units of a level promised to somebody whose hold has not run out. */
export const heldOf = (l: string): SQL => sql`(${sql.raw(`${l}.reserved`)} - coalesce((
    select sum(r.quantity) from stock_reservations r
    where ${sql.raw(`r.company_id = ${l}.company_id and r.variant_id = ${l}.variant_id and r.location_id = ${l}.location_id
      and ${l}.reserved > 0`)} and r.status = 'held' and r.expires_at <= now()
  ), 0)::int)`;

/** Units of a variant that can be sold now, over all active locations. `variantId` is SQL for its id. */
export const freeOfVariant = (ctx: Ctx, variantId: SQL): SQL => sql`(
    select least(coalesce(sum(${freeOf('l')}), 0), 2147483647)::int from stock_levels l
    join stock_locations p on p.company_id = l.company_id and p.id = l.location_id and p.is_active
    where l.company_id = ${ctx.companyId} and l.variant_id = ${variantId}
  )`;

/**
 * Brings up to date whether these products can be had, and the bundles that are made of them. A product can be had when
 * one of its variants can: sold without counting, sold beyond stock, or in stock; a bundle when all of its parts can.
 *
 * The rows are locked before anything is computed: of two transactions that each take the last of another variant, the
 * second one waits here and then sees what the first one did. They come after stock levels in the order of locks.
 */
export async function refreshAvailability(ctx: Ctx, productIds: Iterable<Id<'prod'>>): Promise<void> {
  const given = [...productIds];
  if (given.length === 0) return;
  const { backorder } = await getSettings(ctx, 'inventory');
  const wanted = await ctx.tx.execute<{ id: Id<'prod'>; known: boolean }>(sql`select p.id, (
      select 1 from product_availability a where a.company_id = p.company_id and a.product_id = p.id limit 1
    ) is not null as known
    from products p
    where p.company_id = ${ctx.companyId} and (${isAnyOf(sql`p.id`, given)} or p.id = any(${bundlesOf(ctx, given)}))`);
  const known = wanted.filter((row) => row.known).map((row) => row.id);
  const fresh = wanted.filter((row) => !row.known).map((row) => row.id);
  // A new product's row is right at once: nobody else can have sold of it.
  if (fresh.length > 0) known.push(...(await insertRows(ctx, fresh, backorder)));
  if (known.length > 0) await updateRows(ctx, known, backorder);
}

/** As `refreshAvailability`, for the products of these variants. */
export async function refreshAvailabilityOf(ctx: Ctx, variantIds: Iterable<Id<'var'>>): Promise<void> {
  const ids = [...variantIds];
  if (ids.length === 0) return;
  const rows = await ctx.tx.execute<{ id: Id<'prod'> }>(sql`select distinct v.product_id as id from product_variants v
    where v.company_id = ${ctx.companyId} and ${isAnyOf(sql`v.id`, ids)}`);
  await refreshAvailability(
    ctx,
    rows.map(({ id }) => id),
  );
}

/** After a location was switched on or off: the products with goods there, up to a bound. */
export async function refreshAvailabilityAt(ctx: Ctx, locationId: Id<'loc'>): Promise<void> {
  const rows = await ctx.tx.execute<{ id: Id<'prod'> }>(sql`select distinct v.product_id as id
    from (
      select l.company_id, l.variant_id from stock_levels l
      where l.company_id = ${ctx.companyId} and l.location_id = ${locationId} and l.on_hand > 0
      order by l.variant_id limit ${LEVELS_AT_LOCATION_MAX}
    ) l join product_variants v on v.company_id = l.company_id and v.id = l.variant_id`);
  await refreshAvailability(
    ctx,
    rows.map(({ id }) => id),
  );
}

/** Inserts what is computed now; gives back those that somebody else inserted meanwhile. */
async function insertRows(ctx: Ctx, ids: readonly Id<'prod'>[], backorder: boolean): Promise<Id<'prod'>[]> {
  const inserted = await ctx.tx.execute<{ id: Id<'prod'> }>(sql`insert into product_availability
      (company_id, product_id, is_available)
    select ${ctx.companyId}, c.id, c.can_be_had from (${computed(ctx, ids, backorder)}) c order by c.id
    on conflict do nothing
    returning product_id as id`);
  const done = new Set(inserted.map(({ id }) => id));
  return ids.filter((id) => !done.has(id));
}

async function updateRows(ctx: Ctx, ids: readonly Id<'prod'>[], backorder: boolean): Promise<void> {
  await ctx.tx.execute(sql`select a.product_id from product_availability a
    where a.company_id = ${ctx.companyId} and ${isAnyOf(sql`a.product_id`, ids)}
    order by a.product_id
    for no key update`);
  // A statement of its own: it has to see what was committed while the locks were waited for.
  await ctx.tx.execute(sql`update product_availability a set is_available = c.can_be_had, updated_at = now()
    from (${computed(ctx, ids, backorder)}) c
    where a.company_id = ${ctx.companyId} and a.product_id = c.id and a.is_available <> c.can_be_had`);
}

/**
 * The ids of the bundles that are made of these products' variants, as an array. Step by step, each an array: joined, a
 * planner that knows little of the tables yet compares every row with every row.
 */
const bundlesOf = (ctx: Ctx, ids: readonly Id<'prod'>[]): SQL => sql`array(
    select b.product_id from product_variants b where b.company_id = ${ctx.companyId} and b.id = any(array(
      select k.bundle_variant_id from bundle_components k
      where k.company_id = ${ctx.companyId} and k.component_variant_id = any(array(
        select c.id from product_variants c where c.company_id = ${ctx.companyId} and ${isAnyOf(sql`c.product_id`, ids)}
      ))
    )))`;

// `case`, not `coalesce`: PostgreSQL does not take the latter for leakproof, so behind row security no index would serve it.
const computed = (ctx: Ctx, ids: readonly Id<'prod'>[], backorder: boolean): SQL => sql`
    select p.id, coalesce(bool_or(v.can_be_had), false) as can_be_had
    from products p
    left join lateral (
      select bool_and(part.archived_at is null and (
        not part.tracks_stock
        or coalesce(part.backorder, ${backorder ? 'allow' : 'deny'}) = 'allow'
        or ${freeOfVariant(ctx, sql`part.id`)} >= coalesce(k.quantity, 1)
      )) as can_be_had
      from product_variants v
      left join bundle_components k on k.company_id = v.company_id and k.bundle_variant_id = v.id
      cross join lateral (
        select * from product_variants p where p.company_id = v.company_id
          and p.id = case when k.component_variant_id is null then v.id else k.component_variant_id end
        offset 0
      ) part
      where v.company_id = ${ctx.companyId} and v.product_id = p.id and v.archived_at is null
      group by v.id
    ) v on true
    where p.company_id = ${ctx.companyId} and ${isAnyOf(sql`p.id`, ids)}
    group by p.id`;

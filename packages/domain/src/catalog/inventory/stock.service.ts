import { sql } from 'drizzle-orm';
import { getSettings } from '../../company/settings/settings.service.ts';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { freeOf, freeOfVariant, heldOf } from './availability.service.ts';
import { BundleHasNoStock } from './inventory.errors.ts';
import { type Cause, type Level, ledgerInsert, listed, lockLevels, moveStock } from './levels.service.ts';
import { defaultLocationId } from './locations.service.ts';
import { refreshLowStock } from './low-stock.service.ts';

/** Units counted on a shelf. Without a location: the default one. */
export interface OnHandCount {
  variantId: Id<'var'>;
  locationId?: Id<'loc'> | undefined;
  quantity: number;
}

/** A level as people see it: holds that ran out are not in `reserved`, and `available` is never below zero. */
export interface StockLevel extends Level {
  available: number;
}

/** Whether and how much of a variant can be bought now. */
export interface Availability {
  /** Units; null where nobody counts. Of a bundle: how many can be made. */
  available: number | null;
  /** Whether it is sold beyond what is available. */
  backorder: boolean;
}

type Counted = Required<OnHandCount>;
const keyOf = ({ variantId, locationId }: Pick<Level, 'variantId' | 'locationId'>) => `${variantId}|${locationId}`;

/**
 * Sets what is on hand, for a batch of any size in a few statements, with the ledger; gives the variants whose count
 * changed. If a level is named twice the last one holds. Tells who is low. Availability, audit and catalogue version are the
 * caller's to see to. Throws `NotFound` for a variant or location that is not here, `BundleHasNoStock`.
 */
export async function setOnHand(ctx: Ctx, items: readonly OnHandCount[], cause: Cause): Promise<Set<Id<'var'>>> {
  if (items.length === 0) return new Set();
  const isPlaceless = items.some(({ locationId }) => locationId === undefined);
  const fallback = isPlaceless ? await defaultLocationId(ctx) : undefined;
  const counts = new Map<string, Counted>();
  for (const { variantId, locationId = fallback, quantity } of items) {
    if (locationId === undefined) throw new Error('unreachable: the default location was read');
    counts.set(keyOf({ variantId, locationId }), { variantId, locationId, quantity });
  }
  await refuseBundles(ctx, new Set(items.map(({ variantId }) => variantId)));
  const made = await insertLevels(ctx, [...counts.values()], cause);
  const madeKeys = new Set(made.map(keyOf));
  const known = [...counts.values()].filter((count) => !madeKeys.has(keyOf(count)));
  const changed = known.length > 0 ? await recount(ctx, known, cause) : [];
  const others = new Set([...known, ...changed].map(({ variantId }) => variantId));
  const concerned = new Set([...made, ...changed].map(({ variantId }) => variantId));
  const newOnes = made.map(({ variantId }) => variantId).filter((id) => !others.has(id));
  if (concerned.size > 0) await refreshLowStock(ctx, concerned, newOnes);
  return concerned;
}

/** Throws `BundleHasNoStock` where one of these is made of others. */
export async function refuseBundles(ctx: Ctx, variantIds: Iterable<Id<'var'>>): Promise<void> {
  const [bundle] = await ctx.tx.execute<{ id: Id<'var'> }>(sql`select k.bundle_variant_id as id from bundle_components k
    where k.company_id = ${ctx.companyId} and ${isAnyOf(sql`k.bundle_variant_id`, variantIds)} limit 1`);
  if (bundle) throw new BundleHasNoStock(bundle.id);
}

/** Levels that are not there yet, already with their count. */
async function insertLevels(ctx: Ctx, counts: readonly Counted[], cause: Cause): Promise<Counted[]> {
  const rows = counts.map(({ variantId, locationId, quantity }) => ({
    m: newId('mov'),
    v: variantId,
    l: locationId,
    q: quantity,
  }));
  return ctx.tx.execute<Counted & Record<string, unknown>>(sql`with given as materialized (
      select * from ${listed(rows, 'g(m text, v text collate "C", l text collate "C", q int)')}
    ), made as (
      insert into stock_levels (company_id, variant_id, location_id, on_hand)
      select ${ctx.companyId}, v.id, p.id, g.q from given g
      join product_variants v on v.company_id = ${ctx.companyId} and v.id = g.v
      join stock_locations p on p.company_id = ${ctx.companyId} and p.id = g.l
      order by g.v, g.l
      on conflict do nothing
      returning variant_id, location_id, on_hand
    ), noted as (
      ${ledgerInsert(
        ctx,
        cause.reason,
        sql`select ${cause.type}::text, ${cause.id ?? null}::text, g.m, g.v, g.l, 'adjustment', g.q, 0, 0 from made d join given g on g.v = d.variant_id and g.l = d.location_id where g.q <> 0`,
      )}
    )
    select variant_id as "variantId", location_id as "locationId", on_hand as quantity from made`);
}

async function recount(ctx: Ctx, counts: readonly Counted[], cause: Cause): Promise<readonly Level[]> {
  const levels = await lockLevels(
    ctx,
    counts.map(({ variantId }) => variantId),
  );
  const present = new Map(levels.map((level) => [keyOf(level), level]));
  const moves = counts.flatMap(({ variantId, locationId, quantity }) => {
    const level = present.get(keyOf({ variantId, locationId }));
    if (!level) throw new NotFound('variant or stock location');
    const onHand = quantity - level.onHand;
    return onHand === 0 ? [] : [{ variantId, locationId, kind: 'adjustment' as const, onHand }];
  });
  return moveStock(ctx, moves, cause);
}

/** The levels of variants, by location in the order in which orders are taken from them. A variant without any: an empty list. */
export async function readStock(ctx: Ctx, variantIds: Iterable<Id<'var'>>): Promise<Map<Id<'var'>, StockLevel[]>> {
  const ids = [...variantIds];
  const stock = new Map<Id<'var'>, StockLevel[]>(ids.map((id) => [id, []]));
  if (ids.length === 0) return stock;
  const rows = await ctx.tx.execute<StockLevel & Record<string, unknown>>(sql`select l.variant_id as "variantId",
      l.location_id as "locationId", l.on_hand as "onHand", ${heldOf('l')} as reserved, l.incoming,
      l.safety_stock as "safetyStock", case when p.is_active then ${freeOf('l')} else 0 end as available
    from stock_levels l join stock_locations p on p.company_id = l.company_id and p.id = l.location_id
    where l.company_id = ${ctx.companyId} and ${isAnyOf(sql`l.variant_id`, ids)}
    order by l.variant_id, p.priority, p.id`);
  for (const row of rows) stock.get(row.variantId)?.push(row);
  return stock;
}

/**
 * What can be bought of variants now, bundles by what their parts allow. Variants that are not here, or no longer sold,
 * are left out. (`offset 0`: see `readParts`.)
 */
export async function availableOf(ctx: Ctx, variantIds: Iterable<Id<'var'>>): Promise<Map<Id<'var'>, Availability>> {
  const settings = await getSettings(ctx, 'inventory');
  const rows = await ctx.tx.execute<
    Availability & { variantId: Id<'var'>; isSold: boolean } & Record<string, unknown>
  >(sql`select s.id as "variantId",
      bool_and(s.is_sold) as "isSold",
      coalesce(
        min(s.units) filter (where s.is_counted and not s.backorder), min(s.units) filter (where s.is_counted)
      )::int as available,
      bool_and(not s.is_counted or s.backorder) and bool_or(s.is_counted) as backorder
    from (
      select v.id, v.archived_at is null as is_sold, part.tracks_stock or part.archived_at is not null as is_counted,
        part.archived_at is null and coalesce(part.backorder, ${settings.backorder ? 'allow' : 'deny'}) = 'allow' as backorder,
        case when part.archived_at is null then ${freeOfVariant(ctx, sql`part.id`)} / coalesce(k.quantity, 1) else 0 end as units
      from product_variants v
      left join bundle_components k on k.company_id = v.company_id and k.bundle_variant_id = v.id
      cross join lateral (
        select * from product_variants p where p.company_id = v.company_id
          and p.id = case when k.component_variant_id is null then v.id else k.component_variant_id end
        offset 0
      ) part
      where v.company_id = ${ctx.companyId} and ${isAnyOf(sql`v.id`, variantIds)}
    ) s
    group by s.id`);
  // Not left out in SQL: a planner without statistics would walk the index of what is sold instead of looking ids up.
  const sold = rows.filter(({ isSold }) => isSold);
  return new Map(sold.map(({ variantId, available, backorder }) => [variantId, { available, backorder }]));
}

import { type SQL, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { type Held, type HeldSum, type HeldUnits, heldUnitsOf } from './hold-choice.ts';
import type { Owner } from './holding.service.ts';
import { type Level, lockLevels } from './levels.service.ts';

export const ofOwner = (owner: Owner) => sql`r.owner_type = ${owner.type} and r.owner_id = ${owner.id}`;

export interface HeldGoods {
  units: HeldUnits[];
  /** What was ever reserved for the owner, held or not: the rest was sold without counting. */
  known: ReadonlySet<Id<'var'>>;
}

/** Whole units promised to an owner, by what was asked for and where all of each lies. */
export async function heldGoods(ctx: Ctx, owner: Owner): Promise<HeldGoods> {
  const sums = await ctx.tx.execute<HeldSum & Record<string, unknown>>(sql`select r.wanted_variant_id as "wantedId",
      r.variant_id as "variantId", r.location_id as "locationId", r.pieces_each as "piecesEach",
      r.created_at::text as "madeAt", coalesce(sum(r.quantity) filter (where r.status = 'held'), 0)::int as quantity
    from stock_reservations r
    where r.company_id = ${ctx.companyId} and ${ofOwner(owner)}
    group by r.wanted_variant_id, r.variant_id, r.location_id, r.pieces_each, r.created_at
    order by r.created_at, r.location_id, r.wanted_variant_id`);
  return { units: heldUnitsOf(sums), known: new Set(sums.map(({ wantedId }) => wantedId)) };
}

/** Which of these an owner ever had holds for, whatever became of them. */
export async function everHeld(ctx: Ctx, owner: Owner, wantedIds: Iterable<Id<'var'>>): Promise<Set<Id<'var'>>> {
  const rows = await ctx.tx.execute<{ id: Id<'var'> }>(sql`select distinct r.wanted_variant_id as id
    from stock_reservations r
    where r.company_id = ${ctx.companyId} and ${ofOwner(owner)} and ${isAnyOf(sql`r.wanted_variant_id`, wantedIds)}`);
  return new Set(rows.map(({ id }) => id));
}

/** What an owner has holds on: the levels to lock before `releaseLocked`. */
export const heldVariants = (ctx: Ctx, owner: Owner): Promise<Id<'var'>[]> => variantsOf(ctx, ofOwner(owner));

async function variantsOf(ctx: Ctx, which: SQL | undefined): Promise<Id<'var'>[]> {
  const seen = await ctx.tx.execute<{ variantId: Id<'var'> }>(sql`select distinct r.variant_id as "variantId"
    from stock_reservations r where r.company_id = ${ctx.companyId} and r.status = 'held' and ${which}`);
  return seen.map(({ variantId }) => variantId);
}

/** Locks the levels of all that an owner holds, in their order: before its holds, where both are changed. */
export async function lockHeldLevels(ctx: Ctx, owner: Owner): Promise<void> {
  await lockLevels(ctx, await heldVariants(ctx, owner));
}

/** Locks first the levels, in their order, then the holds on them: everybody does it so. */
export async function lockHeld(ctx: Ctx, which: SQL | undefined): Promise<{ held: Held[]; levels: Level[] }> {
  const variantIds = await variantsOf(ctx, which);
  if (variantIds.length === 0) return { held: [], levels: [] };
  const levels = await lockLevels(ctx, variantIds);
  return { held: onLocked(await readHeld(ctx, which), levels), levels };
}

/** A hold made since on a level that is not locked: it is somebody else's turn. */
export function onLocked(held: readonly Held[], levels: readonly Level[]): Held[] {
  const locked = new Set(levels.map(({ variantId, locationId }) => variantId + locationId));
  return held.filter(({ variantId, locationId }) => locked.has(variantId + locationId));
}

/** Holds that have not ended, locked in the order of their ids. */
export function readHeld(ctx: Ctx, which: SQL | undefined): Promise<Held[]> {
  return ctx.tx.execute<Held & Record<string, unknown>>(sql`select r.id, r.variant_id as "variantId",
      r.location_id as "locationId", r.quantity, json_build_object('type', r.owner_type, 'id', r.owner_id) as owner,
      r.wanted_variant_id as "wantedId", r.pieces_each as "piecesEach", r.created_at::text as "madeAt",
      coalesce(r.expires_at <= now(), false) as "hasLapsed"
    from stock_reservations r
    where r.company_id = ${ctx.companyId} and r.status = 'held' and ${which}
    order by r.id
    for update`);
}

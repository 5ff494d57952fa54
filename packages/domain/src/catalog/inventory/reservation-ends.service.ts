import { and, asc, eq, gt, lte, type SQL, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import { type CompanyId, type Id, newId } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { refreshAvailabilityOf } from './availability.service.ts';
import { checkLines, type Line, readParts } from './demand.service.ts';
import { chosen, type Ending, type Held, unitsOf, wantedOf } from './hold-choice.ts';
import { NotReserved, StockBelowZero } from './inventory.errors.ts';
import { type MovementKind, stockReservations } from './inventory.schema.ts';
import {
  type Cause,
  ensureLevels,
  type Level,
  listed,
  lockLevels,
  type Move,
  type MovedLevel,
  moveStock,
  refuseTooMuch,
} from './levels.service.ts';
import { defaultLocationId, refuseUnknownLocations } from './locations.service.ts';
import { refreshLowStock } from './low-stock.service.ts';
import { settle } from './settlement.service.ts';

type End = 'released' | 'expired' | 'consumed';
const KIND: Record<End, MovementKind> = { released: 'release', expired: 'expiry', consumed: 'fulfilment' };

/**
 * Gives an owner's goods back, all of them or what `lines` say (of a bundle: its parts); never more than is held. Doing
 * it again gives back nothing. Returns how many units came free. Not in one unit of work with a `reserve` (see there).
 */
export async function release(ctx: Ctx, owner: { type: string; id: string }, lines?: readonly Line[]): Promise<number> {
  if (lines) checkLines(lines);
  const { held } = await lockHeld(ctx, ofOwner(owner));
  // What was promised last is given back first.
  const endings = lines ? chosen([...held].reverse(), lines).endings : all(held);
  await settle(ctx, await endHolds(ctx, endings, 'released'));
  return unitsOf(endings);
}

/**
 * An owner's goods leave the shelf: all of them, or what `lines` say (of a bundle: the parts it had when it was
 * reserved; of what was not counted then: nothing). They leave the place where they are promised; with `from` all of them
 * that one, whatever place they were promised at: the promise elsewhere is given back. Throws `NotReserved` when less is
 * held than lines name, `NotFound` for a variant that is not here, `StockBelowZero` when the shelf has fewer.
 */
export async function consume(
  ctx: Ctx,
  owner: { type: string; id: string },
  lines?: readonly Line[],
  from?: Id<'loc'>,
): Promise<number> {
  if (lines) checkLines(lines);
  // Made before anything is locked: see `ensureLevels` of reservations.
  if (from) await ensureLevelsAt(ctx, owner, from);
  const { held, levels } = await lockHeld(ctx, ofOwner(owner));
  const nearest = from ? [...held].sort((a, b) => Number(b.locationId === from) - Number(a.locationId === from)) : held;
  const { endings, missing } = lines ? chosen(nearest, lines) : { endings: all(nearest), missing: undefined };
  if (missing) throw new NotReserved(missing.variantId, missing.quantity, missing.quantity - missing.short);
  if (lines) await refuseEnded(ctx, owner, held, lines);
  refuseEmptyShelves(levels, endings, from);
  await settle(ctx, await endHolds(ctx, endings, 'consumed', from));
  return unitsOf(endings);
}

async function ensureLevelsAt(ctx: Ctx, owner: { type: string; id: string }, locationId: Id<'loc'>): Promise<void> {
  const variantIds = await heldVariants(ctx, owner);
  await ensureLevels(
    ctx,
    variantIds.map((variantId) => ({ variantId, locationId })),
  );
}

/** Goods promised to an owner by what was asked for and where; of a bundle as many as its scarcest part allows. */
export async function heldUnits(
  ctx: Ctx,
  owner: { type: string; id: string },
): Promise<{ variantId: Id<'var'>; locationId: Id<'loc'>; quantity: number }[]> {
  return ctx.tx.execute<{ variantId: Id<'var'>; locationId: Id<'loc'>; quantity: number }>(sql`select
      p.wanted_variant_id as "variantId", p.location_id as "locationId", min(p.units)::int as quantity
    from (
      select r.wanted_variant_id, r.location_id, r.variant_id, sum(r.quantity / r.pieces_each) as units
      from stock_reservations r
      where r.company_id = ${ctx.companyId} and r.status = 'held' and ${ofOwner(owner)}
      group by r.wanted_variant_id, r.location_id, r.variant_id
    ) p
    group by p.wanted_variant_id, p.location_id
    order by p.location_id, p.wanted_variant_id`);
}

/** What an owner has holds on: the levels to lock before `releaseLocked`. */
export async function heldVariants(ctx: Ctx, owner: { type: string; id: string }): Promise<Id<'var'>[]> {
  const seen = await ctx.tx.execute<{ variantId: Id<'var'> }>(sql`select distinct r.variant_id as "variantId"
    from stock_reservations r where r.company_id = ${ctx.companyId} and r.status = 'held' and ${ofOwner(owner)}`);
  return seen.map(({ variantId }) => variantId);
}

/** Gives back all that an owner holds of levels the caller has locked, and leaves it to the caller to `settle`. */
export async function releaseLocked(
  ctx: Ctx,
  owner: { type: string; id: string },
  levels: readonly Level[],
): Promise<MovedLevel[]> {
  const held = onLocked(await readHeld(ctx, ofOwner(owner)), levels);
  return endHolds(ctx, all(held), 'released');
}

/** Moves the end of an owner's holds; null makes them last. Returns how many holds there were: none means they are gone. */
export async function extend(
  ctx: Ctx,
  owner: { type: string; id: string },
  expiresAt: Instant | null,
): Promise<number> {
  const held = await readHeld(ctx, ofOwner(owner)); // in the order in which everybody locks them
  const ids = held.map(({ id }) => id);
  await ctx.tx
    .update(stockReservations)
    .set({ expiresAt })
    .where(mine(ctx, stockReservations, isAnyOf(stockReservations.id, ids)));
  const again = new Set(held.filter(({ hasLapsed }) => hasLapsed).map(({ variantId }) => variantId));
  if (again.size > 0) await refreshLowStock(ctx, again); // they counted for nothing, and count again
  await refreshAvailabilityOf(ctx, again);
  return held.length;
}

/**
 * Goods that came back are on the shelf again, at their location or the default one; of a bundle its parts, of what nobody
 * counts nothing. Throws `InvalidInput`, `NotFound` for a variant or location that is not here, `TooMuchStock`.
 */
export async function restock(
  ctx: Ctx,
  lines: readonly (Line & { locationId?: Id<'loc'> | undefined })[],
  cause: Cause,
): Promise<void> {
  checkLines(lines);
  const parts = await readParts(ctx, new Set(lines.map(({ variantId }) => variantId)));
  await refuseUnknownLocations(
    ctx,
    lines.flatMap(({ locationId }) => locationId ?? []),
  );
  const fallback = await defaultLocationId(ctx);
  const moves = lines.flatMap(({ variantId: wantedId, locationId = fallback, quantity }) =>
    (parts.get(wantedId) ?? [])
      .filter(({ isCounted }) => isCounted)
      .map(({ variantId, pieces }): Move => ({ variantId, locationId, kind: 'return', onHand: quantity * pieces })),
  );
  await ensureLevels(ctx, moves);
  const levels = await lockLevels(ctx, new Set(moves.map(({ variantId }) => variantId)));
  refuseTooMuch(levels, moves);
  await settle(ctx, await moveStock(ctx, moves, cause));
}

/** Ends up to `max` holds that ran out, oldest first; returns how many. For the sweep; nothing waits for it. */
export async function expireDue(ctx: Ctx, max: number): Promise<number> {
  const due = await ctx.tx
    .select({ id: stockReservations.id })
    .from(stockReservations)
    .where(
      mine(ctx, stockReservations, eq(stockReservations.status, 'held'), lte(stockReservations.expiresAt, sql`now()`)),
    )
    .orderBy(asc(stockReservations.expiresAt))
    .limit(max);
  if (due.length === 0) return 0;
  const which = and(
    isAnyOf(
      sql`r.id`,
      due.map(({ id }) => id),
    ),
    RAN_OUT,
  );
  const { held } = await lockHeld(ctx, which);
  await settle(ctx, await endHolds(ctx, all(held), 'expired'));
  return due.length;
}

/** Ends the holds of these variants that ran out. The caller has locked their levels, and sees to what follows. */
export async function expireHoldsOf(ctx: Ctx, variantIds: readonly Id<'var'>[]): Promise<MovedLevel[]> {
  const held = await readHeld(ctx, and(isAnyOf(sql`r.variant_id`, variantIds), RAN_OUT));
  return endHolds(ctx, all(held), 'expired');
}

/** As the relay role, in no company: which companies have holds that ran out; by id, from the one behind `after` on. */
export async function companiesWithExpiredHolds(tx: Tx, limit: number, after?: CompanyId): Promise<CompanyId[]> {
  const rows = await tx
    .select({ companyId: stockReservations.companyId })
    .from(stockReservations)
    .where(
      and(
        eq(stockReservations.status, 'held'),
        lte(stockReservations.expiresAt, sql`now()`),
        after && gt(stockReservations.companyId, after),
      ),
    )
    .groupBy(stockReservations.companyId)
    .orderBy(asc(stockReservations.companyId))
    .limit(limit);
  return rows.map(({ companyId }) => companyId);
}

const RAN_OUT = sql`r.expires_at <= now()`;
const ofOwner = (owner: { type: string; id: string }) => sql`r.owner_type = ${owner.type} and r.owner_id = ${owner.id}`;
const all = (held: readonly Held[]): Ending[] => held.map((one) => ({ held: one, quantity: one.quantity }));

/** Locks first the levels, in their order, then the holds on them: everybody does it so. */
async function lockHeld(ctx: Ctx, which: SQL | undefined): Promise<{ held: Held[]; levels: Level[] }> {
  const seen = await ctx.tx.execute<{ variantId: Id<'var'> }>(sql`select distinct r.variant_id as "variantId"
    from stock_reservations r where r.company_id = ${ctx.companyId} and r.status = 'held' and ${which}`);
  if (seen.length === 0) return { held: [], levels: [] };
  const levels = await lockLevels(
    ctx,
    seen.map(({ variantId }) => variantId),
  );
  return { held: onLocked(await readHeld(ctx, which), levels), levels };
}

// A hold made since on a level that is not locked: it is somebody else's turn.
function onLocked(held: readonly Held[], levels: readonly Level[]): Held[] {
  const locked = new Set(levels.map(({ variantId, locationId }) => variantId + locationId));
  return held.filter(({ variantId, locationId }) => locked.has(variantId + locationId));
}

function readHeld(ctx: Ctx, which: SQL | undefined): Promise<Held[]> {
  return ctx.tx.execute<Held & Record<string, unknown>>(sql`select r.id, r.variant_id as "variantId",
      r.location_id as "locationId", r.quantity, json_build_object('type', r.owner_type, 'id', r.owner_id) as owner,
      r.wanted_variant_id as "wantedId", r.pieces_each as "piecesEach", coalesce(r.expires_at <= now(), false) as "hasLapsed"
    from stock_reservations r
    where r.company_id = ${ctx.companyId} and r.status = 'held' and ${which}
    order by r.id
    for update`);
}

/** What lines name and nothing is held for: it was never counted for this owner, or it ended, and then it cannot be sent. */
async function refuseEnded(
  ctx: Ctx,
  owner: { type: string; id: string },
  held: readonly Held[],
  lines: readonly Line[],
): Promise<void> {
  const wanted = wantedOf(lines);
  for (const { wantedId } of held) wanted.delete(wantedId);
  if (wanted.size === 0) return;
  const ended = await ctx.tx.execute<{ id: Id<'var'> }>(sql`select r.wanted_variant_id as id from stock_reservations r
    where r.company_id = ${ctx.companyId} and ${ofOwner(owner)} and ${isAnyOf(sql`r.wanted_variant_id`, wanted.keys())}
    order by r.id limit 1`);
  const [first] = ended;
  if (first) throw new NotReserved(first.id, wanted.get(first.id) ?? 0, 0);
  await readParts(ctx, new Set(wanted.keys()));
}

/** `from`: where all of them leave, wherever they are promised. */
function refuseEmptyShelves(levels: readonly Level[], endings: readonly Ending[], from: Id<'loc'> | undefined): void {
  for (const { variantId, locationId, onHand } of levels) {
    const leaving = endings
      .filter(({ held }) => held.variantId === variantId && (from ?? held.locationId) === locationId)
      .reduce((sum, { quantity }) => sum + quantity, 0);
    if (leaving <= onHand) continue;
    const elsewhere = levels
      .filter((level) => level.variantId === variantId && level.locationId !== locationId)
      .reduce((sum, level) => sum + level.onHand, 0);
    throw StockBelowZero.byFulfilment(variantId, locationId, onHand, leaving, elsewhere);
  }
}

/** Ends holds, wholly or in part, lowers the counters and writes the ledger. */
async function endHolds(ctx: Ctx, endings: readonly Ending[], end: End, from?: Id<'loc'>): Promise<MovedLevel[]> {
  if (endings.length === 0) return [];
  await markEnded(ctx, endings, end);
  const moves = endings.flatMap(({ held, quantity }): Move[] => {
    const promised = { variantId: held.variantId, locationId: held.locationId, cause: held.owner };
    if (end !== 'consumed') return [{ ...promised, kind: KIND[end], reserved: -quantity }];
    if (!from || from === held.locationId)
      return [{ ...promised, kind: KIND[end], reserved: -quantity, onHand: -quantity }];
    return [
      { ...promised, kind: 'release', reserved: -quantity },
      { ...promised, locationId: from, kind: KIND[end], onHand: -quantity },
    ];
  });
  return moveStock(ctx, moves, { type: 'reservation' });
}

/** A hold that ends in part keeps its row with the rest; what ended gets a row of its own. */
async function markEnded(ctx: Ctx, endings: readonly Ending[], end: End): Promise<void> {
  const whole = endings.filter(({ held, quantity }) => quantity === held.quantity).map(({ held }) => held.id);
  const partly = endings.filter(({ held, quantity }) => quantity < held.quantity);
  if (whole.length > 0)
    await ctx.tx.execute(sql`update stock_reservations r set status = ${end}, ended_at = now()
      where r.company_id = ${ctx.companyId} and ${isAnyOf(sql`r.id`, whole)}`);
  if (partly.length === 0) return;
  const rows = partly.map(({ held, quantity }) => ({ id: held.id, split: newId('rsv'), q: quantity }));
  await ctx.tx.execute(sql`with parts as materialized (
      select * from ${listed(rows, 'g(id text collate "C", split text, q int)')}
    ), rest as (
      update stock_reservations r set quantity = r.quantity - p.q from parts p
      where r.company_id = ${ctx.companyId} and r.id = p.id
    )
    insert into stock_reservations
      (company_id, id, owner_type, owner_id, variant_id, location_id, quantity,
        wanted_variant_id, pieces_each, status, expires_at, created_at, ended_at)
    select r.company_id, p.split, r.owner_type, r.owner_id, r.variant_id, r.location_id, p.q,
      r.wanted_variant_id, r.pieces_each, ${end}, r.expires_at, r.created_at, now()
    from stock_reservations r join parts p on p.id = r.id where r.company_id = ${ctx.companyId}`);
}

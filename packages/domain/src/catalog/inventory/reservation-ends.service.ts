import { and, asc, eq, gt, lte, type SQL, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import { type CompanyId, type Id, newId } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { refreshAvailabilityOf } from './availability.service.ts';
import { checkLines, type Line, readParts } from './demand.service.ts';
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

interface Held {
  id: Id<'rsv'>;
  variantId: Id<'var'>;
  locationId: Id<'loc'>;
  quantity: number;
  /** What was asked for, and units of this variant that one of it takes: as it was then, whatever the recipe is now. */
  wantedId: Id<'var'>;
  piecesEach: number;
  hasLapsed: boolean;
  owner: { type: string; id: string };
}

type End = 'released' | 'expired' | 'consumed';
const KIND: Record<End, MovementKind> = { released: 'release', expired: 'expiry', consumed: 'fulfilment' };

/** A part of a hold, or all of it. */
interface Ending {
  held: Held;
  quantity: number;
}

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
 * reserved; of what was not counted then: nothing). Throws `NotReserved` when less is held than lines name, `NotFound` for
 * a variant that is not here, `StockBelowZero` when the shelf has fewer than were promised.
 */
export async function consume(ctx: Ctx, owner: { type: string; id: string }, lines?: readonly Line[]): Promise<number> {
  if (lines) checkLines(lines);
  const { held, levels } = await lockHeld(ctx, ofOwner(owner));
  const { endings, missing } = lines ? chosen(held, lines) : { endings: all(held), missing: undefined };
  if (missing) throw new NotReserved(missing.variantId, missing.quantity, missing.quantity - missing.short);
  if (lines) await refuseEnded(ctx, owner, held, lines);
  refuseEmptyShelves(levels, endings);
  await settle(ctx, await endHolds(ctx, endings, 'consumed'));
  return unitsOf(endings);
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
  const locked = new Set(levels.map(({ variantId, locationId }) => variantId + locationId));
  const held = await readHeld(ctx, which);
  // A hold made since on a level that is not locked: it is somebody else's turn.
  return { held: held.filter(({ variantId, locationId }) => locked.has(variantId + locationId)), levels };
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

/** What is asked for of each variant, over all lines. */
function wantedOf(lines: readonly Line[]): Map<Id<'var'>, number> {
  const wanted = new Map<Id<'var'>, number>();
  for (const { variantId, quantity } of lines) wanted.set(variantId, (wanted.get(variantId) ?? 0) + quantity);
  return wanted;
}

/** A part of what was asked for, of which holds have too few: in its own units. */
interface Missing {
  variantId: Id<'var'>;
  quantity: number;
  short: number;
}

/**
 * Which holds, or which parts of them, make up what lines ask for, each by what it was made for; and the first part of
 * which they have too few. What is still asked for is counted in units of what was wanted: a recipe may have changed
 * between two holds.
 */
function chosen(held: readonly Held[], lines: readonly Line[]): { endings: Ending[]; missing: Missing | undefined } {
  const wanted = wantedOf(lines);
  const open = new Map<string, { asked: number; left: number; last: Held }>();
  const endings = held.flatMap((one) => {
    const key = `${one.wantedId}|${one.variantId}`;
    const asked = wanted.get(one.wantedId) ?? 0;
    const left = open.get(key)?.left ?? asked;
    const quantity = Math.min(one.quantity, Math.round(left * one.piecesEach));
    open.set(key, { asked, left: left - quantity / one.piecesEach, last: one });
    return quantity > 0 ? [{ held: one, quantity }] : [];
  });
  const [missing] = [...open.values()].flatMap(({ asked, left, last: { variantId, piecesEach } }) => {
    const short = Math.round(left * piecesEach);
    return short > 0 ? [{ variantId, quantity: asked * piecesEach, short }] : [];
  });
  return { endings, missing };
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

function refuseEmptyShelves(levels: readonly Level[], endings: readonly Ending[]): void {
  for (const { variantId, locationId, onHand } of levels) {
    const leaving = endings
      .filter(({ held }) => held.variantId === variantId && held.locationId === locationId)
      .reduce((sum, { quantity }) => sum + quantity, 0);
    if (leaving <= onHand) continue;
    const elsewhere = levels
      .filter((level) => level.variantId === variantId && level.locationId !== locationId)
      .reduce((sum, level) => sum + level.onHand, 0);
    throw StockBelowZero.byFulfilment(variantId, locationId, onHand, leaving, elsewhere);
  }
}

const unitsOf = (endings: readonly Ending[]) => endings.reduce((sum, { quantity }) => sum + quantity, 0);

/** Ends holds, wholly or in part, lowers the counters and writes the ledger. */
async function endHolds(ctx: Ctx, endings: readonly Ending[], end: End): Promise<MovedLevel[]> {
  if (endings.length === 0) return [];
  await markEnded(ctx, endings, end);
  const moves = endings.map(
    ({ held, quantity }): Move => ({
      variantId: held.variantId,
      locationId: held.locationId,
      kind: KIND[end],
      reserved: -quantity,
      onHand: end === 'consumed' ? -quantity : 0,
      cause: held.owner,
    }),
  );
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

import { and, asc, eq, gt, lte, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import { type CompanyId, type Id, newId } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { refreshAvailabilityOf } from './availability.service.ts';
import { checkLines, type Line, readParts } from './demand.service.ts';
import { everHeld, heldVariants, lockHeld, ofOwner, onLocked, readHeld } from './held-goods.service.ts';
import { chosen, type Ending, type Held, type Missing, nearestFirst, unitsOf } from './hold-choice.ts';
import type { Owner } from './holding.service.ts';
import { NotReserved, StockBelowZero } from './inventory.errors.ts';
import { type MovementKind, stockReservations } from './inventory.schema.ts';
import { ensureLevels, type Level, listed, type Move, type MovedLevel, moveStock } from './levels.service.ts';
import { refreshLowStock } from './low-stock.service.ts';
import { settle } from './settlement.service.ts';

type End = 'released' | 'expired' | 'consumed';
const KIND: Record<End, MovementKind> = { released: 'release', expired: 'expiry', consumed: 'fulfilment' };

/**
 * Gives an owner's goods back, all of them or what `lines` say (of a bundle: its parts); never more than is held. Doing
 * it again gives back nothing. Returns how many units came free. Not in one unit of work with a `reserve` (see there).
 */
export async function release(ctx: Ctx, owner: Owner, lines?: readonly Line[]): Promise<number> {
  if (lines) checkLines(lines);
  const { held } = await lockHeld(ctx, ofOwner(owner));
  // What was promised last is given back first.
  const endings = lines ? chosen([...held].reverse(), lines).endings : all(held);
  await settle(ctx, await endHolds(ctx, endings, 'released'));
  return unitsOf(endings);
}

/**
 * An owner's goods leave the shelf: all of them, or what `lines` say (of a bundle: the parts it had when it was
 * reserved; of what was not counted then, or is not any more: nothing). They leave the place where they are promised; with `from` all of them
 * that one, whatever place they were promised at: the promise elsewhere is given back. Throws `NotReserved` when less is
 * held than lines name, `NotFound` for a variant that is not here, `StockBelowZero` when the shelf has fewer.
 */
export async function consume(ctx: Ctx, owner: Owner, lines?: readonly Line[], from?: Id<'loc'>): Promise<number> {
  if (lines) checkLines(lines);
  // Made before anything is locked: see `ensureLevels` of reservations.
  if (from) await ensureLevelsAt(ctx, owner, from);
  const { held, levels } = await lockHeld(ctx, ofOwner(owner));
  const nearest = from ? nearestFirst(held, from) : held;
  const { endings, missing } = lines ? chosen(nearest, lines) : { endings: all(nearest), missing: [] };
  if (missing.length > 0) await refuseMissing(ctx, owner, missing);
  refuseEmptyShelves(levels, endings, from);
  await settle(ctx, await endHolds(ctx, endings, 'consumed', from));
  return unitsOf(endings);
}

async function ensureLevelsAt(ctx: Ctx, owner: Owner, locationId: Id<'loc'>): Promise<void> {
  const variantIds = await heldVariants(ctx, owner);
  await ensureLevels(
    ctx,
    variantIds.map((variantId) => ({ variantId, locationId })),
  );
}

/** Gives back all that an owner holds of levels the caller has locked, and leaves it to the caller to `settle`. */
export async function releaseLocked(ctx: Ctx, owner: Owner, levels: readonly Level[]): Promise<MovedLevel[]> {
  const held = onLocked(await readHeld(ctx, ofOwner(owner)), levels);
  return endHolds(ctx, all(held), 'released');
}

/** Moves the end of an owner's holds; null makes them last. Returns how many holds there were: none means they are gone. */
export async function extend(ctx: Ctx, owner: Owner, expiresAt: Instant | null): Promise<number> {
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

/** So long before a hold runs out somebody may begin to end it while it is made to last. */
const LAPSING_SECONDS = 5;

/**
 * Makes an owner's holds last for good, in one statement, if all of them are alive. Nothing was changed if one is about
 * to run out (`lapsing`: lock its level, then `extend`) or has ended so (`lost`).
 */
export async function makeLasting(ctx: Ctx, owner: Owner): Promise<'kept' | 'lapsing' | 'lost'> {
  const [row] = await ctx.tx.execute<{ isLost: boolean; isKept: boolean }>(sql`with own as materialized (
      select r.id, r.status, r.expires_at from stock_reservations r
      where r.company_id = ${ctx.companyId} and ${ofOwner(owner)} and r.status in ('held', 'expired')
    ), sound as (
      select coalesce(bool_or(o.status = 'expired'), false) as "isLost", coalesce(bool_and(o.status = 'held' and
        coalesce(o.expires_at > clock_timestamp() + make_interval(secs => ${LAPSING_SECONDS}::int), true)), true) as "isKept"
      from own o
    ), kept as (
      update stock_reservations r set expires_at = null
      where r.company_id = ${ctx.companyId} and r.id = any(array(select o.id from own o)) and r.status = 'held'
        and r.expires_at is not null and (select s."isKept" from sound s)
    )
    select s."isLost", s."isKept" from sound s`);
  if (row?.isLost) return 'lost';
  return row?.isKept ? 'kept' : 'lapsing';
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
const all = (held: readonly Held[]): Ending[] => held.map((one) => ({ held: one, quantity: one.quantity }));

/**
 * What lines name and is not held: it ended, and then it cannot be sent. It may be if it was never counted for this owner,
 * or is not any more. Throws `NotReserved`, `NotFound` for a variant that is not here.
 */
async function refuseMissing(ctx: Ctx, owner: Owner, missing: readonly Missing[]): Promise<void> {
  const wantedIds = new Set(missing.map(({ wantedId }) => wantedId));
  const parts = await readParts(ctx, wantedIds);
  const known = await everHeld(ctx, owner, wantedIds);
  const isCounted = (id: Id<'var'>) => parts.get(id)?.some((part) => part.isCounted) ?? false;
  const first = missing.find(({ wantedId }) => known.has(wantedId) && isCounted(wantedId));
  if (first) throw new NotReserved(first.variantId, first.quantity, first.quantity - first.short);
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

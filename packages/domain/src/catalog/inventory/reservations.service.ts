import { and, eq, sql } from 'drizzle-orm';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { allocate, type Demand, freeTogether, type Piece, type Shelf } from './allocation.ts';
import { refreshAvailabilityOf } from './availability.service.ts';
import { checkLines, type Line, type Part, readParts, readShelves } from './demand.service.ts';
import { InsufficientStock, type Shortage, TooMuchStock } from './inventory.errors.ts';
import { stockReservations } from './inventory.schema.ts';
import { ensureLevels, ledgerInsert, listed, lockLevels } from './levels.service.ts';
import { defaultLocationId } from './locations.service.ts';
import { refreshLowStock } from './low-stock.service.ts';
import { expireHoldsOf } from './reservation-ends.service.ts';
import type { StockReservationsQuery, StockReservationView } from './reservations.contract.ts';
import { UNITS_MAX } from './stock.contract.ts';

/** Whose goods they are: `{ type: 'order', id }`. */
export interface Owner {
  readonly type: string;
  readonly id: string;
}

export interface ReserveRequest {
  owner: Owner;
  lines: readonly Line[];
  /** When the promise ends by itself; null: never. */
  expiresAt: Instant | null;
}

/** Goods promised from one place. */
export interface Reservation {
  id: Id<'rsv'>;
  variantId: Id<'var'>;
  locationId: Id<'loc'>;
  quantity: number;
}

/** What of a demand is for what was asked for. */
interface Want {
  wantedId: Id<'var'>;
  /** Units that one of it takes. */
  piecesEach: number;
  quantity: number;
}

interface WantedDemand extends Demand {
  wants: readonly Want[];
}

/** A hold to be: a piece, or what of it is for one want. */
type Share = Piece & Want;

type Parts = ReadonlyMap<Id<'var'>, readonly Part[]>;
type Shelves = ReadonlyMap<Id<'var'>, readonly Shelf[]>;
/** What could be sold of variants just before, by the counters, over active locations. */
type FreeBefore = Map<Id<'var'>, number>;

/**
 * Promises goods to an owner: all lines or none. Wants are added up per variant first (two bundles may share a part), then
 * taken by one statement that holds only if all of it is there. If it is not, holds that ran out are ended, the levels
 * are locked, and what there is then is the truth. Calling it again for the same owner reserves again.
 * Throws `NotFound` for a variant that is not here, `InsufficientStock`, `TooMuchStock`.
 *
 * Not in one unit of work with another `reserve`, a `release` or a `consume`: each locks levels in their order, two after
 * another do not, and then two buyers may wait for each other in a circle.
 */
export async function reserve(ctx: Ctx, request: ReserveRequest): Promise<Reservation[]> {
  checkLines(request.lines);
  const wantedIds = new Set(request.lines.map(({ variantId }) => variantId));
  const [parts, shelves] = await Promise.all([readParts(ctx, wantedIds), readShelves(ctx, wantedIds)]);
  const demands = demandsOf(request.lines, parts);
  const fallback = await ensureFallback(ctx, demands, shelves);
  let locked: readonly LevelKey[] | undefined;
  if (shortagesOf(request.lines, parts, shelves).length === 0) {
    const kept = await keep(ctx, request, placed(demands, shelves, fallback), shelves);
    if (kept.isKept) return finish(ctx, kept, parts, false);
    locked = kept.locked;
  }
  const variantIds = demands.map(({ variantId }) => variantId);
  locked ??= await lockLevels(ctx, variantIds);
  return reserveFromTruth(ctx, request, { parts, demands, fallback }, locked);
}

/** With the levels locked: nothing can change any more between looking and taking. */
async function reserveFromTruth(
  ctx: Ctx,
  request: ReserveRequest,
  { parts, demands, fallback }: { parts: Parts; demands: readonly WantedDemand[]; fallback: Id<'loc'> | undefined },
  levels: readonly LevelKey[],
): Promise<Reservation[]> {
  const locked = new Set(levels.map(keyOf));
  const variantIds = demands.map(({ variantId }) => variantId);
  await expireHoldsOf(ctx, variantIds);
  // A level made since is not locked, and locking it now would be out of order: it is for the next one.
  const shelves = new Map(
    [...(await readShelves(ctx, variantIds))].map(([variantId, own]) => [
      variantId,
      own.filter(({ locationId }) => locked.has(keyOf({ variantId, locationId }))),
    ]),
  );
  const shortages = shortagesOf(request.lines, parts, shelves);
  if (shortages.length > 0) throw new InsufficientStock(shortages);
  const kept = await keep(ctx, request, placed(demands, shelves, fallback), shelves, HELD_ONLY);
  if (kept.full) throw new TooMuchStock(kept.full, UNITS_MAX);
  if (!kept.isKept) throw new Error('Locked stock levels changed under the lock');
  return finish(ctx, kept, parts, true);
}

/** What is wanted of each counted variant, over all lines. Throws `InvalidInput` for more than a counter holds. */
function demandsOf(lines: readonly Line[], parts: Parts): WantedDemand[] {
  const demands = new Map<Id<'var'>, WantedDemand>();
  for (const { variantId: wantedId, quantity: lineQuantity } of lines) {
    for (const { variantId, pieces: piecesEach, isCounted, backorder } of parts.get(wantedId) ?? []) {
      if (!isCounted) continue;
      const before = demands.get(variantId);
      const want = { wantedId, piecesEach, quantity: lineQuantity * piecesEach };
      const quantity = (before?.quantity ?? 0) + want.quantity;
      demands.set(variantId, { variantId, quantity, backorder, wants: [...(before?.wants ?? []), want] });
    }
  }
  const message = `Expected at most ${UNITS_MAX} units of a variant in all lines together.`;
  if ([...demands.values()].some(({ quantity }) => quantity > UNITS_MAX))
    throw new InvalidInput({ pointer: '/lines', code: 'too_many_units', message });
  return [...demands.values()];
}

/** Which lines do not fit, each after those before it. */
function shortagesOf(lines: readonly Line[], parts: Parts, shelves: Shelves): Shortage[] {
  const left = new Map([...shelves].map(([variantId, own]) => [variantId, freeTogether(own)]));
  return lines.flatMap(({ variantId: wantedId, quantity: requested }, line) => {
    const own = parts.get(wantedId) ?? [];
    const counted = own.filter(({ isCounted, backorder }) => isCounted && !backorder);
    const possible = counted.map(({ variantId, pieces }) => Math.floor((left.get(variantId) ?? 0) / pieces));
    const available = own.some(({ isGone }) => isGone) ? 0 : Math.min(requested, ...possible);
    for (const { variantId, pieces } of counted) left.set(variantId, (left.get(variantId) ?? 0) - available * pieces);
    return available < requested ? [{ line, variantId: wantedId, requested, available }] : [];
  });
}

/**
 * Where promises beyond stock stand, with a level for everything that may be promised so. Made before anything is
 * locked: who inserts a level under a lock waits in a circle with the one who inserts it first and locks then.
 */
async function ensureFallback(ctx: Ctx, demands: readonly Demand[], shelves: Shelves): Promise<Id<'loc'> | undefined> {
  const endless = demands.filter(({ backorder }) => backorder);
  if (endless.length === 0) return undefined;
  const locationId = await defaultLocationId(ctx);
  const without = endless.filter(
    ({ variantId }) => !shelves.get(variantId)?.some((shelf) => shelf.locationId === locationId),
  );
  await ensureLevels(
    ctx,
    without.map(({ variantId }) => ({ variantId, locationId })),
  );
  return locationId;
}

/** From where each demand is taken, and what for. */
function placed(demands: readonly WantedDemand[], shelves: Shelves, fallback: Id<'loc'> | undefined): Share[] {
  return demands.flatMap((demand) => {
    const own = allocate(demand, shelves.get(demand.variantId) ?? [], fallback);
    if (!own) throw new Error('A demand without a shortage could not be placed');
    return shared(own, demand.wants);
  });
}

/** Cuts pieces so that each is for one want; together they are the same. */
function shared(pieces: readonly Piece[], wants: readonly Want[]): Share[] {
  const open = wants.map((want) => ({ ...want }));
  return pieces.flatMap((piece) => {
    let left = piece.quantity;
    return open.flatMap((want) => {
      const quantity = Math.min(left, want.quantity);
      left -= quantity;
      want.quantity -= quantity;
      return quantity > 0 ? [{ ...piece, ...want, quantity }] : [];
    });
  });
}

type LevelKey = Pick<Piece, 'variantId' | 'locationId'>;
const keyOf = ({ variantId, locationId }: LevelKey) => `${variantId}|${locationId}`;
const ALL_LEVELS = sql``;
/** Where the levels are locked already: those that pieces are taken from. */
const HELD_ONLY = sql`and exists (select 1 from given g where g.v = l.variant_id and g.l = l.location_id)`;

interface Kept {
  isKept: boolean;
  reservations: Reservation[];
  freeBefore: FreeBefore;
  /** A variant of which more would be promised at one place than its counter is meant to hold. */
  full?: Id<'var'> | undefined;
  /** What is locked now, kept or not. */
  locked: readonly LevelKey[];
}

/**
 * One statement: locks all levels of these variants in their order, and only if every piece is there raises `reserved`,
 * writes the reservations and the ledger. Not kept if something was not there; nothing was written then.
 */
async function keep(
  ctx: Ctx,
  request: ReserveRequest,
  pieces: readonly Share[],
  shelves: Shelves,
  which = ALL_LEVELS,
): Promise<Kept> {
  if (pieces.length === 0) return { isKept: true, reservations: [], freeBefore: new Map(), locked: [] };
  const { owner, expiresAt } = request;
  const rows = pieces.map(({ variantId, locationId, quantity, isBeyond, wantedId, piecesEach }) => ({
    id: newId('rsv'),
    m: newId('mov'),
    v: variantId,
    l: locationId,
    q: quantity,
    beyond: isBeyond,
    w: wantedId,
    e: piecesEach,
  }));
  const locked = await ctx.tx.execute<LockedRow & Record<string, unknown>>(sql`with given as materialized (
      select * from ${listed(rows, 'g(id text, m text, v text collate "C", l text collate "C", q int, beyond bool, w text, e int)')}
    ), sums as (
      select g.v, g.l, sum(g.q)::int as q, bool_or(g.beyond) as beyond from given g group by g.v, g.l
    ), locked as (
      select l.variant_id, l.location_id, l.on_hand - l.reserved - l.safety_stock as free, l.reserved from stock_levels l
      where l.company_id = ${ctx.companyId} and l.variant_id = any(array(select g.v from given g)) ${which}
      order by l.variant_id, l.location_id
      for no key update
    ), fits as (
      select count(*) filter (where (s.beyond or l.free >= s.q) and l.reserved + s.q <= ${UNITS_MAX}::int)
          = (select count(*) from sums) as all,
        min(s.v) filter (where l.reserved + s.q > ${UNITS_MAX}::int) as full
      from sums s join locked l on l.variant_id = s.v and l.location_id = s.l
    ), raised as (
      update stock_levels l set reserved = l.reserved + s.q, updated_at = now() from sums s
      where l.company_id = ${ctx.companyId} and l.variant_id = s.v and l.location_id = s.l and (select f.all from fits f)
    ), kept as (
      insert into stock_reservations
        (company_id, id, owner_type, owner_id, variant_id, location_id, quantity, wanted_variant_id, pieces_each, expires_at)
      select ${ctx.companyId}, g.id, ${owner.type}, ${owner.id}, g.v, g.l, g.q, g.w, g.e, ${expiresAt}::timestamptz
      from given g where (select f.all from fits f)
    ), noted as (
      ${ledgerInsert(
        ctx,
        undefined,
        sql`select ${owner.type}::text, ${owner.id}::text, g.m, g.v, g.l, 'reservation', 0, g.q, 0 from given g where (select f.all from fits f)`,
      )}
    )
    select l.variant_id as "variantId", l.location_id as "locationId", l.free, (select f.all from fits f) as "isKept",
      (select f.full from fits f) as full
    from locked l`);
  const isKept = locked[0]?.isKept ?? false;
  const reservations = rows.map(({ id, v, l, q }) => ({ id, variantId: v, locationId: l, quantity: q }));
  return { isKept, reservations, freeBefore: freeBefore(locked, shelves), full: locked[0]?.full ?? undefined, locked };
}

interface LockedRow extends Shelf {
  variantId: Id<'var'>;
  isKept: boolean;
  full: Id<'var'> | null;
}

function freeBefore(locked: readonly LockedRow[], shelves: Shelves): FreeBefore {
  const before: FreeBefore = new Map();
  for (const { variantId, locationId, free } of locked) {
    const isActive = shelves.get(variantId)?.some((shelf) => shelf.locationId === locationId) ?? false;
    before.set(variantId, (before.get(variantId) ?? 0) + (isActive ? Math.max(free, 0) : 0));
  }
  return before;
}

/** Tells who became low and what can no longer be had; looks only where this may be so. */
async function finish(ctx: Ctx, kept: Kept, parts: Parts, isTruth: boolean): Promise<Reservation[]> {
  const left = new Map(kept.freeBefore);
  for (const { variantId, quantity } of kept.reservations) left.set(variantId, (left.get(variantId) ?? 0) - quantity);
  const counted = [...new Map([...parts.values()].flat().map((part) => [part.variantId, part])).values()];
  const leftOf = ({ variantId }: Part) => left.get(variantId) ?? Number.POSITIVE_INFINITY;
  const low = counted.filter((part) => isTruth || (!part.isLow && leftOf(part) <= part.lowStockThreshold));
  const gone = counted.filter((part) => isTruth || leftOf(part) < Math.max(1, part.piecesMax));
  if (low.length > 0)
    await refreshLowStock(
      ctx,
      low.map(({ variantId }) => variantId),
    );
  await refreshAvailabilityOf(
    ctx,
    gone.map(({ variantId }) => variantId),
  );
  return kept.reservations;
}

/** Reservations, newest first. */
export async function listReservations(ctx: Ctx, query: StockReservationsQuery): Promise<Page<StockReservationView>> {
  const { where, orderBy } = keyset({ columns: [stockReservations.id], direction: 'desc' }, query.after);
  const wishes = and(
    query.status && eq(stockReservations.status, query.status),
    query.variantId && eq(stockReservations.variantId, query.variantId),
    query.ownerType ? eq(stockReservations.ownerType, query.ownerType) : undefined,
    query.ownerId ? eq(stockReservations.ownerId, query.ownerId) : undefined,
  );
  const rows = await ctx.tx
    .select()
    .from(stockReservations)
    .where(mine(ctx, stockReservations, where, wishes))
    .orderBy(...orderBy)
    .limit(query.limit + 1);
  return pageFrom(rows, query.limit, (row) => [row.id], viewOf);
}

const viewOf = ({ companyId: _, ownerType, ownerId, ...row }: typeof stockReservations.$inferSelect) => ({
  ...row,
  owner: { type: ownerType, id: ownerId },
});

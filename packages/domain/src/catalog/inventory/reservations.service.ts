import { and, eq } from 'drizzle-orm';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { allocate, type Demand, freeTogether, type Piece } from './allocation.ts';
import { checkLines, type Line, readShelves, readSupply, type SupplyRow, supplyFrom } from './demand.service.ts';
import { heldVariants } from './held-goods.service.ts';
import {
  finish,
  keep,
  keyOf,
  type LevelKey,
  type Owner,
  type Parts,
  type Refreshes,
  type Reservation,
  refreshesOf,
  type Share,
  type Shelves,
  type Want,
} from './holding.service.ts';
import { GoodsTaken, InsufficientStock, type Shortage, TooMuchStock } from './inventory.errors.ts';
import { stockReservations } from './inventory.schema.ts';
import { ensureLevels, lockLevels, type MovedLevel } from './levels.service.ts';
import { defaultLocationId } from './locations.service.ts';
import { expireHoldsOf, releaseLocked } from './reservation-ends.service.ts';
import type { StockReservationsQuery, StockReservationView } from './reservations.contract.ts';
import { settle } from './settlement.service.ts';
import { UNITS_MAX } from './stock.contract.ts';

export interface ReserveRequest {
  owner: Owner;
  lines: readonly Line[];
  /** When the promise ends by itself; null: never. */
  expiresAt: Instant | null;
  /** Whose goods are given back for these: an order that is superseded. If the new ones are refused, its are kept. */
  instead?: Owner | undefined;
  /** They were sold to the owner already: it does not matter that they are taken out of the catalogue since. */
  isSold?: boolean | undefined;
  /** What there is of them, for whoever has read it in this unit of work: one round trip less. */
  supply?: SupplyRow | undefined;
}

interface WantedDemand extends Demand {
  wants: readonly Want[];
}

/**
 * Promises goods to an owner: all lines or none. Wants are added up per variant first (two bundles may share a part), then
 * taken by one statement that holds only if all of it is there. If it is not, holds that ran out are ended, the levels
 * are locked, and what there is then is the truth. Calling it again for the same owner reserves again.
 * Throws `NotFound` for a variant that is not here, `InsufficientStock` (who goes on after it has given up `instead`),
 * `TooMuchStock`.
 *
 * Not in one unit of work with another `reserve`, a `release` or a `consume`: each locks levels in their order, two after
 * another do not, and then two buyers may wait for each other in a circle; asking for fewer of the same goods after a
 * refusal is safe, their levels are locked by then. Goods that take the place of others name their owner as `instead`:
 * then the levels of both are locked together.
 */
export async function reserve(ctx: Ctx, request: ReserveRequest): Promise<Reservation[]> {
  checkLines(request.lines);
  const wantedIds = new Set(request.lines.map(({ variantId }) => variantId));
  const { parts, shelves } = request.supply ? supplyFrom(request.supply, wantedIds) : await readSupply(ctx, wantedIds);
  const demands = demandsOf(request.lines, parts);
  const fallback = await ensureFallback(ctx, demands, shelves);
  if (request.instead) return reserveInstead(ctx, request, { parts, demands, fallback }, request.instead);
  let locked: readonly LevelKey[] | undefined;
  if (shortagesOf(request, parts, shelves).length === 0) {
    const kept = await keep(ctx, request, placed(demands, shelves, fallback), shelves);
    if (kept.isKept) return finish(ctx, kept, parts, false);
    locked = kept.locked;
  }
  const variantIds = demands.map(({ variantId }) => variantId);
  locked ??= await lockLevels(ctx, variantIds);
  return reserveFromTruth(ctx, request, { parts, demands, fallback }, locked);
}

/**
 * As `reserve`, for whoever read the supply before and writes more right behind it: what this gives sends its one statement
 * before it returns, and throws `GoodsTaken` if somebody was faster. Then the unit of work has to be undone, and done again
 * with `reserve`. Undefined: that is for `reserve`, because something is short, or promised beyond stock, or takes the place
 * of others; or runs low or out, for what tells of that is locked before whatever is written behind the goods.
 */
export function reserveAtOnce(
  request: ReserveRequest & { supply: SupplyRow },
): ((ctx: Ctx) => Promise<Reservation[]>) | undefined {
  checkLines(request.lines);
  const { parts, shelves } = supplyFrom(request.supply, new Set(request.lines.map(({ variantId }) => variantId)));
  const demands = demandsOf(request.lines, parts);
  const isPlain = !request.instead && !demands.some(({ backorder }) => backorder);
  if (!isPlain || shortagesOf(request, parts, shelves).length > 0) return undefined;
  const free = new Map([...shelves].map(([variantId, own]) => [variantId, freeTogether(own)]));
  if (isNoticed(refreshesOf(free, demands, parts))) return undefined;
  const pieces = placed(demands, shelves, undefined);
  return async (ctx) => {
    const kept = await keep(ctx, request, pieces, shelves);
    const isTold = kept.isKept && !isNoticed(refreshesOf(kept.freeBefore, kept.reservations, parts));
    if (!isTold) throw new GoodsTaken();
    return kept.reservations;
  };
}

const isNoticed = ({ low, gone }: Refreshes) => low.length + gone.length > 0;

interface Plan {
  parts: Parts;
  demands: readonly WantedDemand[];
  fallback: Id<'loc'> | undefined;
}

/** The levels of the old holds and of the new ones are locked together, in the one order, before anything is changed. */
async function reserveInstead(ctx: Ctx, request: ReserveRequest, plan: Plan, former: Owner): Promise<Reservation[]> {
  const given = await heldVariants(ctx, former);
  const levels = await lockLevels(ctx, new Set([...given, ...plan.demands.map(({ variantId }) => variantId)]));
  const released = await releaseLocked(ctx, former, levels);
  const reservations = await reserveFromTruth(ctx, request, plan, levels, released);
  await settle(ctx, released);
  return reservations;
}

/**
 * With the levels locked: nothing can change any more between looking and taking. What was given back before (`released`,
 * and holds that ran out) is settled even where the goods are refused: a caller may go on with its unit of work.
 */
async function reserveFromTruth(
  ctx: Ctx,
  request: ReserveRequest,
  { parts, demands, fallback }: Plan,
  levels: readonly LevelKey[],
  released: readonly MovedLevel[] = [],
): Promise<Reservation[]> {
  const locked = new Set(levels.map(keyOf));
  const variantIds = demands.map(({ variantId }) => variantId);
  const expired = await expireHoldsOf(ctx, variantIds);
  // A level made since is not locked, and locking it now would be out of order: it is for the next one.
  const shelves = new Map(
    [...(await readShelves(ctx, variantIds))].map(([variantId, own]) => [
      variantId,
      own.filter(({ locationId }) => locked.has(keyOf({ variantId, locationId }))),
    ]),
  );
  const shortages = shortagesOf(request, parts, shelves);
  if (shortages.length > 0) {
    await settle(ctx, [...released, ...expired]);
    throw new InsufficientStock(shortages);
  }
  const kept = await keep(ctx, request, placed(demands, shelves, fallback), shelves, 'held only');
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
function shortagesOf({ lines, isSold }: ReserveRequest, parts: Parts, shelves: Shelves): Shortage[] {
  const left = new Map([...shelves].map(([variantId, own]) => [variantId, freeTogether(own)]));
  return lines.flatMap(({ variantId: wantedId, quantity: requested }, line) => {
    const own = parts.get(wantedId) ?? [];
    const counted = own.filter(({ isCounted, backorder }) => isCounted && !backorder);
    const possible = counted.map(({ variantId, pieces }) => Math.floor((left.get(variantId) ?? 0) / pieces));
    const available = !isSold && own.some(({ isGone }) => isGone) ? 0 : Math.min(requested, ...possible);
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

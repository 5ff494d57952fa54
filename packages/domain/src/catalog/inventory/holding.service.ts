import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { parameters, runText, type TextStatement } from '../../kernel/text-statement.ts';
import type { Piece, Shelf } from './allocation.ts';
import { refreshAvailabilityOf } from './availability.service.ts';
import type { Part } from './demand.service.ts';
import { LEDGER_COLUMNS } from './levels.service.ts';
import { refreshLowStock } from './low-stock.service.ts';
import { UNITS_MAX } from './stock.contract.ts';

/** Whose goods they are: `{ type: 'order', id }`. */
export interface Owner {
  readonly type: string;
  readonly id: string;
}

/** Goods promised from one place. */
export interface Reservation {
  id: Id<'rsv'>;
  variantId: Id<'var'>;
  locationId: Id<'loc'>;
  quantity: number;
}

/** What of a demand is for what was asked for. */
export interface Want {
  wantedId: Id<'var'>;
  /** Units that one of it takes. */
  piecesEach: number;
  quantity: number;
}

/** A hold to be: a piece, or what of it is for one want. */
export type Share = Piece & Want;

export type Parts = ReadonlyMap<Id<'var'>, readonly Part[]>;
export type Shelves = ReadonlyMap<Id<'var'>, readonly Shelf[]>;
/** What could be sold of variants just before, by the counters, over active locations. */
type FreeBefore = Map<Id<'var'>, number>;

export type LevelKey = Pick<Piece, 'variantId' | 'locationId'>;
export const keyOf = ({ variantId, locationId }: LevelKey) => `${variantId}|${locationId}`;

/** Which levels `keep` locks: all of the variants; or, where those are locked already, the ones pieces are taken from. */
type Locking = 'all' | 'held only';

export interface Kept {
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
 * writes the reservations and the ledger. Not kept if something was not there; nothing was written then. (`any` in the
 * update looks the levels up; by the join alone all levels of the company would be read for two of them.)
 */
export async function keep(
  ctx: Ctx,
  { owner, expiresAt }: { owner: Owner; expiresAt: Instant | null },
  pieces: readonly Share[],
  shelves: Shelves,
  locking: Locking = 'all',
): Promise<Kept> {
  if (pieces.length === 0) return { isKept: true, reservations: [], freeBefore: new Map(), locked: [] };
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
  const locked = await runText<LockedRow, Name>(ctx, KEEP[locking], {
    company: ctx.companyId,
    pieces: JSON.stringify(rows),
    ownerType: owner.type,
    ownerId: owner.id,
    expiresAt,
    actorType: ctx.actor.type,
    actorId: ctx.actor.id,
  });
  const isKept = locked[0]?.isKept ?? false;
  const reservations = rows.map(({ id, v, l, q }) => ({ id, variantId: v, locationId: l, quantity: q }));
  return { isKept, reservations, freeBefore: freeBefore(locked, shelves), full: locked[0]?.full ?? undefined, locked };
}

type Name = 'company' | 'pieces' | 'ownerType' | 'ownerId' | 'expiresAt' | 'actorType' | 'actorId';

function keepText(which: string): TextStatement<Name> {
  const { of, names } = parameters<Name>();
  const company = `${of('company')}::text`;
  const owner = `${of('ownerType')}::text, ${of('ownerId')}::text`;
  const text = `with given as materialized (
      select * from jsonb_to_recordset(${of('pieces')}::text::jsonb)
        as g(id text, m text, v text collate "C", l text collate "C", q int, beyond bool, w text, e int)
    ), sums as (
      select g.v, g.l, sum(g.q)::int as q, bool_or(g.beyond) as beyond from given g group by g.v, g.l
    ), locked as (
      select l.variant_id, l.location_id, l.on_hand - l.reserved - l.safety_stock as free, l.reserved from stock_levels l
      where l.company_id = ${company} and l.variant_id = any(array(select g.v from given g)) ${which}
      order by l.variant_id, l.location_id
      for no key update
    ), fits as (
      select count(*) filter (where (s.beyond or l.free >= s.q) and l.reserved + s.q <= ${UNITS_MAX})
          = (select count(*) from sums) as all,
        min(s.v) filter (where l.reserved + s.q > ${UNITS_MAX}) as full
      from sums s join locked l on l.variant_id = s.v and l.location_id = s.l
    ), raised as (
      update stock_levels l set reserved = l.reserved + s.q, updated_at = now() from sums s
      where l.company_id = ${company} and l.variant_id = any(array(select g.v from given g))
        and l.variant_id = s.v and l.location_id = s.l and (select f.all from fits f)
    ), kept as (
      insert into stock_reservations
        (company_id, id, owner_type, owner_id, variant_id, location_id, quantity, wanted_variant_id, pieces_each, expires_at)
      select ${company}, g.id, ${owner}, g.v, g.l, g.q, g.w, g.e, ${of('expiresAt')}::timestamptz
      from given g where (select f.all from fits f)
    ), noted as (
      insert into stock_movements (${LEDGER_COLUMNS})
      select ${company}, ${of('actorType')}::text, ${of('actorId')}::text, null, ${owner}, g.m, g.v, g.l, 'reservation', 0, g.q, 0
      from given g where (select f.all from fits f)
    )
    select l.variant_id as "variantId", l.location_id as "locationId", l.free, (select f.all from fits f) as "isKept",
      (select f.full from fits f) as full
    from locked l`;
  return { text, names };
}

const KEEP: Readonly<Record<Locking, TextStatement<Name>>> = {
  all: keepText(''),
  'held only': keepText('and exists (select 1 from given g where g.v = l.variant_id and g.l = l.location_id)'),
};

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

/** Variants of which somebody has to be told more than that units are held. */
export interface Refreshes {
  /** That may have become low. */
  readonly low: readonly Id<'var'>[];
  /** That may no longer be had. */
  readonly gone: readonly Id<'var'>[];
}

/** Where a look is needed once these units are gone from what was free; at the truth, everywhere. */
export function refreshesOf(
  freeBefore: ReadonlyMap<Id<'var'>, number>,
  taken: readonly Pick<Reservation, 'variantId' | 'quantity'>[],
  parts: Parts,
  isTruth = false,
): Refreshes {
  const left = new Map(freeBefore);
  for (const { variantId, quantity } of taken) left.set(variantId, (left.get(variantId) ?? 0) - quantity);
  const counted = [...new Map([...parts.values()].flat().map((part) => [part.variantId, part])).values()];
  const leftOf = ({ variantId }: Part) => left.get(variantId) ?? Number.POSITIVE_INFINITY;
  const low = counted.filter((part) => isTruth || (!part.isLow && leftOf(part) <= part.lowStockThreshold));
  const gone = counted.filter((part) => isTruth || leftOf(part) < Math.max(1, part.piecesMax));
  return { low: low.map(({ variantId }) => variantId), gone: gone.map(({ variantId }) => variantId) };
}

/** Tells who became low and what can no longer be had. Its rows are locked behind those of the levels. */
export async function finish(ctx: Ctx, kept: Kept, parts: Parts, isTruth: boolean): Promise<Reservation[]> {
  const { low, gone } = refreshesOf(kept.freeBefore, kept.reservations, parts, isTruth);
  if (low.length > 0) await refreshLowStock(ctx, low);
  await refreshAvailabilityOf(ctx, gone);
  return kept.reservations;
}

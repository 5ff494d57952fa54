import { type SQL, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { TooMuchStock } from './inventory.errors.ts';
import type { MovementKind } from './inventory.schema.ts';
import { UNITS_MAX } from './stock.contract.ts';

/** Counters of one variant at one place, as they stand in the table: `reserved` still has the holds that ran out. */
export interface Level {
  variantId: Id<'var'>;
  locationId: Id<'loc'>;
  onHand: number;
  reserved: number;
  incoming: number;
  safetyStock: number;
}

export interface Cause {
  /** A noun: `order`, `product_import`, `stock_transfer`, `product`, `staff` … */
  readonly type: string;
  readonly id?: string | undefined;
  readonly reason?: string | undefined;
}

/** One change of counters, and one row of the ledger. Deltas in units. */
export interface Move {
  variantId: Id<'var'>;
  locationId: Id<'loc'>;
  kind: MovementKind;
  onHand?: number;
  reserved?: number;
  incoming?: number;
  /** Where several moves have causes of their own. */
  cause?: Cause;
}

/** What a move made of a level. */
export interface MovedLevel extends Level {
  /** What could be sold of this level before and after, holds that ran out not counted back in. May be below zero. */
  freeBefore: number;
  freeAfter: number;
  /** Whether some bundle is made of this variant. */
  isComponent: boolean;
}

/** A list as one parameter, whatever its length. Its text columns compare as our id columns do. */
export const listed = (rows: readonly object[], columns: string): SQL =>
  sql`jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as ${sql.raw(columns)}`;

const MOVE_COLUMNS =
  'm(id text, v text collate "C", l text collate "C", kind text, h int, r int, i int, ct text, ci text)';
const LEVEL_COLUMNS = sql.raw(
  `l.variant_id as "variantId", l.location_id as "locationId", l.on_hand as "onHand", l.reserved, l.incoming,
   l.safety_stock as "safetyStock"`,
);

/**
 * Locks all levels of variants, in the one order in which levels are locked (variant, location). Always all of them: two
 * that lock different levels of the same variants could wait for each other in a circle once a third level is made.
 */
export async function lockLevels(ctx: Ctx, variantIds: Iterable<Id<'var'>>): Promise<Level[]> {
  // `no key`: foreign keys that point here may still be checked meanwhile.
  return ctx.tx.execute<Level & Record<string, unknown>>(sql`select ${LEVEL_COLUMNS}
    from stock_levels l
    where l.company_id = ${ctx.companyId} and ${isAnyOf(sql`l.variant_id`, variantIds)}
    order by l.variant_id, l.location_id
    for no key update`);
}

/** As `lockLevels`, for a look: anybody may change them meanwhile. */
export async function readLevels(ctx: Ctx, variantIds: Iterable<Id<'var'>>): Promise<Level[]> {
  return ctx.tx.execute<Level & Record<string, unknown>>(sql`select ${LEVEL_COLUMNS}
    from stock_levels l
    where l.company_id = ${ctx.companyId} and ${isAnyOf(sql`l.variant_id`, variantIds)}`);
}

/** Makes levels that are not there yet, with all counters at zero. */
export async function ensureLevels(ctx: Ctx, pairs: readonly Pick<Level, 'variantId' | 'locationId'>[]): Promise<void> {
  if (pairs.length === 0) return;
  const rows = pairs.map(({ variantId, locationId }) => ({ v: variantId, l: locationId }));
  await ctx.tx.execute(sql`insert into stock_levels (company_id, variant_id, location_id)
    select distinct ${ctx.companyId}, g.v, g.l from ${listed(rows, 'g(v text collate "C", l text collate "C")')}
    order by g.v, g.l
    on conflict do nothing`);
}

/**
 * Throws `TooMuchStock` where moves would raise a counter above what it is meant to hold. `levels` are those the moves
 * change, locked. What lowers a counter is always welcome.
 */
export function refuseTooMuch(levels: readonly Level[], moves: readonly Move[]): void {
  for (const level of levels) {
    const own = moves.filter(
      ({ variantId, locationId }) => variantId === level.variantId && locationId === level.locationId,
    );
    for (const counter of ['onHand', 'incoming'] as const) {
      const delta = own.reduce((sum, move) => sum + (move[counter] ?? 0), 0);
      if (delta > 0 && level[counter] + delta > UNITS_MAX) throw new TooMuchStock(level.variantId, UNITS_MAX);
    }
  }
}

/**
 * Changes counters and writes the ledger, in one statement. Several moves of one level are added up. The caller
 * has locked the levels; the table's own check refuses what would go below zero.
 */
export async function moveStock(ctx: Ctx, moves: readonly Move[], cause: Cause): Promise<MovedLevel[]> {
  if (moves.length === 0) return [];
  const rows = moves.map(
    ({ variantId, locationId, kind, onHand = 0, reserved = 0, incoming = 0, cause: own = cause }) => ({
      id: newId('mov'),
      ct: own.type,
      ci: own.id ?? null,
      v: variantId,
      l: locationId,
      kind,
      h: onHand,
      r: reserved,
      i: incoming,
    }),
  );
  return ctx.tx.execute<MovedLevel & Record<string, unknown>>(sql`with moves as materialized (
      select * from ${listed(rows, MOVE_COLUMNS)}
    ), sums as (
      select v, l, sum(h)::int as h, sum(r)::int as r, sum(i)::int as i from moves group by v, l
    ), changed as (
      update stock_levels l
      set on_hand = l.on_hand + s.h, reserved = l.reserved + s.r, incoming = l.incoming + s.i, updated_at = now()
      from sums s
      where l.company_id = ${ctx.companyId} and l.variant_id = any(array(select m.v from moves m))
        and l.variant_id = s.v and l.location_id = s.l
      returning ${LEVEL_COLUMNS}, l.on_hand - l.reserved - l.safety_stock as "freeAfter",
        l.on_hand - l.reserved - l.safety_stock - s.h + s.r as "freeBefore"
    ), noted as (
      ${ledgerInsert(ctx, cause.reason, sql`select ct, ci, id, v, l, kind, h, r, i from moves`)}
    )
    select changed.*, exists (
      select 1 from bundle_components b
      where b.company_id = ${ctx.companyId} and b.component_variant_id = changed."variantId"
    ) as "isComponent" from changed`);
}

/** Of the ledger, in the order in which rows are inserted. */
export const LEDGER_COLUMNS = `company_id, actor_type, actor_id, reason, cause_type, cause_id,
      id, variant_id, location_id, kind, on_hand_delta, reserved_delta, incoming_delta`;

/** The insert of ledger rows `(cause type, cause id, id, variant, location, kind, on hand, reserved, incoming)`. */
export const ledgerInsert = ({ companyId, actor }: Ctx, reason: string | undefined, rows: SQL): SQL =>
  sql`insert into stock_movements (${sql.raw(LEDGER_COLUMNS)})
    select ${companyId}, ${actor.type}, ${actor.id}, ${reason ?? null}, g.* from (${rows}) g`;

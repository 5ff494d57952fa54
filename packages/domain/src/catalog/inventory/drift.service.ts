import { type SQL, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { keyset, type ListQuery, type Page, pageFrom } from '../../kernel/page.ts';
import type { StockCorrectionView, StockDriftView } from './drift.contract.ts';
import { stockLevels } from './inventory.schema.ts';
import { ledgerInsert, listed, lockLevels } from './levels.service.ts';
import { settle } from './settlement.service.ts';

/** So many levels are added up for one page; those that are right leave the page shorter, not the list. */
const LEVELS_AT_ONCE = 500;

/**
 * Levels whose counters differ from what the ledger and the held reservations add up to: a fault of ours, or of somebody
 * who wrote into the tables by hand. A page looks at a bounded number of levels, so it may be empty and still have a next.
 */
export async function findDrift(ctx: Ctx, { after }: Pick<ListQuery, 'after'>): Promise<Page<StockDriftView>> {
  const order = { columns: [stockLevels.variantId, stockLevels.locationId], direction: 'asc' } as const;
  const { where } = keyset(order, after);
  const rows = await summed(
    ctx,
    sql`${where ?? sql`true`} order by variant_id, location_id limit ${LEVELS_AT_ONCE + 1}`,
  );
  const page = pageFrom(
    rows,
    LEVELS_AT_ONCE,
    (row) => [row.variantId, row.locationId],
    (row) => row,
  );
  return { ...page, data: page.data.filter(isWrong) };
}

/**
 * Sets the counters of variants to what is true: on hand and incoming to the sums of the ledger, reserved to the sum of
 * the held reservations; where the ledger knows other promises, it gets a row that says so. Changes nothing that is right.
 */
export async function recomputeCounters(ctx: Ctx, variantIds: readonly Id<'var'>[]): Promise<StockCorrectionView> {
  await lockLevels(ctx, variantIds);
  const wrong = (await summed(ctx, isAnyOf(stockLevels.variantId, variantIds))).filter(isWrong);
  if (wrong.length === 0) return { corrected: [] };
  const rows = wrong.map((level) => ({
    m: newId('mov'),
    v: level.variantId,
    l: level.locationId,
    h: Math.max(0, level.onHandByLedger),
    r: level.reservedByHolds,
    i: Math.max(0, level.incomingByLedger),
    // What the ledger lacks to say the same.
    dh: Math.max(0, -level.onHandByLedger),
    dr: level.reservedByHolds - level.reservedByLedger,
    di: Math.max(0, -level.incomingByLedger),
  }));
  await ctx.tx.execute(sql`with truth as materialized (
      select * from ${listed(rows, 'g(m text, v text collate "C", l text collate "C", h int, r int, i int, dh int, dr int, di int)')}
    ), corrected as (
      update stock_levels l set on_hand = t.h, reserved = t.r, incoming = t.i, updated_at = now() from truth t
      where l.company_id = ${ctx.companyId} and l.variant_id = t.v and l.location_id = t.l
    )
    ${ledgerInsert(
      ctx,
      'Counters set to what the ledger and the holds say',
      sql`select 'correction'::text, null::text, t.m, t.v, t.l, 'adjustment', t.dh, t.dr, t.di from truth t
          where t.dh <> 0 or t.dr <> 0 or t.di <> 0`,
    )}`);
  for (const level of wrong)
    ctx.audit({ action: 'stock.corrected', entity: { type: 'variant', id: level.variantId }, before: level });
  await settle(ctx, wrong.map(movedOf));
  ctx.catalogueChanged();
  return { corrected: wrong };
}

/** So that what follows from the change is looked at, whatever the numbers were. */
const movedOf = (level: StockDriftView) => ({
  variantId: level.variantId,
  locationId: level.locationId,
  onHand: level.onHandByLedger,
  reserved: level.reservedByHolds,
  incoming: level.incomingByLedger,
  safetyStock: 0,
  freeBefore: 0,
  freeAfter: 1,
  isComponent: true,
});

const isWrong = (level: StockDriftView): boolean =>
  level.onHand !== level.onHandByLedger ||
  level.reserved !== level.reservedByLedger ||
  level.reserved !== level.reservedByHolds ||
  level.incoming !== level.incomingByLedger;

/** Levels (`which` may order and limit them) beside the sums over their ledger and their holds. */
async function summed(ctx: Ctx, which: SQL): Promise<StockDriftView[]> {
  return ctx.tx.execute<StockDriftView & Record<string, unknown>>(sql`select l.variant_id as "variantId",
      l.location_id as "locationId", l.on_hand as "onHand", l.reserved, l.incoming,
      m.on_hand as "onHandByLedger", m.reserved as "reservedByLedger", m.incoming as "incomingByLedger",
      coalesce((
        select sum(r.quantity) from stock_reservations r
        where r.company_id = l.company_id and r.variant_id = l.variant_id and r.location_id = l.location_id
          and r.status = 'held'
      ), 0)::int as "reservedByHolds"
    from (
      select * from stock_levels where company_id = ${ctx.companyId} and ${which}
    ) l
    cross join lateral (
      select coalesce(sum(m.on_hand_delta), 0)::int as on_hand, coalesce(sum(m.reserved_delta), 0)::int as reserved,
        coalesce(sum(m.incoming_delta), 0)::int as incoming
      from stock_movements m
      where m.company_id = l.company_id and m.variant_id = l.variant_id and m.location_id = l.location_id
    ) m
    order by l.variant_id, l.location_id`);
}

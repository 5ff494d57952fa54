import { sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { emitAll } from '../../kernel/outbox.ts';
import { foldKey } from '../../kernel/text.ts';
import type {
  AdjustmentBatchView,
  AdjustmentRow,
  AdjustmentView,
  NewAdjustment,
  NewAdjustmentBatch,
  RowOutcome,
} from './adjustments.contract.ts';
import { BundleHasNoStock, StockBelowZero, StockChanged, TooMuchStock } from './inventory.errors.ts';
import { ensureLevels, listed, lockLevels, type Move, moveStock, readLevels } from './levels.service.ts';
import { defaultLocationId } from './locations.service.ts';
import { readStockItems } from './low-stock.service.ts';
import { settle } from './settlement.service.ts';
import { UNITS_MAX } from './stock.contract.ts';
import { stockAdjusted } from './stock.events.ts';
import { getStockLevel, stockLevelsOf } from './stock-levels.service.ts';

/** So many changes are noted one by one; a larger batch gets one note, and the ledger has the rest. */
const NOTES_MAX = 20;

type Refusal = NotFound | StockBelowZero | StockChanged | TooMuchStock | BundleHasNoStock;

/** What a row means once its names are resolved. */
interface Target {
  variantId: Id<'var'>;
  locationId: Id<'loc'>;
}

type Result = { target: Target; delta: number; onHand: number } | { refusal: Refusal; onHand: number | null };

/**
 * Changes what is on hand of one variant. It may fall below what is reserved: that is an oversold shelf, and it shows.
 * Throws `NotFound`, `StockBelowZero`, `StockChanged` when `expected` is not what is there, `BundleHasNoStock`.
 */
export async function adjustStock(ctx: Ctx, { reason, ...row }: NewAdjustment): Promise<AdjustmentView> {
  const [result] = await adjust(ctx, [row], reason);
  if (!result || 'refusal' in result) throw result?.refusal ?? new NotFound('variant');
  const stockLevel = await getStockLevel(ctx, result.target.variantId, result.target.locationId);
  return { delta: result.delta, stockLevel };
}

/** As `adjustStock` for many rows, in their order; a row that is refused holds up none of the others. */
export async function adjustStockBatch(ctx: Ctx, { reason, rows }: NewAdjustmentBatch): Promise<AdjustmentBatchView> {
  const results = await adjust(ctx, rows, reason);
  const outcomes = results.map((result, row): RowOutcome => {
    if ('refusal' in result) {
      const { code, message } = result.refusal;
      return { row, outcome: 'refused', delta: 0, onHand: result.onHand, error: { code, message } };
    }
    const { delta, onHand } = result;
    return { row, outcome: delta === 0 ? 'unchanged' : 'adjusted', delta, onHand, error: null };
  });
  const count = (outcome: RowOutcome['outcome']) => outcomes.filter((one) => one.outcome === outcome).length;
  const counts = { adjusted: count('adjusted'), unchanged: count('unchanged'), refused: count('refused') };
  return { counts, rows: outcomes };
}

async function adjust(ctx: Ctx, rows: readonly AdjustmentRow[], reason: string): Promise<Result[]> {
  const targets = await targetsOf(ctx, rows);
  const found = targets.flatMap((target) => (target instanceof Error ? [] : [target]));
  // A row that is refused makes no shelf: what is not there yet is judged as empty, which is what it will be.
  const seen = new Map((await readLevels(ctx, idsOf(found))).map((level) => [keyOf(level), level.onHand]));
  const foreseen = rows.map((row, at) => resultOf(row, targets[at] ?? new NotFound('variant'), seen));
  await ensureLevels(
    ctx,
    foreseen.flatMap((result) => ('target' in result ? [result.target] : [])),
  );
  const levels = await lockLevels(ctx, idsOf(found));
  const onHand = new Map(levels.map((level) => [keyOf(level), level.onHand]));
  const results = rows.map((row, at) => resultOf(row, targets[at] ?? new NotFound('variant'), onHand));
  await carryOut(ctx, results, reason);
  return results;
}

/** What becomes of one row, given the counts that the rows before it leave; takes its own change down there. */
function resultOf(row: AdjustmentRow, target: Target | Refusal, counts: Map<string, number>): Result {
  if (target instanceof Error) return { refusal: target, onHand: null };
  const present = counts.get(keyOf(target)) ?? 0;
  const delta = row.delta ?? (row.setTo ?? present) - present;
  const subject = row.sku ?? target.variantId;
  if (row.expected !== undefined && row.expected !== present)
    return { refusal: new StockChanged(subject, row.expected, present), onHand: present };
  if (present + delta < 0) return { refusal: StockBelowZero.byChange(subject, present, delta), onHand: present };
  if (delta > 0 && present + delta > UNITS_MAX)
    return { refusal: new TooMuchStock(subject, UNITS_MAX), onHand: present };
  counts.set(keyOf(target), present + delta);
  return { target, delta, onHand: present + delta };
}

async function carryOut(ctx: Ctx, results: readonly Result[], reason: string): Promise<void> {
  const done = results.flatMap((result) => ('target' in result && result.delta !== 0 ? [result] : []));
  const moves = done.map(({ target, delta }): Move => ({ ...target, kind: 'adjustment', onHand: delta }));
  if (moves.length === 0) return;
  const variantIds = new Set(done.map(({ target }) => target.variantId));
  const moved = await moveStock(ctx, moves, { type: 'adjustment', reason });
  // Before `settle`: the items' rows come before those of availability in the order of locks.
  const sequences = await raiseSequences(ctx, variantIds);
  await settle(ctx, moved);
  await announce(ctx, variantIds, sequences);
  ctx.catalogueChanged();
  if (done.length > NOTES_MAX) {
    const after = { reason, rows: done.length };
    ctx.audit({ action: 'stock.adjusted', entity: { type: 'company', id: ctx.companyId }, after });
  } else
    for (const { target, delta, onHand } of done)
      ctx.audit({
        action: 'stock.adjusted',
        entity: { type: 'variant', id: target.variantId },
        before: { locationId: target.locationId, onHand: onHand - delta },
        after: { locationId: target.locationId, onHand, reason },
      });
}

type Sequences = ReadonlyMap<Id<'var'>, number>;

async function raiseSequences(ctx: Ctx, variantIds: ReadonlySet<Id<'var'>>): Promise<Sequences> {
  const rows = [...variantIds].map((id) => ({ v: id }));
  const raised = await ctx.tx.execute<{ id: Id<'var'>; sequence: number }>(sql`insert into stock_items as i
      (company_id, variant_id, event_sequence)
    select ${ctx.companyId}, g.v, 1 from ${listed(rows, 'g(v text collate "C")')} order by g.v
    on conflict (company_id, variant_id) do update set event_sequence = i.event_sequence + 1
    returning variant_id as id, event_sequence as sequence`);
  return new Map(raised.map(({ id, sequence }) => [id, sequence]));
}

/** Tells what is on hand of these variants now, once each. */
async function announce(ctx: Ctx, variantIds: ReadonlySet<Id<'var'>>, sequences: Sequences): Promise<void> {
  const [items, levels] = [await readStockItems(ctx, variantIds), await stockLevelsOf(ctx, variantIds)];
  const announcements = items.map((stockItem) => ({
    aggregate: { id: stockItem.variantId, sequence: sequences.get(stockItem.variantId) ?? 1 },
    data: { stockItem, stockLevels: levels.filter(({ variantId }) => variantId === stockItem.variantId) },
  }));
  await emitAll(ctx, stockAdjusted, announcements);
}

/** Resolves SKUs, ids and locations, in two statements whatever the number of rows. */
async function targetsOf(ctx: Ctx, rows: readonly AdjustmentRow[]): Promise<(Target | Refusal)[]> {
  const skuKeys = rows.flatMap(({ sku }) => (sku === undefined ? [] : [foldKey(sku)]));
  const ids = rows.flatMap(({ variantId }) => variantId ?? []);
  const variants = await ctx.tx.execute<VariantRow & Record<string, unknown>>(sql`select v.id, v.sku_key as "skuKey",
      exists (
        select 1 from bundle_components k where k.company_id = v.company_id and k.bundle_variant_id = v.id
      ) as "isBundle"
    from product_variants v
    where v.company_id = ${ctx.companyId} and v.archived_at is null
      and (${isAnyOf(sql`v.id`, ids)} or ${isAnyOf(sql`v.sku_key`, skuKeys)})`);
  const byName = new Map(variants.flatMap((row) => [[row.id, row] as const, [`sku ${row.skuKey}`, row] as const]));
  const places = await placesOf(ctx, rows);
  return rows.map(({ sku, variantId, locationId }) => {
    const variant = byName.get(variantId ?? `sku ${foldKey(sku ?? '')}`);
    if (!variant) return new NotFound('variant', sku === undefined ? '' : `No variant has the SKU ${sku}.`);
    if (variant.isBundle) return new BundleHasNoStock(sku ?? variant.id);
    const place = places(locationId);
    return place ? { variantId: variant.id, locationId: place } : new NotFound('stock location');
  });
}

interface VariantRow {
  id: Id<'var'>;
  skuKey: string | null;
  isBundle: boolean;
}

async function placesOf(ctx: Ctx, rows: readonly AdjustmentRow[]) {
  const named = rows.flatMap(({ locationId }) => locationId ?? []);
  const known = await ctx.tx.execute<{ id: Id<'loc'> }>(sql`select p.id from stock_locations p
    where p.company_id = ${ctx.companyId} and ${isAnyOf(sql`p.id`, named)}`);
  const fallback = named.length < rows.length ? await defaultLocationId(ctx) : undefined;
  const ids = new Set(known.map(({ id }) => id));
  return (id: Id<'loc'> | undefined) => (id === undefined ? fallback : ids.has(id) ? id : undefined);
}

const idsOf = (targets: readonly Target[]) => new Set(targets.map(({ variantId }) => variantId));
const keyOf = ({ variantId, locationId }: Target) => `${variantId}|${locationId}`;

import { sql } from 'drizzle-orm';
import { getSettings } from '../../company/settings/settings.service.ts';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { emitAll } from '../../kernel/outbox.ts';
import { freeOfVariant } from './availability.service.ts';
import { listed } from './levels.service.ts';
import type { StockItemView } from './stock.contract.ts';
import { stockLow } from './stock.events.ts';

interface ItemRow extends Omit<StockItemView, 'lowStockThreshold'> {
  lowStockThreshold: number | null;
  isCounted: boolean;
}

const NOBODY: ReadonlySet<Id<'var'>> = new Set();

/** The stock of variants as a whole; of a bundle and of what nobody counts, or ever counted, as well: they are never low. */
export async function readStockItems(ctx: Ctx, variantIds: Iterable<Id<'var'>>): Promise<StockItemView[]> {
  const settings = await getSettings(ctx, 'inventory');
  const rows = await itemRows(ctx, variantIds);
  return rows.map(({ isCounted: _, ...row }) => ({
    ...row,
    lowStockThreshold: row.lowStockThreshold ?? settings.lowStockThreshold,
  }));
}

/**
 * Takes down which of these variants are low now, and announces those that have become so. `silent` ones are not
 * announced: what is new has not fallen. Call it after the counters were changed.
 */
export async function refreshLowStock(
  ctx: Ctx,
  variantIds: Iterable<Id<'var'>>,
  silent: ReadonlySet<Id<'var'>> = NOBODY,
): Promise<void> {
  const settings = await getSettings(ctx, 'inventory');
  const turned = (await itemRows(ctx, variantIds)).flatMap(({ isCounted, ...row }) => {
    const lowStockThreshold = row.lowStockThreshold ?? settings.lowStockThreshold;
    const isLow = isCounted && row.available <= lowStockThreshold;
    return isLow === row.isLow ? [] : [{ ...row, lowStockThreshold, isLow }];
  });
  if (turned.length === 0) return;
  const rows = turned.map(({ variantId, isLow }) => ({
    v: variantId,
    low: isLow,
    told: isLow && !silent.has(variantId),
  }));
  const turnedNow = await ctx.tx.execute<{
    variantId: Id<'var'>;
    eventSequence: number;
  }>(sql`insert into stock_items as i
      (company_id, variant_id, is_low, event_sequence)
    select ${ctx.companyId}, g.v, g.low, g.told::int from ${listed(rows, 'g(v text collate "C", low bool, told bool)')}
    order by g.v
    on conflict (company_id, variant_id) do update
      set is_low = excluded.is_low, event_sequence = i.event_sequence + excluded.event_sequence
      where i.is_low <> excluded.is_low
    returning variant_id as "variantId", event_sequence as "eventSequence"`);
  const sequences = new Map(turnedNow.map(({ variantId, eventSequence }) => [variantId, eventSequence]));
  const announcements = turned.flatMap((stockItem) => {
    const sequence = sequences.get(stockItem.variantId);
    if (sequence === undefined || !stockItem.isLow || silent.has(stockItem.variantId)) return [];
    return [{ aggregate: { id: stockItem.variantId, sequence }, data: { stockItem } }];
  });
  await emitAll(ctx, stockLow, announcements);
}

// No `exists`: PostgreSQL would answer that from a hash of all levels of the company, anew for each batch.
async function itemRows(ctx: Ctx, variantIds: Iterable<Id<'var'>>): Promise<ItemRow[]> {
  return ctx.tx.execute<
    ItemRow & Record<string, unknown>
  >(sql`select v.id as "variantId", v.product_id as "productId", v.sku,
      ${freeOfVariant(ctx, sql`v.id`)} as available, i.low_stock_threshold as "lowStockThreshold",
      coalesce(i.is_low, false) as "isLow",
      v.tracks_stock and v.archived_at is null and (
        select 1 from bundle_components k where k.company_id = v.company_id and k.bundle_variant_id = v.id limit 1
      ) is null and (
        select 1 from stock_levels l where l.company_id = v.company_id and l.variant_id = v.id limit 1
      ) is not null as "isCounted"
    from product_variants v
    left join stock_items i on i.company_id = v.company_id and i.variant_id = v.id
    where v.company_id = ${ctx.companyId} and ${isAnyOf(sql`v.id`, variantIds)}
    order by v.id`);
}

import { type SQL, sql } from 'drizzle-orm';
import { getSettings } from '../../company/settings/settings.service.ts';
import { isAnyOf, textArray } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { emitAll } from '../../kernel/outbox.ts';
import { freeOfVariant } from './availability.service.ts';
import type { StockItemView } from './stock.contract.ts';
import { stockLow } from './stock.events.ts';

/** The stock of variants as a whole; of a bundle and of what nobody counts, or ever counted, as well: they are never low. */
export async function readStockItems(ctx: Ctx, variantIds: Iterable<Id<'var'>>): Promise<StockItemView[]> {
  const { lowStockThreshold } = await getSettings(ctx, 'inventory');
  const items = itemsOf(ctx, variantIds, lowStockThreshold);
  const rows = await ctx.tx.execute<ItemRow>(sql`select item.*, item.was_low as "isLow" from (${items}) item`);
  return rows.map(viewOf);
}

interface ItemRow extends StockItemView, Record<string, unknown> {
  was_low: boolean;
  is_counted: boolean;
}

const viewOf = ({ variantId, productId, sku, available, lowStockThreshold, isLow }: ItemRow): StockItemView => ({
  variantId,
  productId,
  sku,
  available,
  lowStockThreshold,
  isLow,
});

/**
 * Takes down which of these variants are low now, and announces those that have become so. `silent` ones are not
 * announced: what is new has not fallen. Call it after the counters were changed.
 */
export async function refreshLowStock(
  ctx: Ctx,
  variantIds: Iterable<Id<'var'>>,
  silent: Iterable<Id<'var'>> = [],
): Promise<void> {
  const { lowStockThreshold } = await getSettings(ctx, 'inventory');
  const fallen = await ctx.tx.execute<ItemRow & { sequence: number }>(sql`with item as materialized (
      ${itemsOf(ctx, variantIds, lowStockThreshold)}
    ), turned as materialized (
      select item.*, item.is_counted and item.available <= item."lowStockThreshold" as "isLow",
        item."variantId" not in (select unnest(${textArray(silent)}::text[])) as is_told
      from item where (item.is_counted and item.available <= item."lowStockThreshold") <> item.was_low
    ), written as (
      insert into stock_items as i (company_id, variant_id, is_low, event_sequence)
      select ${ctx.companyId}, t."variantId", t."isLow", (t."isLow" and t.is_told)::int from turned t
      order by t."variantId"
      on conflict (company_id, variant_id) do update
        set is_low = excluded.is_low, event_sequence = i.event_sequence + excluded.event_sequence
        where i.is_low <> excluded.is_low
      returning variant_id, event_sequence
    )
    select t.*, w.event_sequence as sequence from turned t join written w on w.variant_id = t."variantId"
    where t."isLow" and t.is_told order by t."variantId"`);
  const announcements = fallen.map((row) => ({
    aggregate: { id: row.variantId, sequence: row.sequence },
    data: { stockItem: viewOf(row) },
  }));
  await emitAll(ctx, stockLow, announcements);
}

// No `exists`: PostgreSQL would answer that from a hash of all levels of the company, anew for each batch.
const itemsOf = (ctx: Ctx, variantIds: Iterable<Id<'var'>>, threshold: number): SQL =>
  sql`select v.id as "variantId", v.product_id as "productId", v.sku,
      ${freeOfVariant(ctx, sql`v.id`)} as available,
      coalesce(i.low_stock_threshold, ${threshold}::int) as "lowStockThreshold",
      coalesce(i.is_low, false) as was_low,
      v.tracks_stock and v.archived_at is null and (
        select 1 from bundle_components k where k.company_id = v.company_id and k.bundle_variant_id = v.id limit 1
      ) is null and (
        select 1 from stock_levels l where l.company_id = v.company_id and l.variant_id = v.id limit 1
      ) is not null as is_counted
    from product_variants v
    left join stock_items i on i.company_id = v.company_id and i.variant_id = v.id
    where v.company_id = ${ctx.companyId} and ${isAnyOf(sql`v.id`, variantIds)}
    order by v.id`;

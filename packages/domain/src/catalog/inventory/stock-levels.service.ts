import { and, eq, getTableColumns, type SQL, sql } from 'drizzle-orm';
import { getSettings } from '../../company/settings/settings.service.ts';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { foldKey } from '../../kernel/text.ts';
import { productVariants } from '../products/variants.schema.ts';
import { freeOf, heldOf } from './availability.service.ts';
import { stockItems, stockLevels, stockLocations, stockMovements } from './inventory.schema.ts';
import { ensureLevels, lockLevels } from './levels.service.ts';
import { defaultLocationId, getLocation } from './locations.service.ts';
import { refreshLowStock } from './low-stock.service.ts';
import { settle } from './settlement.service.ts';
import type {
  StockLevelPatch,
  StockLevelsQuery,
  StockLevelView,
  StockMovementsQuery,
  StockMovementView,
} from './stock.contract.ts';
import { refuseBundles } from './stock.service.ts';

/** Levels by variant and location. A variant that was never counted anywhere has none. */
export async function listStockLevels(ctx: Ctx, query: StockLevelsQuery): Promise<Page<StockLevelView>> {
  const order = { columns: [stockLevels.variantId, stockLevels.locationId], direction: 'asc' } as const;
  const { where, orderBy } = keyset(order, query.after);
  const rows = await selectLevels(ctx, and(where, wishesOf(query)), orderBy, query.limit + 1);
  return pageFrom(
    rows,
    query.limit,
    (row) => [row.variantId, row.locationId],
    (row) => row,
  );
}

/** All levels of these variants (at most a few each). */
export const stockLevelsOf = (ctx: Ctx, variantIds: Iterable<Id<'var'>>): Promise<StockLevelView[]> =>
  selectLevels(ctx, isAnyOf(stockLevels.variantId, variantIds), [stockLevels.variantId, stockLevels.locationId]);

/** The level of a variant at a location. Throws `NotFound`. */
export async function getStockLevel(ctx: Ctx, variantId: Id<'var'>, locationId: Id<'loc'>): Promise<StockLevelView> {
  const which = and(eq(stockLevels.variantId, variantId), eq(stockLevels.locationId, locationId));
  const [level] = await selectLevels(ctx, which, []);
  if (!level) throw new NotFound('stock level');
  return level;
}

/**
 * Sets what is kept back at a location (the default one if none is named), and when the variant counts as low.
 * Throws `NotFound` for a variant or location that is not here, `BundleHasNoStock`.
 */
export async function updateStockLevel(
  ctx: Ctx,
  variantId: Id<'var'>,
  patch: StockLevelPatch,
): Promise<StockLevelView> {
  const [variant] = await ctx.tx
    .select({ id: productVariants.id })
    .from(productVariants)
    .where(mine(ctx, productVariants, eq(productVariants.id, variantId)));
  if (!variant) throw new NotFound('variant');
  const locationId = patch.locationId ? (await getLocation(ctx, patch.locationId)).id : await defaultLocationId(ctx);
  if (patch.safetyStock === undefined && patch.lowStockThreshold === undefined) {
    const message = 'Expected safetyStock or lowStockThreshold.';
    throw new InvalidInput({ pointer: '', code: 'nothing_to_change', message });
  }
  await refuseBundles(ctx, [variantId]);
  await ensureLevels(ctx, [{ variantId, locationId }]);
  const levels = await lockLevels(ctx, [variantId]);
  const held = levels.find((level) => level.locationId === locationId);
  const before = await getStockLevel(ctx, variantId, locationId);
  if (patch.lowStockThreshold !== undefined) await setThreshold(ctx, variantId, patch.lowStockThreshold);
  if (held && patch.safetyStock !== undefined && patch.safetyStock !== held.safetyStock) {
    await ctx.tx
      .update(stockLevels)
      .set({ safetyStock: patch.safetyStock, updatedAt: sql`now()` })
      .where(mine(ctx, stockLevels, and(eq(stockLevels.variantId, variantId), eq(stockLevels.locationId, locationId))));
    const freeBefore = held.onHand - held.reserved - held.safetyStock;
    const freeAfter = held.onHand - held.reserved - patch.safetyStock;
    await settle(ctx, [{ ...held, freeBefore, freeAfter, isComponent: true }]); // whether it is one does not matter here
  } else await refreshLowStock(ctx, [variantId]);
  const after = await getStockLevel(ctx, variantId, locationId);
  ctx.audit({ action: 'stock_level.updated', entity: { type: 'variant', id: variantId }, before, after });
  ctx.catalogueChanged();
  return after;
}

/** The ledger, newest first. */
export async function listMovements(ctx: Ctx, query: StockMovementsQuery): Promise<Page<StockMovementView>> {
  const { where, orderBy } = keyset({ columns: [stockMovements.id], direction: 'desc' }, query.after);
  const ofVariant = query.variantId && eq(stockMovements.variantId, query.variantId);
  const ofSku =
    query.sku === undefined ? undefined : sql`${stockMovements.variantId} = any(${withSku(ctx, query.sku)})`;
  const rows = await ctx.tx
    .select()
    .from(stockMovements)
    .where(mine(ctx, stockMovements, where, ofVariant, ofSku))
    .orderBy(...orderBy)
    .limit(query.limit + 1);
  return pageFrom(
    rows,
    query.limit,
    (row) => [row.id],
    ({ companyId: _, causeType, causeId, actorType, actorId, ...row }) => ({
      ...row,
      cause: { type: causeType, id: causeId },
      actor: { type: actorType, id: actorId },
    }),
  );
}

function setThreshold(ctx: Ctx, variantId: Id<'var'>, lowStockThreshold: number | null) {
  return ctx.tx
    .insert(stockItems)
    .values({ companyId: ctx.companyId, variantId, lowStockThreshold })
    .onConflictDoUpdate({ target: [stockItems.companyId, stockItems.variantId], set: { lowStockThreshold } });
}

function wishesOf({ sku, variantId, productId, locationId, low }: StockLevelsQuery): SQL | undefined {
  return and(
    sku === undefined
      ? undefined
      : and(eq(productVariants.skuKey, foldKey(sku)), sql`${productVariants.archivedAt} is null`),
    variantId && eq(stockLevels.variantId, variantId),
    productId && eq(productVariants.productId, productId),
    locationId && eq(stockLevels.locationId, locationId),
    low === undefined ? undefined : low ? sql`${stockItems.isLow}` : sql`${stockItems.isLow} is not true`,
  );
}

const withSku = (ctx: Ctx, sku: string): SQL =>
  sql`array(select v.id from product_variants v where v.company_id = ${ctx.companyId} and v.sku_key = ${foldKey(sku)})`;

async function selectLevels(
  ctx: Ctx,
  which: SQL | undefined,
  orderBy: readonly (SQL | (typeof stockLevels)['variantId'] | (typeof stockLevels)['locationId'])[],
  limit = 100_000,
): Promise<StockLevelView[]> {
  const settings = await getSettings(ctx, 'inventory');
  const { companyId: _, ...columns } = getTableColumns(stockLevels);
  return ctx.tx
    .select({
      ...columns,
      productId: productVariants.productId,
      sku: productVariants.sku,
      tracksStock: productVariants.tracksStock,
      backorder: sql<boolean>`coalesce(${productVariants.backorder}, ${settings.backorder ? 'allow' : 'deny'}) = 'allow'`,
      reserved: sql<number>`${heldOf('stock_levels')}`,
      available: sql<number>`case when ${stockLocations.isActive} then ${freeOf('stock_levels')} else 0 end`,
      isLow: sql<boolean>`coalesce(${stockItems.isLow}, false)`,
      lowStockThreshold: sql<number>`coalesce(${stockItems.lowStockThreshold}, ${settings.lowStockThreshold}::int)`,
    })
    .from(stockLevels)
    .innerJoin(
      productVariants,
      and(eq(productVariants.companyId, stockLevels.companyId), eq(productVariants.id, stockLevels.variantId)),
    )
    .innerJoin(
      stockLocations,
      and(eq(stockLocations.companyId, stockLevels.companyId), eq(stockLocations.id, stockLevels.locationId)),
    )
    .leftJoin(
      stockItems,
      and(eq(stockItems.companyId, stockLevels.companyId), eq(stockItems.variantId, stockLevels.variantId)),
    )
    .where(mine(ctx, stockLevels, which))
    .orderBy(...orderBy)
    .limit(limit);
}

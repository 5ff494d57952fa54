import { and, asc, eq, gt, isNull, ne, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { fileViews } from '../files/files.service.ts';
import { stockLevels, stockLocations } from '../inventory/inventory.schema.ts';
import { prices } from '../prices/prices.schema.ts';
import { readPrices } from '../prices/prices.service.ts';
import { attributeDefinitions, productAttributes, productTranslations } from '../products/product-details.schema.ts';
import type { StoredProduct } from '../products/product-draft.ts';
import { readProducts } from '../products/product-reader.service.ts';
import { products } from '../products/products.schema.ts';
import { productVariants } from '../products/variants.schema.ts';
import { categoryPaths } from './category-paths.service.ts';
import { type ExportColumns, lineOf, type Names, soukLines } from './souk-lines.ts';

const PRODUCTS_PER_BATCH = 200;

/** Where in the order of an export we are: bundles come behind everything they can be made of. */
export interface ExportPlace {
  ofBundles: boolean;
  handle: string;
}

export const EXPORT_BEGIN: ExportPlace = { ofBundles: false, handle: '' };

export interface ExportBatch {
  lines: string;
  products: number;
  rows: number;
  /** Undefined: that was all. */
  next: ExportPlace | undefined;
}

/** Whether there is not a single product. */
export async function isCatalogueEmpty(ctx: Ctx): Promise<boolean> {
  const rows = await ctx.tx.select({ id: products.id }).from(products).where(mine(ctx, products)).limit(1);
  return rows.length === 0;
}

/** Which columns this company's file needs: those something stands in. */
export async function exportColumns(ctx: Ctx, { withStock }: { withStock: boolean }): Promise<ExportColumns> {
  const currencies = await ctx.tx
    .selectDistinct({ currency: prices.currency })
    .from(prices)
    .innerJoin(productVariants, and(mine(ctx, productVariants), eq(productVariants.id, prices.variantId)))
    .where(mine(ctx, prices, isNull(productVariants.archivedAt)));
  const locales = await ctx.tx
    .selectDistinct({ locale: productTranslations.locale })
    .from(productTranslations)
    .where(mine(ctx, productTranslations));
  const { key, type, unit, choices } = attributeDefinitions;
  const isUsed = sql`exists (select from ${productAttributes} where ${mine(ctx, productAttributes, eq(productAttributes.definitionId, attributeDefinitions.id))})`;
  const attributes = await ctx.tx
    .select({ key, type, unit, choices })
    .from(attributeDefinitions)
    .where(mine(ctx, attributeDefinitions, isUsed))
    .orderBy(asc(key));
  return {
    currencies: currencies.map(({ currency }) => currency).sort(),
    locales: locales.map(({ locale }) => locale).sort(),
    attributes,
    locations: withStock ? await countedLocations(ctx) : [],
  };
}

async function countedLocations(ctx: Ctx): Promise<string[]> {
  const rows = await ctx.tx
    .selectDistinct({ handle: stockLocations.handle })
    .from(stockLocations)
    .innerJoin(stockLevels, and(mine(ctx, stockLevels), eq(stockLevels.locationId, stockLocations.id)))
    .innerJoin(productVariants, and(mine(ctx, productVariants), eq(productVariants.id, stockLevels.variantId)))
    .where(mine(ctx, stockLocations, isNull(productVariants.archivedAt), gt(stockLevels.onHand, 0)));
  return rows.map(({ handle }) => handle).sort();
}

/** The next lines of an export, in a constant number of statements. */
export async function exportBatch(
  ctx: Ctx,
  columns: ExportColumns,
  names: readonly string[],
  place: ExportPlace,
): Promise<ExportBatch> {
  const kind = place.ofBundles ? eq(products.kind, 'bundle') : ne(products.kind, 'bundle');
  const rows = await ctx.tx
    .select({ id: products.id, handle: products.handle })
    .from(products)
    .where(mine(ctx, products, kind, gt(products.handle, place.handle)))
    .orderBy(asc(products.handle))
    .limit(PRODUCTS_PER_BATCH);
  const read = await readProducts(
    ctx,
    rows.map(({ id }) => id),
  );
  const all = rows.flatMap(({ id }) => read.get(id) ?? []);
  const known = all.length === 0 ? undefined : await namesIn(ctx, columns, all);
  const cells = known ? all.flatMap((product) => soukLines(product, columns, known)) : [];
  const last = rows.at(-1);
  const isEnd = rows.length < PRODUCTS_PER_BATCH || !last;
  const behind = isEnd ? (place.ofBundles ? undefined : { ofBundles: true, handle: '' }) : undefined;
  return {
    lines: cells.map((line) => lineOf(names, line)).join(''),
    products: all.length,
    rows: cells.length,
    next: last && !isEnd ? { ...place, handle: last.handle } : behind,
  };
}

async function namesIn(ctx: Ctx, columns: ExportColumns, all: readonly StoredProduct[]): Promise<Names> {
  const variants = all.flatMap((product) => product.variants);
  const variantIds = variants.map(({ id }) => id);
  const unique = <T>(values: T[]) => [...new Set(values)];
  const priced = await readPrices(ctx, variantIds);
  const files = await fileViews(ctx, unique(all.flatMap(({ media }) => media.map(({ fileId }) => fileId))));
  const paths = await categoryPaths(ctx, unique(all.flatMap(({ categoryIds }) => [...categoryIds])));
  const parts = variants.flatMap(({ components }) => components.map(({ variantId }) => variantId));
  const components = await componentNames(ctx, unique(parts));
  const counts = columns.locations.length === 0 ? new Map<string, number>() : await onHandOf(ctx, variantIds);
  return {
    categoryPath: (id) => paths.get(id),
    address: (fileId) => {
      const file = files.get(fileId);
      return file?.sourceUrl ?? file?.picture?.url;
    },
    component: (id) => components.get(id),
    pricesOf: (id) => priced.get(id) ?? [],
    onHand: (id, location) => counts.get(`${id} ${location}`),
  };
}

async function onHandOf(ctx: Ctx, variantIds: readonly Id<'var'>[]): Promise<Map<string, number>> {
  const rows = await ctx.tx
    .select({ id: stockLevels.variantId, handle: stockLocations.handle, onHand: stockLevels.onHand })
    .from(stockLevels)
    .innerJoin(stockLocations, and(mine(ctx, stockLocations), eq(stockLocations.id, stockLevels.locationId)))
    .where(mine(ctx, stockLevels, isAnyOf(stockLevels.variantId, variantIds)));
  return new Map(rows.map(({ id, handle, onHand }) => [`${id} ${handle}`, onHand]));
}

async function componentNames(ctx: Ctx, ids: readonly Id<'var'>[]) {
  if (ids.length === 0) return new Map();
  const { id, sku, option1, option2, option3, productId } = productVariants;
  const rows = await ctx.tx
    .select({ id, sku, option1, option2, option3, handle: products.handle })
    .from(productVariants)
    .innerJoin(products, and(mine(ctx, products), eq(products.id, productId)))
    .where(mine(ctx, productVariants, isAnyOf(id, ids)));
  return new Map(
    rows.map((row) => [
      row.id,
      row.sku === null
        ? { handle: row.handle, options: [row.option1, row.option2, row.option3].flatMap((value) => value ?? []) }
        : { sku: row.sku, options: [] },
    ]),
  );
}

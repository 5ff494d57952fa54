import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { bytewiseText } from '../../kernel/column-types.ts';
import { idColumn } from '../../kernel/ids.ts';
import { companyIdColumn, companyWall, createdAt, tenantId, updatedAt, walls } from '../../kernel/tables.ts';
import { productMedia, products } from './products.schema.ts';

/** Sell what is not in stock? `null` asks the company's inventory settings. */
export type BackorderPolicy = 'deny' | 'allow';

/** What a cart line points at. One that is taken off its product is archived, never deleted: orders know it. */
export const productVariants = pgTable(
  'product_variants',
  {
    ...tenantId('var'),
    productId: idColumn('prod', 'product_id').notNull(),
    position: integer('position').notNull(),
    sku: text('sku'),
    /** Folded; null while it is archived, so that the SKU is free and its index holds no condition (see below). */
    skuKey: bytewiseText('sku_key'),
    barcode: bytewiseText('barcode'),
    /** Values of the product's options, in their order; `null` where there is no such option. */
    option1: text('option1'),
    option2: text('option2'),
    option3: text('option3'),
    /** The folded values joined: two variants of a product never have the same. */
    optionsKey: bytewiseText('options_key').notNull().default(''),
    weightGrams: integer('weight_grams'),
    lengthMm: integer('length_mm'),
    widthMm: integer('width_mm'),
    heightMm: integer('height_mm'),
    taxCategory: text('tax_category'),
    isTaxable: boolean('is_taxable').notNull().default(true),
    requiresShipping: boolean('requires_shipping').notNull().default(true),
    /** False: sold without counting. */
    tracksStock: boolean('tracks_stock').notNull().default(true),
    backorder: text('backorder').$type<BackorderPolicy>(),
    mediumId: idColumn('med', 'medium_id'),
    archivedAt: instantColumn('archived_at'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    // Not partial: on tables nobody has analysed yet the planner takes `archived_at is null` for one row in two hundred,
    // and reads a company's whole partial index where another one would lead it to the row.
    uniqueIndex('product_variants_sku').on(t.companyId, t.skuKey),
    uniqueIndex('product_variants_options').on(t.companyId, t.productId, t.optionsKey).where(sql`archived_at is null`),
    index('product_variants_product').on(t.companyId, t.productId, t.position),
    index('product_variants_barcode').on(t.companyId, t.barcode),
    check('product_variants_backorder', sql`backorder in ('deny', 'allow')`),
    check('product_variants_measures', sql`weight_grams >= 0 and length_mm >= 0 and width_mm >= 0 and height_mm >= 0`),
    foreignKey({ columns: [t.companyId, t.productId], foreignColumns: [products.companyId, products.id] }),
    foreignKey({ columns: [t.companyId, t.mediumId], foreignColumns: [productMedia.companyId, productMedia.id] }),
  ],
);

/** The option values of the variants that are for sale, a row each: what `option[Colour]=Red` asks. */
export const variantOptions = pgTable(
  'variant_options',
  {
    companyId: companyIdColumn(),
    variantId: idColumn('var', 'variant_id').notNull(),
    productId: idColumn('prod', 'product_id').notNull(),
    nameKey: bytewiseText('name_key').notNull(),
    valueKey: bytewiseText('value_key').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.variantId, t.nameKey] }),
    index('variant_options_value').on(t.companyId, t.nameKey, t.valueKey, t.productId),
    index('variant_options_product').on(t.companyId, t.productId),
    foreignKey({
      columns: [t.companyId, t.variantId],
      foreignColumns: [productVariants.companyId, productVariants.id],
    }),
  ],
);

/** What a bundle is made of: its (only) variant takes `quantity` of each component from stock. */
export const bundleComponents = pgTable(
  'bundle_components',
  {
    companyId: companyIdColumn(),
    bundleVariantId: idColumn('var', 'bundle_variant_id').notNull(),
    componentVariantId: idColumn('var', 'component_variant_id').notNull(),
    quantity: integer('quantity').notNull(),
    position: integer('position').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.bundleVariantId, t.componentVariantId] }),
    check('bundle_components_quantity', sql`quantity > 0`),
    check('bundle_components_not_itself', sql`bundle_variant_id <> component_variant_id`),
    index('bundle_components_component').on(t.companyId, t.componentVariantId),
    foreignKey({
      columns: [t.companyId, t.bundleVariantId],
      foreignColumns: [productVariants.companyId, productVariants.id],
    }),
    foreignKey({
      columns: [t.companyId, t.componentVariantId],
      foreignColumns: [productVariants.companyId, productVariants.id],
    }),
  ],
);

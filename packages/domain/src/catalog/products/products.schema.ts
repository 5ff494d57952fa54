import { sql } from 'drizzle-orm';
import { check, foreignKey, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { bytewiseText } from '../../kernel/column-types.ts';
import { idColumn } from '../../kernel/ids.ts';
import { companyIdColumn, companyWall, createdAt, tenantId, updatedAt, walls } from '../../kernel/tables.ts';
import { files } from '../files/files.schema.ts';

export type ProductKind = 'simple' | 'variable' | 'bundle' | 'gift';
export type ProductStatus = 'draft' | 'pending_approval' | 'active' | 'archived';
export type AttributeType = 'text' | 'number' | 'boolean' | 'date' | 'choice';

/**
 * A thing a shop sells, with its variants. Visitors see it while it is `active` and inside its publication window. The
 * `*_key` columns are what is compared, sorted and filtered: folded by the service, for an index cannot fold behind row
 * security.
 */
export const products = pgTable(
  'products',
  {
    ...tenantId('prod'),
    handle: bytewiseText('handle').notNull(),
    title: text('title').notNull(),
    titleKey: bytewiseText('title_key').notNull(),
    /** Sanitised HTML. */
    description: text('description').notNull().default(''),
    kind: text('kind').$type<ProductKind>().notNull().default('simple'),
    status: text('status').$type<ProductStatus>().notNull().default('draft'),
    publishedAt: instantColumn('published_at'),
    unpublishAt: instantColumn('unpublish_at'),
    vendor: text('vendor'),
    vendorKey: bytewiseText('vendor_key'),
    productType: text('product_type'),
    productTypeKey: bytewiseText('product_type_key'),
    seoTitle: text('seo_title'),
    seoDescription: text('seo_description'),
    /** Who waits for an approval, and what the last refusal said. */
    submittedById: text('submitted_by_id'),
    rejectionReason: text('rejection_reason'),
    version: integer('version').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    unique('products_handle').on(t.companyId, t.handle),
    check('products_kind', sql`kind in ('simple', 'variable', 'bundle', 'gift')`),
    check('products_status', sql`status in ('draft', 'pending_approval', 'active', 'archived')`),
    check('products_published', sql`status <> 'active' or published_at is not null`),
    index('products_newest').on(t.companyId, t.publishedAt.desc(), t.id.desc()).where(sql`status = 'active'`),
    index('products_title').on(t.companyId, t.titleKey, t.id).where(sql`status = 'active'`),
    index('products_vendor').on(t.companyId, t.vendorKey, t.id),
    index('products_type').on(t.companyId, t.productTypeKey, t.id),
    index('products_status_newest').on(t.companyId, t.status, t.id),
    // The orders of the staff's list, which shows every status.
    index('products_updated').on(t.companyId, t.updatedAt, t.id),
    index('products_all_titles').on(t.companyId, t.titleKey, t.id),
    index('products_unpublish').on(t.companyId, t.unpublishAt).where(sql`unpublish_at is not null`),
  ],
);

/** Every handle a product has had. The present one stands in `products` as well; the others lead there. */
export const productHandles = pgTable(
  'product_handles',
  {
    companyId: companyIdColumn(),
    handle: bytewiseText('handle').notNull(),
    productId: idColumn('prod', 'product_id').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.handle] }),
    foreignKey({ columns: [t.companyId, t.productId], foreignColumns: [products.companyId, products.id] }),
    index('product_handles_product').on(t.companyId, t.productId),
  ],
);

/** Up to three ways in which the variants differ (Colour, Size). `position` counts from 1. */
export const productOptions = pgTable(
  'product_options',
  {
    companyId: companyIdColumn(),
    productId: idColumn('prod', 'product_id').notNull(),
    position: integer('position').notNull(),
    name: text('name').notNull(),
    nameKey: bytewiseText('name_key').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.productId, t.position] }),
    unique('product_options_name').on(t.companyId, t.productId, t.nameKey),
    check('product_options_position', sql`position between 1 and 3`),
    foreignKey({ columns: [t.companyId, t.productId], foreignColumns: [products.companyId, products.id] }),
  ],
);

export const productOptionValues = pgTable(
  'product_option_values',
  {
    companyId: companyIdColumn(),
    productId: idColumn('prod', 'product_id').notNull(),
    optionPosition: integer('option_position').notNull(),
    position: integer('position').notNull(),
    value: text('value').notNull(),
    valueKey: bytewiseText('value_key').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.productId, t.optionPosition, t.position] }),
    unique('product_option_values_value').on(t.companyId, t.productId, t.optionPosition, t.valueKey),
    foreignKey({
      columns: [t.companyId, t.productId, t.optionPosition],
      foreignColumns: [productOptions.companyId, productOptions.productId, productOptions.position],
    }),
  ],
);

/** Pictures of a product in order; the first one stands for it in lists. */
export const productMedia = pgTable(
  'product_media',
  {
    ...tenantId('med'),
    productId: idColumn('prod', 'product_id').notNull(),
    fileId: idColumn('file', 'file_id').notNull(),
    alt: text('alt').notNull().default(''),
    position: integer('position').notNull(),
  },
  (t) => [
    ...walls(t),
    index('product_media_product').on(t.companyId, t.productId, t.position),
    index('product_media_file').on(t.companyId, t.fileId),
    foreignKey({ columns: [t.companyId, t.productId], foreignColumns: [products.companyId, products.id] }),
    foreignKey({ columns: [t.companyId, t.fileId], foreignColumns: [files.companyId, files.id] }),
  ],
);

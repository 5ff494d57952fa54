import { sql } from 'drizzle-orm';
import { boolean, check, foreignKey, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { bytewiseText } from '../../kernel/column-types.ts';
import { idColumn } from '../../kernel/ids.ts';
import {
  companyIdColumn,
  companyWall,
  createdAt,
  relayMayLook,
  tenantId,
  updatedAt,
  walls,
} from '../../kernel/tables.ts';
import { files } from '../files/files.schema.ts';
import { products } from '../products/products.schema.ts';

export type CollectionKind = 'manual' | 'rules';
export type CollectionSort = 'manual' | 'newest' | 'title' | 'price' | '-price';

/** Products shown together: picked and ordered by hand, or found by rules. */
export const collections = pgTable(
  'collections',
  {
    ...tenantId('col'),
    handle: bytewiseText('handle').notNull(),
    title: text('title').notNull(),
    description: text('description').notNull().default(''),
    kind: text('kind').$type<CollectionKind>().notNull(),
    match: text('match').$type<'all' | 'any'>().notNull().default('all'),
    sort: text('sort').$type<CollectionSort>().notNull().default('manual'),
    publishedAt: instantColumn('published_at'),
    unpublishAt: instantColumn('unpublish_at'),
    imageId: idColumn('file', 'image_id'),
    seoTitle: text('seo_title'),
    seoDescription: text('seo_description'),
    /** When a worker is to find its members anew; null when they are right. */
    rebuildDueAt: instantColumn('rebuild_due_at'),
    version: integer('version').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    relayMayLook(),
    unique('collections_handle').on(t.companyId, t.handle),
    check('collections_kind', sql`kind in ('manual', 'rules')`),
    check('collections_match', sql`match in ('all', 'any')`),
    check('collections_sort', sql`sort in ('manual', 'newest', 'title', 'price', '-price')`),
    index('collections_rebuild').on(t.companyId, t.rebuildDueAt).where(sql`rebuild_due_at is not null`),
    foreignKey({ columns: [t.companyId, t.imageId], foreignColumns: [files.companyId, files.id] }),
  ],
);

/** One condition of a rule collection. What fields and operators there are stands in `collection-rules.ts`. */
export const collectionRules = pgTable(
  'collection_rules',
  {
    companyId: companyIdColumn(),
    collectionId: idColumn('col', 'collection_id').notNull(),
    position: integer('position').notNull(),
    field: text('field').notNull(),
    operator: text('operator').notNull(),
    value: text('value').notNull(),
    /** Of a price. */
    currency: text('currency'),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.collectionId, t.position] }),
    foreignKey({ columns: [t.companyId, t.collectionId], foreignColumns: [collections.companyId, collections.id] }),
  ],
);

/** Who is in a collection. `isPinned` and `isExcluded` are the merchant's word over the rules'. */
export const collectionMembers = pgTable(
  'collection_members',
  {
    companyId: companyIdColumn(),
    collectionId: idColumn('col', 'collection_id').notNull(),
    productId: idColumn('prod', 'product_id').notNull(),
    position: integer('position').notNull().default(0),
    isPinned: boolean('is_pinned').notNull().default(false),
    isExcluded: boolean('is_excluded').notNull().default(false),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.collectionId, t.productId] }),
    index('collection_members_order').on(t.companyId, t.collectionId, t.position, t.productId),
    index('collection_members_product').on(t.companyId, t.productId),
    check('collection_members_word', sql`not (is_pinned and is_excluded)`),
    foreignKey({ columns: [t.companyId, t.collectionId], foreignColumns: [collections.companyId, collections.id] }),
    foreignKey({ columns: [t.companyId, t.productId], foreignColumns: [products.companyId, products.id] }),
  ],
);

import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
} from 'drizzle-orm/pg-core';
import { bytewiseText, tsvector } from '../../kernel/column-types.ts';
import { idColumn } from '../../kernel/ids.ts';
import {
  companyIdColumn,
  companyWall,
  createdAt,
  searchMayLook,
  tenantId,
  updatedAt,
  walls,
} from '../../kernel/tables.ts';
import { categories } from '../categories/categories.schema.ts';
import { type AttributeType, products } from './products.schema.ts';

/** Which shelves a product stands on. */
export const productCategories = pgTable(
  'product_categories',
  {
    companyId: companyIdColumn(),
    productId: idColumn('prod', 'product_id').notNull(),
    categoryId: idColumn('cat', 'category_id').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.productId, t.categoryId] }),
    index('product_categories_category').on(t.companyId, t.categoryId, t.productId),
    foreignKey({ columns: [t.companyId, t.productId], foreignColumns: [products.companyId, products.id] }),
    foreignKey({ columns: [t.companyId, t.categoryId], foreignColumns: [categories.companyId, categories.id] }),
  ],
);

export const productTags = pgTable(
  'product_tags',
  {
    companyId: companyIdColumn(),
    productId: idColumn('prod', 'product_id').notNull(),
    tagKey: bytewiseText('tag_key').notNull(),
    tag: text('tag').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.productId, t.tagKey] }),
    index('product_tags_tag').on(t.companyId, t.tagKey, t.productId),
    foreignKey({ columns: [t.companyId, t.productId], foreignColumns: [products.companyId, products.id] }),
  ],
);

/** A product in another language. What is null here is shown in the company's own. */
export const productTranslations = pgTable(
  'product_translations',
  {
    companyId: companyIdColumn(),
    productId: idColumn('prod', 'product_id').notNull(),
    locale: bytewiseText('locale').notNull(),
    title: text('title'),
    description: text('description'),
    seoTitle: text('seo_title'),
    seoDescription: text('seo_description'),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.productId, t.locale] }),
    foreignKey({ columns: [t.companyId, t.productId], foreignColumns: [products.companyId, products.id] }),
  ],
);

/** Which typed facts a company's products may have (material, screen size in inches …). */
export const attributeDefinitions = pgTable(
  'attribute_definitions',
  {
    ...tenantId('attr'),
    key: bytewiseText('key').notNull(),
    name: text('name').notNull(),
    type: text('type').$type<AttributeType>().notNull(),
    unit: text('unit'),
    /** What a `choice` may be. Not filtered, so a list in one column. */
    choices: jsonb('choices').$type<string[]>(),
    isPublic: boolean('is_public').notNull().default(true),
    position: integer('position').notNull().default(0),
    version: integer('version').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    unique('attribute_definitions_key').on(t.companyId, t.key),
    check('attribute_definitions_type', sql`type in ('text', 'number', 'boolean', 'date', 'choice')`),
  ],
);

/** A typed fact in its canonical text form (`true`, `12.5`, `2026-11-21`). */
export const productAttributes = pgTable(
  'product_attributes',
  {
    companyId: companyIdColumn(),
    productId: idColumn('prod', 'product_id').notNull(),
    definitionId: idColumn('attr', 'definition_id').notNull(),
    value: text('value').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.productId, t.definitionId] }),
    index('product_attributes_definition').on(t.companyId, t.definitionId),
    foreignKey({ columns: [t.companyId, t.productId], foreignColumns: [products.companyId, products.id] }),
    foreignKey({
      columns: [t.companyId, t.definitionId],
      foreignColumns: [attributeDefinitions.companyId, attributeDefinitions.id],
    }),
  ],
);

/**
 * Punctuation stands between words and never in them: PostgreSQL's parser would make one word of `t-shi`, a number of
 * `12.5` and a web address of `a/b.c`, and a visitor who types the beginning of them would find nothing.
 * `search_products` (drizzle/walls.sql) takes the same characters out of what was asked.
 */
const PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~';
const apart = (column: string) => `translate(${column}, '${PUNCTUATION}''', '${' '.repeat(PUNCTUATION.length + 1)}')`;

/**
 * What full-text search knows of a product: folded words of its title, vendor, type, tags, SKUs, description and
 * translations. Apart from the product, so that the search role can be let in here and nowhere else.
 */
export const productSearchDocuments = pgTable(
  'product_search_documents',
  {
    companyId: companyIdColumn(),
    productId: idColumn('prod', 'product_id').notNull(),
    /** Folded title words (all languages): what typing errors are compared with. */
    titleWords: text('title_words').notNull(),
    /** Vendor, type, tags, SKUs, barcodes, option values. */
    keyWords: text('key_words').notNull(),
    /** The description without its markup, cut to a bounded length. */
    bodyWords: text('body_words').notNull(),
    document: tsvector('document')
      .notNull()
      .generatedAlwaysAs(
        sql.raw(
          `setweight(to_tsvector('simple', ${apart('title_words')}), 'A') || setweight(to_tsvector('simple', ${apart('key_words')}), 'B') || setweight(to_tsvector('simple', ${apart('body_words')}), 'D')`,
        ),
      ),
  },
  (t) => [
    companyWall(),
    searchMayLook(),
    primaryKey({ columns: [t.companyId, t.productId] }),
    foreignKey({ columns: [t.companyId, t.productId], foreignColumns: [products.companyId, products.id] }),
    // GIN with the company in front (btree_gin): a search meets one company's words only.
    index('product_search_documents_words').using('gin', t.companyId, t.document),
    index('product_search_documents_title').using('gin', t.companyId, t.titleWords.op('gin_trgm_ops')),
  ],
);

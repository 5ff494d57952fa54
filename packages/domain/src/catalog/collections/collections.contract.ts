import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { handleForm } from '../../kernel/handle.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { prose, text } from '../../kernel/text.ts';
import { collectionRule, RULES_PER_COLLECTION_MAX } from './collection-rules.ts';

/** Of both kinds together. */
export const COLLECTIONS_MAX = 5_000;
export const PRODUCTS_PER_REQUEST_MAX = 1_000;
export const PINS_MAX = 250;
const TITLE_LENGTH_MAX = 255;
const DESCRIPTION_LENGTH_MAX = 5_000;
const SEO_TITLE_LENGTH_MAX = 255;
const SEO_DESCRIPTION_LENGTH_MAX = 1_000;

const kind = z.enum(['manual', 'rules']);
const match = z.enum(['all', 'any']).meta({ description: 'Must all rules be true of a product, or any one?' });
const sort = z.enum(['manual', 'newest', 'title', 'price', '-price']);
const rules = z.array(collectionRule).max(RULES_PER_COLLECTION_MAX);
const about = {
  title: text(TITLE_LENGTH_MAX).meta({ example: 'Summer sale' }),
  handle: handleForm('summer-sale'),
  description: prose(DESCRIPTION_LENGTH_MAX),
  publishedAt: instant.nullable().meta({ description: 'From when visitors see it; null: they do not.' }),
  unpublishAt: instant.nullable().meta({ description: 'Until when.' }),
  imageId: idOf('file').nullable(),
  seoTitle: text(SEO_TITLE_LENGTH_MAX).nullable(),
  seoDescription: prose(SEO_DESCRIPTION_LENGTH_MAX).nullable(),
};

export const newCollection = z.strictObject({
  title: about.title,
  handle: about.handle.optional().meta({ description: 'Without it the title gives one.' }),
  kind,
  description: about.description.default(''),
  match: match.default('all'),
  rules: rules.default([]).meta({ description: 'Of a collection with rules: at least one.' }),
  sort: sort.default('manual'),
  publishedAt: about.publishedAt.optional().meta({ description: 'Left out: from now on.' }),
  unpublishAt: about.unpublishAt.default(null),
  imageId: about.imageId.default(null),
  seoTitle: about.seoTitle.default(null),
  seoDescription: about.seoDescription.default(null),
});
export type NewCollection = z.infer<typeof newCollection>;

/** A collection stays of its kind. */
export const collectionPatch = z.strictObject({
  title: about.title.optional(),
  handle: about.handle.optional(),
  description: about.description.optional(),
  match: match.optional(),
  rules: rules.optional(),
  sort: sort.optional(),
  publishedAt: about.publishedAt.optional(),
  unpublishAt: about.unpublishAt.optional(),
  imageId: about.imageId.optional(),
  seoTitle: about.seoTitle.optional(),
  seoDescription: about.seoDescription.optional(),
});
export type CollectionPatch = z.infer<typeof collectionPatch>;

export const collectionView = z.object({
  id: idOf('col'),
  handle: z.string(),
  title: z.string(),
  description: z.string(),
  kind,
  match,
  rules,
  sort,
  publishedAt: instant.nullable(),
  unpublishAt: instant.nullable(),
  imageId: idOf('file').nullable(),
  seoTitle: z.string().nullable(),
  seoDescription: z.string().nullable(),
  rebuildDueAt: instant.nullable().meta({
    description: 'Set while its members are still to be found by the present rules: that happens within seconds.',
  }),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type CollectionView = z.infer<typeof collectionView>;

export const collectionsQuery = listQuery.extend({ kind: kind.optional() });
export type CollectionsQuery = z.infer<typeof collectionsQuery>;
export const collectionsPage = pageOf(collectionView);

/** In their order. */
export const collectionProducts = z.strictObject({
  productIds: z.array(idOf('prod')).max(PRODUCTS_PER_REQUEST_MAX),
});
export type CollectionProducts = z.infer<typeof collectionProducts>;

export const addedProducts = z.strictObject({
  productIds: z.array(idOf('prod')).min(1).max(PRODUCTS_PER_REQUEST_MAX),
  position: z.int().min(0).optional().meta({
    description: 'The place of the first of them, from 0; those that are in it already move there. Left out: the end.',
  }),
});
export type AddedProducts = z.infer<typeof addedProducts>;

/** In the order in which they stand before the others. */
export const pinnedProducts = z.strictObject({ productIds: z.array(idOf('prod')).max(PINS_MAX) });

export const memberView = z.object({
  productId: idOf('prod'),
  handle: z.string(),
  title: z.string(),
  status: z.string(),
  position: z.int().nullable().meta({ description: 'null: found by rules, stands behind those with a place.' }),
  isPinned: z.boolean(),
});
export type MemberView = z.infer<typeof memberView>;
export const membersQuery = listQuery.extend({
  excluded: z.enum(['true', 'false']).default('false').meta({ description: 'true: those that were excluded instead.' }),
});
export type MembersQuery = z.infer<typeof membersQuery>;
export const membersPage = pageOf(memberView);
/** How many there are now; which ones is asked for with GET. */
export const memberCount = z.object({ count: z.int().meta({ description: 'Products in it by hand, or named here.' }) });

export const rulePreview = z.strictObject({ match: match.default('all'), rules: rules.min(1) });
export type RulePreview = z.infer<typeof rulePreview>;
export const rulePreviewView = z.object({
  count: z.union([z.int(), z.literal('1000+')]).meta({ description: 'Products of any status; exact up to 1,000.' }),
  sample: z.array(z.object({ id: idOf('prod'), handle: z.string(), title: z.string(), status: z.string() })),
});
export type RulePreviewView = z.infer<typeof rulePreviewView>;

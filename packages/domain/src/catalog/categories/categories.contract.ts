import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { handleForm } from '../../kernel/handle.ts';
import { idOf } from '../../kernel/ids.ts';
import { pageOf } from '../../kernel/page.ts';
import { prose, text } from '../../kernel/text.ts';

/** The whole tree is one answer, so it has to end somewhere. */
export const CATEGORIES_MAX = 5_000;
/** Levels from the root down. */
export const DEPTH_MAX = 10;
const NAME_LENGTH_MAX = 120;
const DESCRIPTION_LENGTH_MAX = 5_000;
const SEO_TITLE_LENGTH_MAX = 255;
const SEO_DESCRIPTION_LENGTH_MAX = 1_000;

const about = {
  handle: handleForm('summer-dresses'),
  parentId: idOf('cat').nullable().meta({ description: 'The category above; null for the top.' }),
  description: prose(DESCRIPTION_LENGTH_MAX),
  position: z
    .int()
    .min(0)
    .max(CATEGORIES_MAX)
    .meta({ description: 'The place among its siblings, from 0; behind the last one is the last place.' }),
  imageId: idOf('file').nullable(),
  seoTitle: text(SEO_TITLE_LENGTH_MAX).nullable(),
  seoDescription: prose(SEO_DESCRIPTION_LENGTH_MAX).nullable(),
};

export const newCategory = z.strictObject({
  name: text(NAME_LENGTH_MAX).meta({ example: 'Summer dresses' }),
  handle: about.handle.optional().meta({ description: 'Without it the name gives one.' }),
  parentId: about.parentId.default(null),
  description: about.description.default(''),
  position: about.position.optional(),
  imageId: about.imageId.default(null),
  seoTitle: about.seoTitle.default(null),
  seoDescription: about.seoDescription.default(null),
});
export type NewCategory = z.infer<typeof newCategory>;

export const categoryPatch = z.strictObject({
  name: text(NAME_LENGTH_MAX).optional(),
  handle: about.handle.optional(),
  parentId: about.parentId.optional(),
  description: about.description.optional(),
  position: about.position.optional(),
  imageId: about.imageId.optional(),
  seoTitle: about.seoTitle.optional(),
  seoDescription: about.seoDescription.optional(),
});
export type CategoryPatch = z.infer<typeof categoryPatch>;

export const categoryView = z.object({
  id: idOf('cat'),
  parentId: idOf('cat').nullable(),
  ancestorIds: z.array(idOf('cat')).meta({ description: 'From the top down to its parent.' }),
  handle: z.string(),
  name: z.string(),
  description: z.string(),
  position: z.int(),
  imageId: idOf('file').nullable(),
  seoTitle: z.string().nullable(),
  seoDescription: z.string().nullable(),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type CategoryView = z.infer<typeof categoryView>;

const yes = z.enum(['true', 'false']).transform((word) => word === 'true');
export const categoriesQuery = z.strictObject({
  counts: yes.default(false).meta({ description: 'With how many products visitors can see in each, and below it.' }),
});
export type CategoriesQuery = z.infer<typeof categoriesQuery>;

export const listedCategory = categoryView.extend({
  productCount: z.int().optional().meta({ description: 'With `counts=true` only.' }),
});
export type ListedCategory = z.infer<typeof listedCategory>;
/** The whole tree, each category behind its parent and in the order of its siblings: always one page. */
export const categoriesPage = pageOf(listedCategory);

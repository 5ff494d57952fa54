import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { handleForm } from '../../kernel/handle.ts';
import { idOf } from '../../kernel/ids.ts';
import { prose, text } from '../../kernel/text.ts';
import {
  ALT_MAX,
  ATTRIBUTE_KEY_MAX,
  ATTRIBUTE_VALUE_MAX,
  ATTRIBUTES_MAX,
  BARCODE_MAX,
  CATEGORIES_MAX,
  COMPONENT_QUANTITY_MAX,
  COMPONENTS_MAX,
  DESCRIPTION_MAX,
  LENGTH_MM_MAX,
  LOCALES_MAX,
  MEDIA_MAX,
  OPTION_NAME_MAX,
  OPTION_VALUE_MAX,
  OPTION_VALUES_MAX,
  OPTIONS_MAX,
  PRODUCT_TYPE_MAX,
  SEO_DESCRIPTION_MAX,
  SEO_TITLE_MAX,
  SKU_MAX,
  TAG_MAX,
  TAGS_MAX,
  TAX_CATEGORY_MAX,
  TITLE_MAX,
  VARIANTS_MAX,
  VENDOR_MAX,
  WEIGHT_GRAMS_MAX,
} from './product-limits.contract.ts';

/** A language tag of BCP 47 in its canonical spelling. */
export const localeTag = z
  .string()
  .max(35)
  .refine((tag) => canonicalLocale(tag) === tag, { error: 'Expected a language tag of BCP 47, like fr or en-NG.' })
  .meta({ example: 'fr' });

/** The fields of a product one by one: what a form takes, what an import takes, what the writer holds everybody to. */
export const productFields = {
  handle: handleForm('blue-cotton-shirt'),
  title: text(TITLE_MAX).meta({ example: 'Blue cotton shirt' }),
  description: prose(DESCRIPTION_MAX).meta({ description: 'HTML; what is not safe to show is taken out.' }),
  kind: z.enum(['simple', 'variable', 'bundle', 'gift']),
  status: z.enum(['draft', 'pending_approval', 'active', 'archived']),
  vendor: text(VENDOR_MAX).nullable(),
  productType: text(PRODUCT_TYPE_MAX).nullable(),
  seoTitle: text(SEO_TITLE_MAX).nullable(),
  seoDescription: text(SEO_DESCRIPTION_MAX).nullable(),
  tags: z.array(text(TAG_MAX)).max(TAGS_MAX),
  categoryIds: z.array(idOf('cat')).max(CATEGORIES_MAX),
  options: z
    .array(
      z.strictObject({
        name: text(OPTION_NAME_MAX).meta({ example: 'Colour' }),
        values: z.array(text(OPTION_VALUE_MAX)).min(1).max(OPTION_VALUES_MAX),
      }),
    )
    .max(OPTIONS_MAX),
  alt: prose(ALT_MAX),
  attributeKey: z
    .string()
    .max(ATTRIBUTE_KEY_MAX)
    .regex(/^[a-z][a-z0-9_]*$/, { error: 'Expected small letters, digits and _, like screen_size.' })
    .meta({ example: 'screen_size' }),
};

/** The fields of a variant. Lengths are whole millimetres, weights whole grams. */
export const variantFields = {
  sku: text(SKU_MAX).nullable().meta({ example: 'SHIRT-BLUE-M' }),
  barcode: text(BARCODE_MAX).nullable(),
  weightGrams: z.int().min(0).max(WEIGHT_GRAMS_MAX).nullable(),
  lengthMm: z.int().min(0).max(LENGTH_MM_MAX).nullable(),
  widthMm: z.int().min(0).max(LENGTH_MM_MAX).nullable(),
  heightMm: z.int().min(0).max(LENGTH_MM_MAX).nullable(),
  taxCategory: text(TAX_CATEGORY_MAX).nullable(),
  isTaxable: z.boolean(),
  requiresShipping: z.boolean(),
  tracksStock: z.boolean().meta({ description: 'False: sold without counting.' }),
  backorder: z
    .enum(['deny', 'allow'])
    .nullable()
    .meta({ description: "Sell what is not in stock? null: as the company's inventory settings say." }),
  components: z
    .array(z.strictObject({ variantId: idOf('var'), quantity: z.int().min(1).max(COMPONENT_QUANTITY_MAX) }))
    .max(COMPONENTS_MAX),
};

export const translation = z.strictObject({
  title: text(TITLE_MAX).nullable().default(null),
  description: prose(DESCRIPTION_MAX).nullable().default(null),
  seoTitle: text(SEO_TITLE_MAX).nullable().default(null),
  seoDescription: text(SEO_DESCRIPTION_MAX).nullable().default(null),
});

const { attributeKey: _key, alt, ...ofProduct } = productFields;

/** What the writer holds every draft to, whoever made it: the bounds of its fields. */
export const draftBounds = z.object({
  ...ofProduct,
  publishedAt: instant.nullable(),
  unpublishAt: instant.nullable(),
  media: z.array(z.object({ id: idOf('med').optional(), fileId: idOf('file'), alt })).max(MEDIA_MAX),
  variants: z
    .array(
      z.object({
        id: idOf('var').optional(),
        ...variantFields,
        options: z.array(text(OPTION_VALUE_MAX)).max(OPTIONS_MAX),
        medium: z.int().min(0).nullable(),
      }),
    )
    .min(1)
    .max(VARIANTS_MAX),
  translations: z
    .record(localeTag, translation)
    .refine((all) => Object.keys(all).length <= LOCALES_MAX, { error: `Expected at most ${LOCALES_MAX} languages.` }),
  attributes: z
    .record(z.string().max(ATTRIBUTE_KEY_MAX), prose(ATTRIBUTE_VALUE_MAX))
    .refine((all) => Object.keys(all).length <= ATTRIBUTES_MAX, {
      error: `Expected at most ${ATTRIBUTES_MAX} attributes.`,
    }),
});

function canonicalLocale(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return undefined;
  }
}

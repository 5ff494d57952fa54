import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { currencyCode } from '../../kernel/money.ts';
import { prose, text } from '../../kernel/text.ts';
import { pictureView } from '../files/pictures.contract.ts';
import { UNITS_MAX } from '../inventory/stock.contract.ts';
import { PRICES_PER_VARIANT_MAX } from '../prices/price-limits.contract.ts';
import {
  ATTRIBUTE_VALUE_MAX,
  ATTRIBUTES_MAX,
  DESCRIPTION_MAX,
  DESCRIPTIONS_MAX,
  descriptionsLength,
  LOCALES_MAX,
  MEDIA_MAX,
  OPTION_VALUE_MAX,
  OPTIONS_MAX,
  SEO_DESCRIPTION_MAX,
  SEO_TITLE_MAX,
  TITLE_MAX,
  TOO_LONG_TOGETHER,
  VARIANTS_MAX,
} from '../products/product-limits.contract.ts';
import { localeTag, productFields, variantFields } from '../products/products.contract.ts';

/** What is typed may be longer than what is left of it when it has been cleaned. */
const RAW_DESCRIPTION_MAX = 2 * DESCRIPTION_MAX;
const LOCATIONS_PER_VARIANT_MAX = 100;
const REASON_MAX = 1_000;
const HANDLE_PLACE = 'Without it one is made from the title.';

const description = z.string().max(RAW_DESCRIPTION_MAX).meta({
  description: 'HTML. Scripts, handlers, styles and odd addresses are taken out.',
  example: '<p>Soft and light.</p>',
});
const amount = z.int().min(0).meta({ description: 'Whole minor units (kobo, cents, yen).', example: 125_000 });

export const priceInput = z.strictObject({
  amount,
  currency: currencyCode,
  compareAt: amount.nullable().optional().meta({ description: 'What it cost before; shown struck through.' }),
  validFrom: instant.nullable().optional(),
  validUntil: instant.nullable().optional(),
});
export type PriceInput = z.infer<typeof priceInput>;

const prices = z
  .array(priceInput)
  .max(PRICES_PER_VARIANT_MAX)
  .meta({ description: 'All prices, in all currencies. One without a window is the base price.' });
const units = z.int().min(0).max(UNITS_MAX);
const onHand = z
  .union([units, z.array(z.strictObject({ locationId: idOf('loc'), quantity: units })).max(LOCATIONS_PER_VARIANT_MAX)])
  .meta({ description: 'Units on the shelf of a new variant: at the default location, or location by location.' });
export type OnHandInput = z.infer<typeof onHand>;

const variantInput = z.strictObject({
  ...variantFields,
  options: z
    .array(text(OPTION_VALUE_MAX))
    .max(OPTIONS_MAX)
    .meta({ description: "One value for each of the product's options, in their order." }),
  imageFileId: idOf('file')
    .nullable()
    .meta({ description: "One of the product's pictures; added to them if it is none yet." }),
  prices,
});

/** A variant as it is made: what is left out has its usual value. */
export const newVariant = variantInput.partial().extend({ onHand: onHand.optional() });
export type NewVariant = z.infer<typeof newVariant>;

/** A variant of a product that is there: with `id` what is left out stays as it is. */
export const variantPatch = newVariant.extend({ id: idOf('var').optional() });
export type VariantPatch = z.infer<typeof variantPatch>;

const medium = z.strictObject({
  id: idOf('med')
    .optional()
    .meta({ description: 'Of a picture the product has already; else it is known by its file.' }),
  fileId: idOf('file'),
  alt: productFields.alt.optional().meta({ description: 'What is to be seen, for those who cannot see it.' }),
});

const attributeValue = z.union([prose(ATTRIBUTE_VALUE_MAX), z.number(), z.boolean()]);
const attributes = z
  .record(productFields.attributeKey, attributeValue.nullable())
  .refine((all) => Object.keys(all).length <= ATTRIBUTES_MAX, { error: `Expected at most ${ATTRIBUTES_MAX}.` })
  .meta({ description: 'By the key of the attribute (GET /v1/product-attributes); null takes it off.' });

export const translationInput = z.strictObject({
  title: text(TITLE_MAX).nullable().optional(),
  description: description.nullable().optional(),
  seoTitle: text(SEO_TITLE_MAX).nullable().optional(),
  seoDescription: text(SEO_DESCRIPTION_MAX).nullable().optional(),
});
export type TranslationInput = z.infer<typeof translationInput>;

const descriptive = z.strictObject({
  description,
  vendor: productFields.vendor,
  productType: productFields.productType,
  seoTitle: productFields.seoTitle,
  seoDescription: productFields.seoDescription,
  tags: productFields.tags,
  categoryIds: productFields.categoryIds,
  options: productFields.options.meta({
    description: 'Up to three; none for a product without variants to choose from.',
  }),
  media: z
    .array(medium)
    .max(MEDIA_MAX)
    .meta({ description: 'Pictures in order; the first one stands for the product.' }),
  attributes,
});

/** A product as it is made. */
export const newProduct = descriptive
  .partial()
  .extend({
    title: productFields.title,
    handle: productFields.handle.optional().meta({ description: HANDLE_PLACE, example: 'blue-cotton-shirt' }),
    kind: productFields.kind.optional().meta({ description: 'Without it `variable` with options, else `simple`.' }),
    status: z.enum(['draft', 'active']).default('draft'),
    variants: z
      .array(newVariant)
      .min(1)
      .max(VARIANTS_MAX)
      .optional()
      .meta({ description: 'Left out: one variant, or with options one for every combination of their values.' }),
    translations: z.record(localeTag, translationInput).optional(),
    // For products of one variant it is tedious to spell out `variants`.
    sku: variantFields.sku.optional().meta({ description: 'Of the only variant, if `variants` is left out.' }),
    barcode: variantFields.barcode.optional(),
    weightGrams: variantFields.weightGrams.optional(),
    prices: prices.optional().meta({ description: 'Of every variant, if `variants` is left out.' }),
    onHand: onHand.optional().meta({ description: 'Of every variant, if `variants` is left out.' }),
  })
  .refine((form) => descriptionsLength(form) <= DESCRIPTIONS_MAX, { error: TOO_LONG_TOGETHER, path: ['translations'] });
export type NewProduct = z.infer<typeof newProduct>;

/** What changes of a product. Lists replace what was there; the status has routes of its own. */
export const productPatch = descriptive.partial().extend({
  title: productFields.title.optional(),
  handle: productFields.handle.optional(),
  kind: productFields.kind.optional(),
  variants: z.array(variantPatch).min(1).max(VARIANTS_MAX).optional().meta({
    description: 'All variants there are to be, in order: those with an id stay, others are new, the rest goes.',
  }),
});
export type ProductPatch = z.infer<typeof productPatch>;

export const publicationInput = z.strictObject({
  publishAt: instant.optional().meta({ description: 'From when on visitors see it. Without it: now.' }),
  unpublishAt: instant.nullish().meta({ description: 'Until when. Without it: as it was; null: for good.' }),
});
export type PublicationInput = z.infer<typeof publicationInput>;

export const rejectionInput = z.strictObject({
  reason: prose(REASON_MAX).refine((reason) => reason !== '', { error: 'Say what has to change.' }),
});
export type RejectionInput = z.infer<typeof rejectionInput>;

export const productCopy = z.strictObject({
  title: productFields.title.optional().meta({ description: 'Without it the same title.' }),
  handle: productFields.handle.optional().meta({ description: HANDLE_PLACE }),
});
export type ProductCopy = z.infer<typeof productCopy>;

export const priceView = z.object({
  amount: z.int(),
  currency: z.string(),
  compareAt: z.int().nullable(),
  validFrom: instant.nullable(),
  validUntil: instant.nullable(),
});

const variantBase = z.object({
  id: idOf('var'),
  title: z.string().meta({ description: 'Its option values, like `Red / M`; empty for a product without options.' }),
  sku: z.string().nullable(),
  barcode: z.string().nullable(),
  options: z.array(z.string()),
  weightGrams: z.int().nullable(),
  lengthMm: z.int().nullable(),
  widthMm: z.int().nullable(),
  heightMm: z.int().nullable(),
  taxCategory: z.string().nullable(),
  isTaxable: z.boolean(),
  requiresShipping: z.boolean(),
  tracksStock: z.boolean(),
  backorder: z.enum(['deny', 'allow']).nullable(),
  imageFileId: idOf('file').nullable(),
  components: z.array(z.object({ variantId: idOf('var'), quantity: z.int() })),
  prices: z.array(priceView),
});

const mediumBase = z.object({ id: idOf('med'), fileId: idOf('file'), alt: z.string() });

/** What every view of a product has. */
export const productBase = z.object({
  id: idOf('prod'),
  handle: z.string(),
  title: z.string(),
  kind: productFields.kind,
  status: productFields.status,
  publishedAt: instant.nullable(),
  unpublishAt: instant.nullable(),
  vendor: z.string().nullable(),
  productType: z.string().nullable(),
  seoTitle: z.string().nullable(),
  seoDescription: z.string().nullable(),
  tags: z.array(z.string()),
  categoryIds: z.array(idOf('cat')),
  options: z.array(z.object({ name: z.string(), values: z.array(z.string()) })),
  attributes: z.record(z.string(), z.string()).meta({ description: 'As text: `true`, `12.5`, `2026-11-21`.' }),
  submittedById: z.string().nullable().meta({ description: 'Who asked for its approval.' }),
  rejectionReason: z.string().nullable(),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});

const translationView = z.object({
  title: z.string().nullable(),
  description: z.string().nullable(),
  seoTitle: z.string().nullable(),
  seoDescription: z.string().nullable(),
});
export const translationsView = z
  .record(z.string(), translationView)
  .meta({ description: `By language, at most ${LOCALES_MAX}. What is null is shown in the company's own.` });

/** All there is to know of a product. */
export const productView = productBase.extend({
  description: z.string(),
  media: z.array(
    mediumBase.extend({
      status: z.enum(['awaiting_upload', 'remote', 'stored', 'ready', 'failed', 'missing']),
      picture: pictureView.nullable(),
    }),
  ),
  variants: z.array(
    variantBase.extend({
      stock: z
        .object({ onHand: z.int(), reserved: z.int(), available: z.int() })
        .nullable()
        .meta({ description: 'Of all locations together; null for a variant nobody counts.' }),
    }),
  ),
  translations: translationsView,
  hints: z
    .array(z.object({ code: z.string(), message: z.string() }))
    .meta({ description: 'What keeps it from being sold although it is published.' }),
});
export type ProductView = z.infer<typeof productView>;

/** What an event says of a product: all of it but stock, which has events of its own, and what would make it huge. */
export const productSnapshot = productBase.extend({
  description: z.string().nullable().meta({ description: 'null where it is too long to be sent around; read it.' }),
  media: z.array(mediumBase),
  variantCount: z.int(),
  variants: z.array(variantBase).meta({ description: 'The first 250.' }),
});
export type ProductSnapshot = z.infer<typeof productSnapshot>;

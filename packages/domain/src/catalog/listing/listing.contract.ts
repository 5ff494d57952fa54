import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { currencyCode, moneyView } from '../../kernel/money.ts';
import { listQuery, pageOf, plainNumber } from '../../kernel/page.ts';
import { text } from '../../kernel/text.ts';
import { pictureView } from '../files/pictures.contract.ts';

/** A product has three options at most, so no variant can have more. */
export const OPTIONS_ASKED_MAX = 3;
export const HANDLE_MAX = 200;
const QUERY_MAX = 200;
/** Exact up to here, and `"1000+"` beyond. */
export const COUNT_MAX = 1_000;

export const PRODUCT_SORTS = ['relevance', 'newest', 'price', '-price', 'title', '-title'] as const;
export type ProductSort = (typeof PRODUCT_SORTS)[number];

const minorUnits = z.preprocess(plainNumber, z.int().min(0));
const yesNo = z.enum(['true', 'false']).transform((word) => word === 'true');
export const handle = text(HANDLE_MAX);

const locale = z
  .string()
  .max(35)
  .refine((tag) => isLocale(tag), { error: 'Expected a language tag of BCP 47, like en-NG.' })
  .meta({ example: 'en-NG' });

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

const currency = currencyCode.optional().meta({
  description: "One the shop sells in; left out: the shop's own. What has no price in it is left out.",
});
const language = locale.optional().meta({
  description: 'Left out: by Accept-Language. What is not translated is shown in the language of the shop.',
});

/** What a visitor may ask the list of products for. Conditions are joined by "and". */
export const productListQuery = listQuery.extend({
  category: handle.optional().meta({ description: 'Handle of a category: it and all below it.' }),
  collection: handle.optional().meta({ description: 'Handle of a collection.' }),
  tag: text(120).optional(),
  q: text(QUERY_MAX).optional().meta({
    description: 'Words to look for; the last may be unfinished. Accents and small typing errors are forgiven.',
  }),
  option: z
    .record(text(80), text(255))
    .refine((chosen) => Object.keys(chosen).length <= OPTIONS_ASKED_MAX, {
      error: `Expected at most ${OPTIONS_ASKED_MAX} options.`,
    })
    .optional()
    .meta({ description: 'Option values, like option[Colour]=Red: one variant has them all.' }),
  priceGte: minorUnits.optional().meta({ description: 'Lowest price "from", in whole minor units of the currency.' }),
  priceLte: minorUnits.optional().meta({ description: 'Highest price "from", in whole minor units of the currency.' }),
  inStock: yesNo.optional().meta({ description: 'true: what can be had now. false: what cannot.' }),
  currency,
  locale: language,
  facets: yesNo.optional().meta({ description: 'true: with how many products each option value, tag … has.' }),
  count: yesNo.optional().meta({ description: `true: with the number of products, exact to ${COUNT_MAX}.` }),
  sort: z.enum(PRODUCT_SORTS).optional().meta({
    description: 'Left out: by relevance with `q`, else in the order of the collection, else the newest first.',
  }),
});
export type ProductListQuery = z.infer<typeof productListQuery>;

export const productQuery = z.strictObject({ currency, locale: language });
export type ProductQuery = z.infer<typeof productQuery>;
export const collectionListQuery = listQuery;

const imageView = pictureView.extend({ alt: z.string() });

const pricesShown = {
  price: moneyView.meta({ description: 'Of the cheapest variant.' }),
  priceMax: moneyView.meta({ description: 'Of the dearest variant.' }),
  compareAt: moneyView.nullable().meta({ description: 'What the cheapest variant cost before.' }),
};

const listedProduct = z.object({
  id: idOf('prod'),
  handle: z.string(),
  title: z.string(),
  vendor: z.string().nullable(),
  productType: z.string().nullable(),
  publishedAt: instant,
  ...pricesShown,
  isAvailable: z.boolean(),
  image: imageView.nullable(),
});

const facetCount = z.int().min(1);
const facetsView = z.object({
  categories: z.array(z.object({ handle: z.string(), name: z.string(), count: facetCount })),
  tags: z.array(z.object({ tag: z.string(), count: facetCount })),
  vendors: z.array(z.object({ vendor: z.string(), count: facetCount })),
  productTypes: z.array(z.object({ productType: z.string(), count: facetCount })),
  options: z.array(z.object({ name: z.string(), values: z.array(z.object({ value: z.string(), count: facetCount })) })),
  price: z.object({ min: moneyView, max: moneyView }).nullable(),
  available: z.int(),
  isComplete: z.boolean().meta({ description: 'false: there are so many products that only the first were counted.' }),
});

/** A page of the list; `count` and `facets` if they were asked for. */
export const productListView = pageOf(listedProduct).extend({
  count: z.union([z.int(), z.literal(`${COUNT_MAX}+`)]).optional(),
  facets: facetsView.optional(),
});

const shownVariant = z.object({
  id: idOf('var'),
  sku: z.string().nullable(),
  barcode: z.string().nullable(),
  options: z.record(z.string(), z.string()),
  price: moneyView.nullable().meta({ description: 'null: not sold in this currency.' }),
  compareAt: moneyView.nullable(),
  isAvailable: z.boolean(),
  weightGrams: z.int().nullable(),
  requiresShipping: z.boolean(),
  image: imageView.nullable(),
});

/** A product on its own page. */
export const productPageView = z.object({
  id: idOf('prod'),
  handle: z.string(),
  title: z.string(),
  description: z.string().meta({ description: 'HTML, cleaned.' }),
  kind: z.enum(['simple', 'variable', 'bundle']),
  vendor: z.string().nullable(),
  productType: z.string().nullable(),
  publishedAt: instant,
  seo: z.object({ title: z.string().nullable(), description: z.string().nullable() }),
  tags: z.array(z.string()),
  price: pricesShown.price.nullable(),
  priceMax: pricesShown.priceMax.nullable(),
  compareAt: pricesShown.compareAt,
  isAvailable: z.boolean(),
  options: z.array(z.object({ name: z.string(), values: z.array(z.string()) })),
  images: z.array(imageView),
  variants: z.array(shownVariant),
  categories: z.array(z.object({ handle: z.string(), name: z.string() })),
  attributes: z.array(
    z.object({ key: z.string(), name: z.string(), type: z.string(), unit: z.string().nullable(), value: z.string() }),
  ),
});

/** One category of the flat tree: `parentId` says where it hangs, and parents come before their children. */
const shownCategory = z.object({
  id: idOf('cat'),
  parentId: idOf('cat').nullable(),
  handle: z.string(),
  name: z.string(),
  description: z.string(),
  image: imageView.nullable(),
  productCount: z.int().meta({ description: 'Products that visitors see, here and below.' }),
});
export const categoryListView = z.object({ data: z.array(shownCategory) });

const shownCollection = z.object({
  id: idOf('col'),
  handle: z.string(),
  title: z.string(),
  description: z.string(),
  image: imageView.nullable(),
  seo: z.object({ title: z.string().nullable(), description: z.string().nullable() }),
});
export const collectionPageView = shownCollection.extend({
  sort: z.enum(['manual', 'newest', 'title', 'price', '-price']),
  productCount: z.int().meta({ description: 'Products that visitors see.' }),
});
export const collectionListView = pageOf(shownCollection);

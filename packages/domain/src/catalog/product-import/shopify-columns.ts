/**
 * The columns of Shopify's product CSV that we model, by our field: the names of exports so far and those of the newer
 * template (Shopify Help Center, "Using CSV files to import and export products", product CSV file columns). All others
 * are named as ignored.
 */
const NAMES: Record<string, readonly string[]> = {
  handle: ['handle', 'url handle'],
  title: ['title'],
  description: ['body (html)', 'description'],
  vendor: ['vendor'],
  productType: ['type'],
  tags: ['tags'],
  published: ['published', 'published on online store'],
  status: ['status'],
  option1Name: ['option1 name'],
  option1Value: ['option1 value'],
  option2Name: ['option2 name'],
  option2Value: ['option2 value'],
  option3Name: ['option3 name'],
  option3Value: ['option3 value'],
  sku: ['variant sku', 'sku'],
  grams: ['variant grams', 'weight value (grams)'],
  weight: ['variant weight'],
  weightUnit: ['variant weight unit', 'weight unit for display'],
  tracker: ['variant inventory tracker', 'inventory tracker'],
  quantity: ['variant inventory qty', 'inventory quantity'],
  policy: ['variant inventory policy', 'continue selling when out of stock'],
  price: ['variant price', 'price'],
  compareAt: ['variant compare at price', 'compare-at price'],
  requiresShipping: ['variant requires shipping', 'requires shipping'],
  isTaxable: ['variant taxable', 'charge tax'],
  barcode: ['variant barcode', 'barcode'],
  taxCategory: ['variant tax code', 'tax code'],
  variantImage: ['variant image', 'variant image url'],
  image: ['image src', 'product image url'],
  imagePosition: ['image position'],
  imageAlt: ['image alt text'],
  giftCard: ['gift card'],
  seoTitle: ['seo title'],
  seoDescription: ['seo description'],
};

const fields = new Map(Object.entries(NAMES).flatMap(([field, names]) => names.map((name) => [name, field] as const)));

/** The field a column stands for; case does not matter. */
export const shopifyField = (name: string): string | undefined => fields.get(name.trim().toLowerCase());

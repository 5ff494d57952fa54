import type { ProductDraft, VariantDraft } from '../catalog/products/product-draft.ts';

let drafts = 0;

/** A variant as simple as can be. */
export const variantDraft = (given: Partial<VariantDraft> = {}): VariantDraft => ({
  sku: null,
  barcode: null,
  options: [],
  weightGrams: null,
  lengthMm: null,
  widthMm: null,
  heightMm: null,
  taxCategory: null,
  isTaxable: true,
  requiresShipping: true,
  tracksStock: true,
  backorder: null,
  medium: null,
  components: [],
  ...given,
});

/** A product as simple as can be, with a handle of its own. */
export const productDraft = (given: Partial<ProductDraft> = {}): ProductDraft => {
  drafts += 1;
  return {
    handle: `product-${drafts}`,
    title: `Product ${drafts}`,
    description: '',
    kind: 'simple',
    status: 'draft',
    publishedAt: null,
    unpublishAt: null,
    vendor: null,
    productType: null,
    seoTitle: null,
    seoDescription: null,
    tags: [],
    categoryIds: [],
    options: [],
    media: [],
    variants: [variantDraft()],
    translations: {},
    attributes: {},
    ...given,
  };
};

/** A shirt in two colours and two sizes, blue M not among them. */
export const shirt = (given: Partial<ProductDraft> = {}) =>
  productDraft({
    kind: 'variable',
    title: 'Shirt',
    options: [
      { name: 'Colour', values: ['Red', 'Blue'] },
      { name: 'Size', values: ['S', 'M'] },
    ],
    variants: [
      variantDraft({ sku: 'RED-S', options: ['Red', 'S'], weightGrams: 200 }),
      variantDraft({ sku: 'RED-M', options: ['Red', 'M'] }),
      variantDraft({ sku: 'BLUE-S', options: ['Blue', 'S'] }),
    ],
    tags: ['Summer', 'cotton', 'summer '],
    vendor: 'Adire',
    ...given,
  });

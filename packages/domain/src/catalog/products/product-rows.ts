import type { Instant } from '../../kernel/clock.ts';
import type { Id } from '../../kernel/ids.ts';
import { foldKey } from '../../kernel/text.ts';
import { optionsKeyOf } from './option-combinations.ts';
import type { MediumDraft, ProductDraft, StoredProduct, VariantDraft } from './product-draft.ts';
import { searchWordsOf } from './search-document.ts';

/** A draft whose media and variants all have ids. */
export type NumberedDraft = Omit<ProductDraft, 'media' | 'variants'> & {
  media: readonly Required<MediumDraft>[];
  variants: readonly (VariantDraft & { id: Id<'var'> })[];
};

/** What says how a product came to its status, beside the draft. */
export interface Submission {
  submittedById: string | null;
  rejectionReason: string | null;
}

type DefinitionIds = ReadonlyMap<string, Id<'attr'>>;

/** The row of `products` but for its version, sequence and times. */
export const productRow = (id: Id<'prod'>, product: NumberedDraft & Submission) => ({
  id,
  handle: product.handle,
  title: product.title,
  titleKey: foldKey(product.title),
  description: product.description,
  kind: product.kind,
  status: product.status,
  publishedAt: product.publishedAt,
  unpublishAt: product.unpublishAt,
  vendor: product.vendor,
  vendorKey: product.vendor === null ? null : foldKey(product.vendor),
  productType: product.productType,
  productTypeKey: product.productType === null ? null : foldKey(product.productType),
  seoTitle: product.seoTitle,
  seoDescription: product.seoDescription,
  submittedById: product.submittedById,
  rejectionReason: product.rejectionReason,
});

/** The row of one variant that is for sale. `medium` has become the id of one of the product's media. */
export const variantRow = (
  productId: Id<'prod'>,
  { media }: NumberedDraft,
  variant: VariantDraft & { id: Id<'var'> },
  at: number,
) => ({
  id: variant.id,
  productId,
  position: at,
  sku: variant.sku,
  skuKey: skuKeyOf(variant.sku),
  barcode: variant.barcode,
  option1: variant.options[0] ?? null,
  option2: variant.options[1] ?? null,
  option3: variant.options[2] ?? null,
  optionsKey: optionsKeyOf(variant.options),
  weightGrams: variant.weightGrams,
  lengthMm: variant.lengthMm,
  widthMm: variant.widthMm,
  heightMm: variant.heightMm,
  taxCategory: variant.taxCategory,
  isTaxable: variant.isTaxable,
  requiresShipping: variant.requiresShipping,
  tracksStock: variant.tracksStock,
  backorder: variant.backorder,
  mediumId: variant.medium === null ? null : (media[variant.medium]?.id ?? null),
  archivedAt: null as Instant | null, // also written where an archived variant gives up its picture
});

/** The folded form under which SKUs are unique; none for none. */
export const skuKeyOf = (sku: string | null): string | null => (sku === null ? null : foldKey(sku));

/** The rows of a product in the tables below `products`, as they are compared and written. */
export function rowsOf(productId: Id<'prod'>, product: NumberedDraft, definitions: DefinitionIds) {
  const optionKeys = product.options.map(({ name }) => foldKey(name));
  return {
    media: product.media.map(({ id, fileId, alt }, position) => ({ id, productId, fileId, alt, position })),
    variants: product.variants.map((variant, at) => variantRow(productId, product, variant, at)),
    options: optionRows(productId, product),
    optionValues: optionValueRows(productId, product),
    variantOptions: product.variants.flatMap(({ id, options }) =>
      options.map((value, at) => ({
        variantId: id,
        productId,
        nameKey: optionKeys[at] ?? '',
        valueKey: foldKey(value),
      })),
    ),
    components: product.variants.flatMap(({ id, components }) =>
      components.map(({ variantId, quantity }, position) => ({
        bundleVariantId: id,
        componentVariantId: variantId,
        quantity,
        position,
      })),
    ),
    categories: product.categoryIds.map((categoryId) => ({ productId, categoryId })),
    tags: product.tags.map((tag) => ({ productId, tagKey: foldKey(tag), tag })),
    translations: Object.entries(product.translations).map(([locale, words]) => ({ productId, locale, ...words })),
    attributes: Object.entries(product.attributes).flatMap(([key, value]) => {
      const definitionId = definitions.get(key);
      return definitionId ? [{ productId, definitionId, value }] : [];
    }),
  };
}

/** Options count from 1. */
export const optionRows = (productId: Id<'prod'>, { options }: Pick<ProductDraft, 'options'>) =>
  options.map(({ name }, at) => ({ productId, position: at + 1, name, nameKey: foldKey(name) }));

export const optionValueRows = (productId: Id<'prod'>, { options }: Pick<ProductDraft, 'options'>) =>
  options.flatMap(({ values }, option) =>
    values.map((value, position) => ({
      productId,
      optionPosition: option + 1,
      position,
      value,
      valueKey: foldKey(value),
    })),
  );

/** The row full-text search reads. */
export const searchRow = (productId: Id<'prod'>, product: ProductDraft) => ({ productId, ...searchWordsOf(product) });

/** Which rows are to go and which to be written, so that `before` becomes `after`. Rows are flat. */
export function difference<Row extends object>(
  before: readonly Row[],
  after: readonly Row[],
  key: readonly (keyof Row)[],
): { gone: Row[]; set: Row[] } {
  const keyOf = (row: Row) => key.map((name) => row[name]).join('\u001f');
  const old = new Map(before.map((row) => [keyOf(row), row]));
  const set = after.filter((row) => {
    const known = old.get(keyOf(row));
    old.delete(keyOf(row));
    return known === undefined || !sameRow(known, row);
  });
  return { gone: [...old.values()], set };
}

/** Whether two flat rows say the same. */
export const sameRow = <Row extends object>(a: Row, b: Row): boolean =>
  (Object.keys(b) as (keyof Row)[]).every((name) => a[name] === b[name]); // keys of the row itself

/** What a stored product says about its status. */
export const submissionOf = ({ submittedById, rejectionReason }: StoredProduct): Submission => ({
  submittedById,
  rejectionReason,
});

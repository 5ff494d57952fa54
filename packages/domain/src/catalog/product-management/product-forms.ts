import { type FieldFault, InvalidInput } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import type { PriceDraft } from '../prices/price-draft.ts';
import { canonicalText } from '../products/attribute-values.ts';
import { cleanHtml } from '../products/description-html.ts';
import { combinationCount, combinationsOf } from '../products/option-combinations.ts';
import type {
  MediumDraft,
  ProductDraft,
  StoredProduct,
  StoredVariant,
  TranslationDraft,
  VariantDraft,
} from '../products/product-draft.ts';
import { VARIANTS_MAX } from '../products/product-limits.contract.ts';
import type { ProductKind } from '../products/products.schema.ts';
import type {
  NewProduct,
  NewVariant,
  OnHandInput,
  PriceInput,
  ProductPatch,
  TranslationInput,
  VariantPatch,
} from './product-management.contract.ts';
import type { ProductSave, VariantStock } from './product-save.ts';

/** What a variant is when nobody says otherwise. */
const USUAL_VARIANT: VariantDraft = {
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
};

declare const CLEANED: unique symbol;
/** A form whose descriptions are safe to show. Only the functions below make one: nothing else can be saved. */
export type Cleaned<Form> = Form & { readonly [CLEANED]: true };

/**
 * A form with its descriptions cleaned. That may take a moment, so it is done before a transaction begins. Throws
 * `InvalidInput`.
 */
export function cleanedNew(form: NewProduct): Cleaned<NewProduct> {
  const translations =
    form.translations &&
    Object.fromEntries(
      Object.entries(form.translations).map(([locale, words]) => [
        locale,
        cleanedWords(words, `/translations/${locale}/description`),
      ]),
    );
  return { ...cleanedPatch(form), ...(translations && { translations }) };
}

/** The same of a form with one description. */
export function cleanedPatch<Form extends { description?: string | undefined }>(form: Form): Cleaned<Form> {
  const { description } = form;
  // The mark is for the compiler only.
  return { ...form, ...(description !== undefined && { description: cleanHtml(description) }) } as Cleaned<Form>;
}

/** The same of the words in one language. */
export function cleanedWords(words: TranslationInput, pointer = '/description'): Cleaned<TranslationInput> {
  const { description } = words;
  // The mark is for the compiler only.
  return {
    ...words,
    ...(description && { description: cleanHtml(description, pointer) }),
  } as Cleaned<TranslationInput>;
}

/** What is to be saved for a form that makes a product. Throws `InvalidInput`. */
export function saveOfNew(form: Cleaned<NewProduct>, handle: string): ProductSave {
  const options = form.options ?? [];
  const variants = form.variants ?? impliedVariants(form);
  const media = withVariantPictures(
    (form.media ?? []).map((medium) => ({ ...medium, alt: medium.alt ?? '' })),
    variants,
  );
  const draft: ProductDraft = {
    handle,
    title: form.title,
    description: form.description ?? '',
    kind: form.kind ?? kindFor(options),
    status: form.status,
    publishedAt: null,
    unpublishAt: null,
    vendor: form.vendor ?? null,
    productType: form.productType ?? null,
    seoTitle: form.seoTitle ?? null,
    seoDescription: form.seoDescription ?? null,
    tags: form.tags ?? [],
    categoryIds: form.categoryIds ?? [],
    options,
    media,
    variants: variants.map((variant) => variantOf(variant, media)),
    translations: Object.fromEntries(
      Object.entries(form.translations ?? {}).map(([locale, words]) => [locale, translationOf(words)]),
    ),
    attributes: mergedAttributes({}, form.attributes),
  };
  return { draft, ...besides(variants) };
}

/**
 * What is to be saved so that a product is as a patch says: lists are replaced, everything else that is not named stays.
 * Throws `InvalidInput`.
 */
export function saveOfPatch(stored: StoredProduct, patch: Cleaned<ProductPatch>): ProductSave {
  refuseCounts(patch.variants ?? []);
  const options = patch.options ?? stored.options;
  const given = patch.variants ?? stored.variants.map(({ id }): VariantPatch => ({ id }));
  const media = withVariantPictures(mediaOf(stored, patch), given);
  const known = new Map(stored.variants.map((variant) => [variant.id, variant]));
  const variants = given.map((variant) => {
    const before = variant.id === undefined ? undefined : known.get(variant.id);
    return { ...variantOf(variant, media, before && { stored, variant: before }), id: variant.id };
  });
  const draft: ProductDraft = {
    ...stored,
    handle: patch.handle ?? stored.handle,
    title: patch.title ?? stored.title,
    description: patch.description ?? stored.description,
    kind: patch.kind ?? kindAfter(stored.kind, options),
    vendor: patch.vendor === undefined ? stored.vendor : patch.vendor,
    productType: patch.productType === undefined ? stored.productType : patch.productType,
    seoTitle: patch.seoTitle === undefined ? stored.seoTitle : patch.seoTitle,
    seoDescription: patch.seoDescription === undefined ? stored.seoDescription : patch.seoDescription,
    tags: patch.tags ?? stored.tags,
    categoryIds: patch.categoryIds ?? stored.categoryIds,
    options,
    media,
    variants,
    attributes: mergedAttributes(stored.attributes, patch.attributes),
  };
  return { id: stored.id, draft, ...besides(given) };
}

/** What is to be saved for a copy: a draft with names of its own, and without SKUs and barcodes, which name one thing only. */
export function saveOfCopy(
  stored: StoredProduct,
  names: { title: string; handle: string },
  prices: ReadonlyMap<Id<'var'>, readonly PriceDraft[]>,
): ProductSave {
  const draft: ProductDraft = {
    ...stored,
    ...names,
    status: 'draft',
    publishedAt: null,
    unpublishAt: null,
    media: stored.media.map(({ fileId, alt }) => ({ fileId, alt })),
    variants: stored.variants.map(({ id: _id, ...variant }) => ({ ...variant, sku: null, barcode: null })),
  };
  return { draft, prices: stored.variants.map(({ id }) => prices.get(id) ?? []) };
}

/** A translation as it is stored. */
export const translationOf = (words: TranslationInput): TranslationDraft => ({
  title: words.title ?? null,
  description: words.description || null,
  seoTitle: words.seoTitle ?? null,
  seoDescription: words.seoDescription ?? null,
});

/** Whether a form says how many units there are. */
export const countsStock = ({ variants = [], ...form }: { variants?: readonly NewVariant[]; onHand?: unknown }) =>
  form.onHand !== undefined || variants.some(({ onHand }) => onHand !== undefined);

/** The place in the form of a fault in the draft that was made from it. */
export function placeInForm(form: Pick<NewProduct, 'variants'>, fault: FieldFault): FieldFault {
  if (form.variants !== undefined) return fault;
  const pointer = fault.pointer.replace(/^\/variants\/\d+\/(sku|barcode|weightGrams|prices|onHand)/, '/$1');
  return { ...fault, pointer };
}

const kindFor = (options: readonly unknown[]): ProductKind => (options.length > 0 ? 'variable' : 'simple');

function kindAfter(kind: ProductKind, options: readonly unknown[]): ProductKind {
  return kind === 'simple' || kind === 'variable' ? kindFor(options) : kind;
}

/** One variant, or one for every combination of option values. */
function impliedVariants({ options = [], sku, barcode, weightGrams, prices, onHand }: NewProduct): NewVariant[] {
  const count = combinationCount(options);
  if (count > VARIANTS_MAX) {
    const message = `These options make ${count} combinations; a product has at most ${VARIANTS_MAX} variants. List those there are in variants.`;
    throw new InvalidInput({ pointer: '/options', code: 'too_many_combinations', message });
  }
  if (options.length > 0 && (sku || barcode)) {
    const message = 'Each variant has a SKU and barcode of its own. List the variants with theirs.';
    throw new InvalidInput({ pointer: sku ? '/sku' : '/barcode', code: 'several_variants', message });
  }
  const shared = { sku, barcode, weightGrams, prices, onHand };
  return combinationsOf(options).map((values) => ({ ...shared, options: values }));
}

function variantOf(
  given: NewVariant,
  media: readonly MediumDraft[],
  before?: { stored: StoredProduct; variant: StoredVariant },
): VariantDraft {
  const { imageFileId, prices: _prices, onHand: _onHand, ...told } = given;
  const named = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
  const pictureBefore =
    before && before.variant.medium !== null ? before.stored.media[before.variant.medium] : undefined;
  const at = media.findIndex(({ id, fileId }) =>
    imageFileId === undefined
      ? pictureBefore && (id === pictureBefore.id || fileId === pictureBefore.fileId)
      : fileId === imageFileId,
  );
  // Same names and types as a draft's: what is undefined was taken out.
  return { ...USUAL_VARIANT, ...before?.variant, ...(named as Partial<VariantDraft>), medium: at < 0 ? null : at };
}

function mediaOf(stored: StoredProduct, patch: ProductPatch): MediumDraft[] {
  if (!patch.media) return [...stored.media];
  return patch.media.map(({ id, fileId, alt }) => {
    const before = stored.media.find((one) => (id === undefined ? one.fileId === fileId : one.id === id));
    return { ...(id && { id }), fileId, alt: alt ?? before?.alt ?? '' };
  });
}

function withVariantPictures(media: readonly MediumDraft[], variants: readonly NewVariant[]): MediumDraft[] {
  const known = new Set(media.map(({ fileId }) => fileId));
  const more = variants.flatMap(({ imageFileId }) => {
    if (!imageFileId || known.has(imageFileId)) return [];
    known.add(imageFileId);
    return [{ fileId: imageFileId, alt: '' }];
  });
  return [...media, ...more];
}

function mergedAttributes(
  before: Readonly<Record<string, string>>,
  changes: NewProduct['attributes'] = {},
): Record<string, string> {
  const merged = { ...before };
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) delete merged[key];
    else merged[key] = canonicalText(value);
  }
  return merged;
}

/** Prices and stock, along the variants. */
const besides = (variants: readonly NewVariant[]): Pick<ProductSave, 'prices' | 'stock'> => ({
  prices: variants.map(({ prices }) => prices?.map(priceOf)),
  stock: variants.map(({ onHand }) => (onHand === undefined ? undefined : stockOf(onHand))),
});

/** A price as it was typed. */
export const priceOf = ({ amount, currency, compareAt, validFrom, validUntil }: PriceInput): PriceDraft => ({
  currency,
  amountMinor: BigInt(amount),
  compareAtMinor: compareAt === undefined || compareAt === null ? null : BigInt(compareAt),
  validFrom: validFrom ? new Date(validFrom).toISOString() : null,
  validUntil: validUntil ? new Date(validUntil).toISOString() : null,
});

const stockOf = (onHand: OnHandInput): VariantStock => ({
  onHand: typeof onHand === 'number' ? [{ quantity: onHand }] : onHand,
  alsoExisting: false,
});

/** Stock of a variant there is changes by an adjustment, which says why and cannot overwrite a sale. */
function refuseCounts(variants: readonly VariantPatch[]): void {
  const [first, ...others] = variants.flatMap(({ id, onHand }, at) => {
    if (id === undefined || onHand === undefined) return [];
    const message = 'Stock of a variant that is there changes by POST /v1/stock-adjustments. Leave onHand out.';
    return [{ pointer: `/variants/${at}/onHand`, code: 'use_stock_adjustments', message }];
  });
  if (first) throw new InvalidInput(first, ...others);
}

import type { Instant } from '../../kernel/clock.ts';
import type { Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { foldKey } from '../../kernel/text.ts';
import type { PriceDraft } from '../prices/price-draft.ts';
import type { ProductSave, VariantStock } from '../product-management/product-save.ts';
import { cleanHtml } from '../products/description-html.ts';
import { optionsKeyOf } from '../products/option-combinations.ts';
import type {
  MediumDraft,
  ProductDraft,
  StoredProduct,
  StoredVariant,
  VariantDraft,
} from '../products/product-draft.ts';
import { skuKeyOf } from '../products/product-rows.ts';
import { matchVariants } from '../products/variant-matching.ts';
import type { ComponentName, ImportedProduct, ImportedVariant } from './imported-product.ts';

/** What the names in a file mean in this company. */
export interface Meanings {
  now: Instant;
  /** Who imports: whoever submits a product that waits for approval. */
  actorId: string;
  /** Quantities also of variants that are there. */
  updatesStock: boolean;
  prices: ReadonlyMap<Id<'var'>, readonly PriceDraft[]>;
  fileOf(url: string): Id<'file'> | undefined;
  categoryOf(path: string): Id<'cat'> | undefined;
  componentOf(name: ComponentName): Id<'var'> | undefined;
  /** By handle. */
  locations: ReadonlyMap<string, Id<'loc'>>;
}

const NEW_VARIANT: Omit<VariantDraft, 'options'> = {
  sku: null,
  barcode: null,
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
const UNTRANSLATED = { title: null, description: null, seoTitle: null, seoDescription: null };

/** What is to be saved, and which variant of the file each of the draft's is; undefined: one the file does not name. */
export interface PlannedSave {
  save: ProductSave;
  places: (number | undefined)[];
}

/**
 * What is to be saved so that a product is as the file tells it: what the file does not tell stays, and so do variants
 * and pictures it does not name, in their places. Variants are found by SKU, then by options. Throws `InvalidInput` for a
 * description nested too deep.
 */
export function saveOf(product: ImportedProduct, stored: StoredProduct | undefined, meanings: Meanings): PlannedSave {
  const matches = matchesOf(product, stored);
  const kept = keptVariants(product, stored, matches);
  const media = mediaOf(product, stored, meanings);
  const placeOf = (fileId: Id<'file'> | undefined) => {
    const at = fileId === undefined ? -1 : media.findIndex((medium) => medium.fileId === fileId);
    return at < 0 ? null : at;
  };
  const mediumOf = (one: StoredVariant | undefined) =>
    placeOf(one?.medium === null || one === undefined ? undefined : stored?.media[one.medium]?.fileId);
  const places = placesOf(product, stored, matches, kept);
  const draftAt = (at = 0): VariantDraft => {
    const [variant, match] = [product.variants[at], matches[at]];
    if (!variant) throw new Error('unreachable: a place leads to a variant of the file');
    const picture = variant.imageUrl === undefined ? undefined : meanings.fileOf(variant.imageUrl);
    return {
      ...NEW_VARIANT,
      ...match,
      ...told(variant.details),
      options: variant.options,
      medium: picture === undefined ? mediumOf(match) : placeOf(picture),
      components: componentsOf(variant, meanings) ?? match?.components ?? [],
    };
  };
  const draft: ProductDraft = {
    ...fieldsOf(product, stored, meanings),
    options: product.options.map(({ name, values }, at) => ({
      name,
      values: unfoldedOnce([...values, ...kept.map((one) => one.options[at] ?? '')]),
    })),
    media,
    variants: places.map(({ at, keep }): VariantDraft => (keep ? { ...keep, medium: mediumOf(keep) } : draftAt(at))),
  };
  const isSubmitted = draft.status === 'pending_approval' && stored?.status !== 'pending_approval';
  const submission = isSubmitted ? { submittedById: meanings.actorId } : {};
  const along = <T>(all: readonly T[]) => places.map(({ at }) => (at === undefined ? undefined : all[at]));
  const { prices, priceCurrencies } = pricesOf(product, matches, meanings);
  const save: ProductSave = {
    id: stored?.id,
    draft,
    ...submission,
    ...(prices && { prices: along(prices), priceCurrencies }),
    stock: along(product.variants.map(stockWith(meanings))),
  };
  return { save, places: places.map(({ at }) => at) };
}

interface Place {
  /** In the file. */
  at?: number;
  keep?: StoredVariant;
}

/** The file's order where it names all variants; else theirs, with new ones behind. */
function placesOf(
  { variants }: ImportedProduct,
  stored: StoredProduct | undefined,
  matches: readonly (StoredVariant | undefined)[],
  kept: readonly StoredVariant[],
): Place[] {
  const all = variants.map((_, at): Place => ({ at }));
  if (!stored || kept.length === 0) return all;
  const known = stored.variants.flatMap((one): Place[] => {
    const at = matches.indexOf(one);
    if (at >= 0) return [{ at }];
    return kept.includes(one) ? [{ keep: one }] : [];
  });
  return [...known, ...all.filter(({ at = 0 }) => matches[at] === undefined)];
}

/** Without what is undefined: that was not told. */
const told = <T extends object>(details: T): Partial<T> =>
  Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined)) as Partial<T>; // the same names

function matchesOf(product: ImportedProduct, stored: StoredProduct | undefined): (StoredVariant | undefined)[] {
  if (!stored) return product.variants.map(() => undefined);
  const known = stored.variants.map(({ id, sku, options }) => ({
    id,
    skuKey: skuKeyOf(sku),
    optionsKey: optionsKeyOf(options),
    isArchived: false,
  }));
  const drafts = product.variants.map(({ details, options }) => ({
    ...NEW_VARIANT,
    sku: details.sku ?? null,
    options,
  }));
  const byId = new Map(stored.variants.map((one) => [one.id, one]));
  return matchVariants(drafts, known).matches.map((match) => match && byId.get(match.id));
}

/** Variants the file does not name, as long as they still fit the product's options. */
function keptVariants(
  { options, variants }: ImportedProduct,
  stored: StoredProduct | undefined,
  matches: readonly (StoredVariant | undefined)[],
): StoredVariant[] {
  const namesOf = (all: readonly { name: string }[]) => all.map(({ name }) => foldKey(name)).join('\n');
  if (!stored || options.length === 0 || namesOf(stored.options) !== namesOf(options)) return [];
  const choices = new Set(variants.map((variant) => optionsKeyOf(variant.options)));
  return stored.variants.filter((one) => !matches.includes(one) && !choices.has(optionsKeyOf(one.options)));
}

function fieldsOf(
  product: ImportedProduct,
  stored: StoredProduct | undefined,
  meanings: Meanings,
): Omit<ProductDraft, 'options' | 'media' | 'variants'> {
  const status = product.status ?? stored?.status ?? 'draft';
  const publishedAt = product.publishedAt === undefined ? (stored?.publishedAt ?? null) : product.publishedAt;
  const or = <T>(value: T | undefined, before: T | undefined, otherwise: T): T => value ?? before ?? otherwise;
  const orNull = <T>(value: T | null | undefined, before: T | null | undefined): T | null =>
    value === undefined ? (before ?? null) : value;
  return {
    handle: stored?.handle ?? product.handle,
    title: or(product.title, stored?.title, ''),
    description: product.description === undefined ? (stored?.description ?? '') : cleanHtml(product.description),
    kind: product.kind ?? kindOf(product, stored),
    status,
    // What is active is published: from now on, if nobody says since when.
    publishedAt: status === 'active' ? (publishedAt ?? stored?.publishedAt ?? meanings.now) : publishedAt,
    unpublishAt: orNull(product.unpublishAt, stored?.unpublishAt),
    vendor: orNull(product.vendor, stored?.vendor),
    productType: orNull(product.productType, stored?.productType),
    seoTitle: orNull(product.seoTitle, stored?.seoTitle),
    seoDescription: orNull(product.seoDescription, stored?.seoDescription),
    tags: or<readonly string[]>(product.tags, stored?.tags, []),
    categoryIds: product.categories?.flatMap((path) => meanings.categoryOf(path) ?? []) ?? stored?.categoryIds ?? [],
    translations: translationsOf(product, stored),
    attributes: attributesOf(product, stored),
  };
}

const kindOf = ({ options }: ImportedProduct, stored: StoredProduct | undefined): ProductDraft['kind'] => {
  if (options.length > 0) return 'variable';
  return stored && stored.kind !== 'variable' ? stored.kind : 'simple';
};

/** As for variants: the file's order where it names all pictures; else theirs, with new ones behind. */
function mediaOf(product: ImportedProduct, stored: StoredProduct | undefined, { fileOf }: Meanings): MediumDraft[] {
  const before = new Map(stored?.media.map((medium) => [medium.fileId, medium]));
  const named = new Map<Id<'file'>, MediumDraft>();
  const add = (url: string, alt: string | undefined) => {
    const fileId = fileOf(url);
    if (fileId === undefined || named.has(fileId)) return;
    const known = before.get(fileId);
    named.set(fileId, { ...(known && { id: known.id }), fileId, alt: alt ?? known?.alt ?? '' });
  };
  for (const { url, alt } of product.images) add(url, alt);
  for (const { imageUrl } of product.variants) if (imageUrl !== undefined) add(imageUrl, undefined);
  const media = [...before.values()];
  if (media.every(({ fileId }) => named.has(fileId))) return [...named.values()];
  const news = [...named.values()].filter(({ fileId }) => !before.has(fileId));
  return [...media.map((medium) => named.get(medium.fileId) ?? medium), ...news];
}

function componentsOf(
  { components }: ImportedVariant,
  { componentOf }: Meanings,
): VariantDraft['components'] | undefined {
  return components?.flatMap((name) => {
    const variantId = componentOf(name);
    return variantId === undefined ? [] : [{ variantId, quantity: name.quantity }];
  });
}

function translationsOf({ translations }: ImportedProduct, stored: StoredProduct | undefined) {
  const merged: Record<string, ProductDraft['translations'][string]> = { ...stored?.translations };
  for (const [locale, words] of Object.entries(translations)) {
    const pointer = `/translations/${locale}/description`;
    const description = words.description == null ? words.description : cleanHtml(words.description, pointer);
    merged[locale] = {
      ...UNTRANSLATED,
      ...merged[locale],
      ...words,
      ...(description !== undefined && { description }),
    };
  }
  return merged;
}

function attributesOf({ attributes }: ImportedProduct, stored: StoredProduct | undefined): Record<string, string> {
  const merged: Record<string, string | null> = { ...stored?.attributes, ...attributes };
  return Object.fromEntries(Object.entries(merged).flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}

/** In each currency the file names: what it tells, and what it does not tell as it is. */
function pricesOf(
  { variants }: ImportedProduct,
  matches: readonly (StoredVariant | undefined)[],
  meanings: Meanings,
): Pick<ProductSave, 'prices' | 'priceCurrencies'> {
  const currencies = new Set(variants.flatMap(({ prices }) => [...prices.base.keys(), ...prices.scheduled.keys()]));
  if (currencies.size === 0) return {};
  const prices = variants.map((variant, at) => {
    const match = matches[at];
    const before = match ? (meanings.prices.get(match.id) ?? []) : [];
    return [...currencies].flatMap((currency) => pricesIn(currency, variant, before));
  });
  return { prices, priceCurrencies: [...currencies].sort() };
}

function pricesIn(currency: Currency, { prices }: ImportedVariant, before: readonly PriceDraft[]): PriceDraft[] {
  const own = before.filter((price) => price.currency === currency);
  const isBase = ({ validFrom, validUntil }: PriceDraft) => validFrom === null && validUntil === null;
  const base = prices.base.get(currency);
  const window = { validFrom: null, validUntil: null };
  return [
    ...(base === undefined ? own.filter(isBase) : base === null ? [] : [{ currency, ...base, ...window }]),
    ...(prices.scheduled.get(currency) ?? own.filter((price) => !isBase(price))),
  ];
}

const stockWith =
  ({ locations, updatesStock }: Meanings) =>
  ({ stock }: ImportedVariant): VariantStock | undefined => {
    const onHand = stock.flatMap(({ location, quantity }) => {
      if (location === null) return [{ quantity }];
      const locationId = locations.get(location);
      return locationId === undefined ? [] : [{ locationId, quantity }];
    });
    return onHand.length === 0 ? undefined : { onHand, alsoExisting: updatesStock };
  };

/** Each once by its folded form, spelt as it came first. */
function unfoldedOnce(values: readonly string[]): string[] {
  const byKey = new Map<string, string>();
  for (const value of values) if (value !== '' && !byKey.has(foldKey(value))) byKey.set(foldKey(value), value);
  return [...byKey.values()];
}

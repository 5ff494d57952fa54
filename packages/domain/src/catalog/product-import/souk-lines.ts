import type { Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import type { PriceDraft } from '../prices/price-draft.ts';
import type { StoredProduct, StoredVariant } from '../products/product-draft.ts';
import { componentValue } from './component-names.ts';
import { csvLine, listCell } from './csv-cells.ts';
import type { ComponentName } from './imported-product.ts';
import { amountCell, scheduledCell } from './scheduled-prices.ts';
import {
  type AttributeColumn,
  attributeColumn,
  columnOf,
  IMAGE_COLUMNS,
  PRODUCT_COLUMNS,
  TRANSLATED,
  VARIANT_COLUMNS,
} from './souk-columns.ts';

/** What a company's file has columns for, besides those every file has. Sorted: the same catalogue gives the same file. */
export interface ExportColumns {
  currencies: Currency[];
  locales: string[];
  attributes: AttributeColumn[];
  /** Handles. */
  locations: string[];
}

/** What products refer to, by the names a file has for it. */
export interface Names {
  categoryPath(id: Id<'cat'>): string | undefined;
  address(fileId: Id<'file'>): string | undefined;
  component(variantId: Id<'var'>): Omit<ComponentName, 'quantity'> | undefined;
  pricesOf(variantId: Id<'var'>): readonly PriceDraft[];
  /** Units on hand at a location; undefined: never counted there. */
  onHand(variantId: Id<'var'>, location: string): number | undefined;
}

type Cells = Record<string, string>;

/** The first line of a file, and the names of its columns in their order. */
export function soukHeader(columns: ExportColumns): { line: string; names: string[] } {
  const names = [
    ...PRODUCT_COLUMNS,
    ...columns.attributes.map(attributeColumn),
    ...columns.locales.flatMap((locale) => TRANSLATED.map((word) => columnOf(word, locale))),
    ...VARIANT_COLUMNS,
    ...columns.currencies.flatMap((currency) =>
      ['price', 'compareAt', 'scheduledPrices'].map((word) => columnOf(word, currency)),
    ),
    ...columns.locations.map((location) => columnOf('stock', location)),
    ...IMAGE_COLUMNS,
  ];
  return { line: csvLine(names), names };
}

/** The lines of one product: its first has the product, each a variant, a picture or both. */
export function soukLines(product: StoredProduct, columns: ExportColumns, names: Names): Cells[] {
  const media = product.media.flatMap(({ fileId, alt }) => {
    const address = names.address(fileId);
    return address === undefined ? [] : [{ image: address, imageAlt: alt }];
  });
  const count = Math.max(product.variants.length, media.length);
  return Array.from({ length: count }, (_, at) => {
    const variant = product.variants[at];
    return {
      handle: product.handle,
      ...(at === 0 && productCells(product, columns, names)),
      ...(variant && variantCells(product, variant, columns, names)),
      ...media[at],
    };
  });
}

/** Cells as a line of the file whose columns these are. */
export const lineOf = (names: readonly string[], cells: Cells): string =>
  csvLine(names.map((name) => cells[name] ?? ''));

function productCells(product: StoredProduct, { attributes, locales }: ExportColumns, names: Names): Cells {
  return {
    title: product.title,
    description: product.description,
    kind: product.kind,
    status: product.status,
    publishedAt: product.publishedAt ?? '',
    unpublishAt: product.unpublishAt ?? '',
    vendor: product.vendor ?? '',
    productType: product.productType ?? '',
    tags: listCell(product.tags),
    categories: listCell(product.categoryIds.flatMap((id) => names.categoryPath(id) ?? []).sort()),
    seoTitle: product.seoTitle ?? '',
    seoDescription: product.seoDescription ?? '',
    ...Object.fromEntries(
      product.options.flatMap(({ name, values }, at) => [
        [`option${at + 1}Name`, name],
        [`option${at + 1}Values`, listCell(values)],
      ]),
    ),
    ...Object.fromEntries(
      attributes.map((attribute) => [attributeColumn(attribute), product.attributes[attribute.key] ?? '']),
    ),
    ...Object.fromEntries(
      locales.flatMap((locale) =>
        TRANSLATED.map((word) => [columnOf(word, locale), product.translations[locale]?.[word] ?? '']),
      ),
    ),
  };
}

function variantCells(product: StoredProduct, variant: StoredVariant, columns: ExportColumns, names: Names): Cells {
  const count = (value: number | null) => (value === null ? '' : String(value));
  const fileId = variant.medium === null ? undefined : product.media[variant.medium]?.fileId;
  return {
    ...Object.fromEntries(variant.options.map((value, at) => [`option${at + 1}Value`, value])),
    sku: variant.sku ?? '',
    barcode: variant.barcode ?? '',
    weightGrams: count(variant.weightGrams),
    lengthMm: count(variant.lengthMm),
    widthMm: count(variant.widthMm),
    heightMm: count(variant.heightMm),
    taxCategory: variant.taxCategory ?? '',
    isTaxable: String(variant.isTaxable),
    requiresShipping: String(variant.requiresShipping),
    tracksStock: String(variant.tracksStock),
    backorder: variant.backorder ?? '',
    components: listCell(
      variant.components.flatMap(({ variantId, quantity }) => {
        const name = names.component(variantId);
        return name ? [componentValue({ ...name, quantity })] : [];
      }),
    ),
    variantImage: (fileId && names.address(fileId)) ?? '',
    ...priceCells(names.pricesOf(variant.id), columns.currencies),
    ...Object.fromEntries(
      columns.locations.map((location) => [
        columnOf('stock', location),
        names.onHand(variant.id, location)?.toString() ?? '',
      ]),
    ),
  };
}

function priceCells(prices: readonly PriceDraft[], currencies: readonly Currency[]): Cells {
  const isBase = ({ validFrom, validUntil }: PriceDraft) => validFrom === null && validUntil === null;
  return Object.fromEntries(
    currencies.flatMap((currency) => {
      const own = prices.filter((price) => price.currency === currency);
      const base = own.find(isBase);
      const before = base?.compareAtMinor ?? null;
      return [
        [columnOf('price', currency), base ? amountCell(base.amountMinor, currency) : ''],
        [columnOf('compareAt', currency), before === null ? '' : amountCell(before, currency)],
        [columnOf('scheduledPrices', currency), scheduledCell(own.filter((price) => !isBase(price)))],
      ];
    }),
  );
}

import { componentOf } from './component-names.ts';
import { unguarded, valuesOf } from './csv-cells.ts';
import type { CsvRow } from './csv-file.ts';
import { FileColumns } from './file-columns.ts';
import { type FileFormat, type ProductRead, unlessRefused } from './file-format.ts';
import {
  type ImportedImage,
  type ImportedProduct,
  type ImportedStock,
  type ImportedVariant,
  noPrices,
  type RowFault,
} from './imported-product.ts';
import { ImportFileUnfit } from './product-import.errors.ts';
import { RowReader } from './row-reader.ts';
import { scheduledPrices } from './scheduled-prices.ts';
import { abouts, columnOf, currenciesOf, soukField, TRANSLATED } from './souk-columns.ts';

const OPTION_PLACES = [1, 2, 3] as const;
const KINDS = ['simple', 'variable', 'bundle', 'gift'] as const;
const STATUSES = ['draft', 'pending_approval', 'active', 'archived'] as const;

/** Our own format: everything a product is. The first row of a handle has the product; rows have a variant, a picture or both. */
export const soukFormat: FileFormat = {
  name: 'souk',
  recognises: (header) => {
    const names = new Set(header.map((name) => name.trim()));
    return names.has('handle') && (names.has('title') || names.has('sku'));
  },
  columnsOf(header) {
    const columns = FileColumns.read(header, soukField);
    if (!columns.has('handle'))
      throw new ImportFileUnfit('A file in the souk format needs the column handle; it is not in the first line.');
    return columns;
  },
  productOf: readProduct,
  fieldAt,
  isStock: (field) => field.startsWith('stock:'),
};

/** Faults are about drafts; columns are called alike but for these. */
function fieldAt([first = '', second, third]: readonly string[]): string | undefined {
  if (first === 'translations' || first === 'attributes')
    return first === 'attributes' ? columnOf('attribute', second ?? '') : columnOf(third ?? '', second ?? '');
  if (first === 'media') return third === 'alt' ? 'imageAlt' : 'image';
  if (first === 'options') return `option${Number(second ?? 0) + 1}${third === 'name' ? 'Name' : 'Value'}`;
  if (first === 'categoryIds') return 'categories';
  return first;
}

function readProduct(rows: readonly CsvRow[], columns: FileColumns): ProductRead {
  const faults: RowFault[] = [];
  const handle = unguarded(rows[0]?.cells[columns.at('handle') ?? 0] ?? '').trim();
  const readers = rows.map((row) => new RowReader(columns, row, handle, faults));
  const [first] = readers;
  if (!first) return { product: undefined, faults };
  const fields = columns.fields();
  const options = optionsOf(first);
  const variants = readers
    .filter((reader, at) => at === 0 || hasVariant(reader))
    .map((reader) => variantOf(reader, options, fields));
  const product: ImportedProduct = {
    handle,
    rowNumber: first.rowNumber,
    ...productFields(first),
    options: options.map(({ name, values }, at) => ({
      name,
      values: [...new Set([...values, ...variants.map((variant) => variant.options[at] ?? '')])].filter(Boolean),
    })),
    variants,
    images: imagesOf(readers),
    translations: translationsOf(first, fields),
    attributes: Object.fromEntries(
      abouts(fields, 'attribute').map((key) => [key, first.text(columnOf('attribute', key)) ?? null]),
    ),
  };
  return unlessRefused(product, faults);
}

function productFields(first: RowReader): Omit<Partial<ImportedProduct>, 'options' | 'variants' | 'images'> {
  const required = (field: string, value: string | null | undefined) => {
    if (value === null) first.fault(field, 'required', `The first row of a product needs its ${field}.`);
    return value ?? undefined;
  };
  const list = (field: string) => (first.text(field) === undefined ? undefined : valuesOf(first.word(field)));
  return {
    title: required('title', first.text('title')),
    description: first.text('description') === undefined ? undefined : first.word('description'),
    kind: first.oneOf('kind', KINDS) ?? undefined,
    status: first.oneOf('status', STATUSES) ?? undefined,
    publishedAt: first.instant('publishedAt'),
    unpublishAt: first.instant('unpublishAt'),
    vendor: first.text('vendor'),
    productType: first.text('productType'),
    tags: list('tags'),
    categories: list('categories'),
    seoTitle: first.text('seoTitle'),
    seoDescription: first.text('seoDescription'),
  };
}

interface OptionRead {
  place: (typeof OPTION_PLACES)[number];
  name: string;
  values: string[];
}

const optionsOf = (first: RowReader): OptionRead[] =>
  OPTION_PLACES.flatMap((place) => {
    const name = first.word(`option${place}Name`);
    if (name !== '') return [{ place, name, values: valuesOf(first.word(`option${place}Values`)) }];
    if (first.word(`option${place}Value`) !== '')
      first.fault(`option${place}Value`, 'option_without_name', 'Name this option in the first row of the product.');
    return [];
  });

/** A row with nothing but a picture is no variant. */
const hasVariant = (reader: RowReader): boolean =>
  OPTION_PLACES.some((place) => reader.word(`option${place}Value`) !== '') ||
  reader.word('sku') !== '' ||
  reader.word('image') === '';

function variantOf(reader: RowReader, options: readonly OptionRead[], fields: readonly string[]): ImportedVariant {
  return {
    rowNumber: reader.rowNumber,
    options: options.map(({ place, name }) => {
      const value = reader.word(`option${place}Value`);
      if (value === '')
        reader.fault(`option${place}Value`, 'option_missing', `This variant needs a value for ${name}.`);
      return value;
    }),
    details: {
      sku: reader.text('sku'),
      barcode: reader.text('barcode'),
      weightGrams: reader.whole('weightGrams'),
      lengthMm: reader.whole('lengthMm'),
      widthMm: reader.whole('widthMm'),
      heightMm: reader.whole('heightMm'),
      taxCategory: reader.text('taxCategory'),
      isTaxable: reader.flag('isTaxable') ?? undefined,
      requiresShipping: reader.flag('requiresShipping') ?? undefined,
      tracksStock: reader.flag('tracksStock') ?? undefined,
      backorder: reader.oneOf('backorder', ['deny', 'allow']),
    },
    imageUrl: reader.text('variantImage') ?? undefined,
    components: componentsOf(reader),
    prices: pricesOf(reader, fields),
    stock: stockOf(reader, fields),
  };
}

function componentsOf(reader: RowReader): ImportedVariant['components'] {
  if (reader.text('components') === undefined) return undefined;
  return valuesOf(reader.word('components')).flatMap((value) => {
    const component = componentOf(value);
    if (component) return [component];
    reader.fault('components', 'invalid_component', `Expected parts like "2 x sku MUG-RED", and not "${value}".`);
    return [];
  });
}

function pricesOf(reader: RowReader, fields: readonly string[]): ImportedVariant['prices'] {
  const prices = noPrices();
  for (const currency of currenciesOf(fields)) {
    const amountMinor = reader.amount(columnOf('price', currency), currency);
    const compareAtMinor = reader.amount(columnOf('compareAt', currency), currency) ?? null;
    if (amountMinor !== undefined)
      prices.base.set(currency, amountMinor === null ? null : { amountMinor, compareAtMinor });
    const field = columnOf('scheduledPrices', currency);
    if (reader.text(field) === undefined) continue;
    const scheduled = scheduledPrices(reader.word(field), currency);
    if (typeof scheduled === 'string') reader.fault(field, 'invalid_scheduled_price', scheduled);
    else prices.scheduled.set(currency, scheduled);
  }
  return prices;
}

const stockOf = (reader: RowReader, fields: readonly string[]): ImportedStock[] =>
  abouts(fields, 'stock').flatMap((location) => {
    const quantity = reader.whole(columnOf('stock', location));
    return quantity === undefined || quantity === null ? [] : [{ location, quantity }];
  });

function imagesOf(readers: readonly RowReader[]): ImportedImage[] {
  const images = new Map<string, ImportedImage>();
  for (const reader of readers) {
    const url = reader.text('image');
    const alt = reader.text('imageAlt');
    if (url && !images.has(url)) images.set(url, { rowNumber: reader.rowNumber, url, alt: alt === null ? '' : alt });
  }
  return [...images.values()];
}

function translationsOf(first: RowReader, fields: readonly string[]): ImportedProduct['translations'] {
  const translations: ImportedProduct['translations'] = {};
  for (const word of TRANSLATED)
    for (const locale of abouts(fields, word))
      translations[locale] = { ...translations[locale], [word]: first.text(columnOf(word, locale)) ?? null };
  return translations;
}

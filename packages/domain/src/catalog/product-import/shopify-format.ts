import { unguarded } from './csv-cells.ts';
import type { CsvRow } from './csv-file.ts';
import { FileColumns } from './file-columns.ts';
import { type FileFormat, type FormatSettings, type ProductRead, unlessRefused } from './file-format.ts';
import type { ImportedImage, ImportedProduct, ImportedVariant, RowFault } from './imported-product.ts';
import { ImportFileUnfit } from './product-import.errors.ts';
import { RowReader } from './row-reader.ts';
import { shopifyField } from './shopify-columns.ts';
import { gramsOf, WEIGHT_UNITS } from './weights.ts';

const OPTION_PLACES = [1, 2, 3] as const;
/** What Shopify writes for a product without options. */
const NO_OPTION = { name: 'title', value: 'default title' };
const STATUSES = ['active', 'draft', 'archived', 'unlisted'] as const;

/** Shopify's product CSV: the first row of a handle has the product, every row may have a variant and a picture. */
export const shopifyFormat: FileFormat = {
  name: 'shopify',
  recognises(header) {
    const fields = new Set(header.map(shopifyField));
    const names = new Set(header.map((name) => name.trim()));
    // Ours says `handle` and `sku` as well, but in camel case and without the first two.
    return fields.has('handle') && fields.has('title') && (names.has('Handle') || names.has('URL handle'));
  },
  columnsOf(header) {
    const columns = FileColumns.read(header, shopifyField);
    const missing = ['Handle', 'Title'].filter((name) => !columns.has(name.toLowerCase()));
    if (missing.length > 0)
      throw new ImportFileUnfit(
        `A Shopify product file needs the columns Handle and Title; ${missing.join(' and ')} is not in the first line.`,
      );
    // With grams told, the unit says only how Shopify shows them.
    return columns.has('grams') || !columns.has('weight')
      ? columns.without((field) => field === 'weightUnit')
      : columns;
  },
  productOf: readProduct,
  fieldAt: (pointer) => FIELDS[pointer[0] ?? ''] ?? pointer[0],
  isStock: (field) => field === 'quantity',
};

/** Where what we call otherwise stands in this format. */
const FIELDS: Record<string, string> = {
  weightGrams: 'grams',
  tracksStock: 'tracker',
  backorder: 'policy',
  prices: 'price',
  stock: 'quantity',
  media: 'image',
  options: 'option1Value',
};

function readProduct(rows: readonly CsvRow[], columns: FileColumns, settings: FormatSettings): ProductRead {
  const faults: RowFault[] = [];
  const handle = handleOf(rows, columns);
  const readers = rows.map((row) => new RowReader(columns, row, handle, faults));
  const [first] = readers;
  if (!first) return { product: undefined, faults };
  if (first.flag('giftCard'))
    first.fault('giftCard', 'gift_card', 'This is a gift card, which is not a product here. It was left out.');
  const options = optionsOf(first);
  const variantRows = readers.filter((reader, at) => at === 0 || hasVariant(reader));
  const variants = variantRows.map((reader) => variantOf(reader, options, settings));
  const images = imagesOf(readers, faults);
  refuseEmptyRows(readers, variantRows);
  const product: ImportedProduct = {
    handle,
    rowNumber: first.rowNumber,
    ...productFields(first),
    options: options.map(({ name }, at) => ({
      name,
      values: [...new Set(variants.map((one) => one.options[at] ?? ''))],
    })),
    variants,
    images,
    translations: {},
    attributes: {},
  };
  return unlessRefused(product, faults);
}

function handleOf([first]: readonly CsvRow[], columns: FileColumns): string {
  return unguarded(first?.cells[columns.at('handle') ?? 0] ?? '').trim();
}

function productFields(first: RowReader) {
  const title = first.text('title');
  if (title === null) first.fault('title', 'required', 'The first row of a product needs its title.');
  return {
    title: title ?? undefined,
    description: first.text('description') ?? (first.text('description') === null ? '' : undefined),
    vendor: first.text('vendor'),
    productType: first.text('productType'),
    tags:
      first.text('tags') === undefined
        ? undefined
        : first
            .word('tags')
            .split(',')
            .map((tag) => tag.trim())
            .filter(Boolean),
    status: statusOf(first),
    seoTitle: first.text('seoTitle'),
    seoDescription: first.text('seoDescription'),
  };
}

/** Active is what visitors may find: what is unlisted or not published waits as a draft. */
function statusOf(first: RowReader): ImportedProduct['status'] {
  const published = first.flag('published');
  const status = first.oneOf('status', STATUSES);
  if (status === 'archived') return 'archived';
  if (published === false || status === 'draft' || status === 'unlisted') return 'draft';
  return status === 'active' || published === true ? 'active' : undefined;
}

interface OptionName {
  place: (typeof OPTION_PLACES)[number];
  name: string;
}

/** The options the first row names, without the one that stands for having none. */
function optionsOf(first: RowReader): OptionName[] {
  const options = OPTION_PLACES.flatMap((place) => {
    const name = first.word(`option${place}Name`);
    return name === '' ? [] : [{ place, name }];
  });
  const [only] = options;
  const isNone =
    options.length === 1 &&
    only?.name.toLowerCase() === NO_OPTION.name &&
    first.word(`option${only.place}Value`).toLowerCase() === NO_OPTION.value;
  for (const place of OPTION_PLACES)
    if (first.word(`option${place}Value`) !== '' && !options.some((option) => option.place === place))
      first.fault(`option${place}Value`, 'option_without_name', `Name this option in the first row of the product.`);
  return isNone ? [] : options;
}

const hasVariant = (reader: RowReader): boolean =>
  OPTION_PLACES.some((place) => reader.word(`option${place}Value`) !== '') ||
  reader.word('sku') !== '' ||
  reader.word('price') !== '';

function variantOf(reader: RowReader, options: readonly OptionName[], { currency }: FormatSettings): ImportedVariant {
  const policy = reader.oneOf('policy', ['deny', 'continue']);
  const tracker = reader.text('tracker');
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
      weightGrams: weightOf(reader),
      taxCategory: reader.text('taxCategory'),
      isTaxable: reader.flag('isTaxable') ?? undefined,
      requiresShipping: reader.flag('requiresShipping') ?? undefined,
      tracksStock: tracker === undefined ? undefined : tracker !== null,
      backorder: policy === undefined ? undefined : policy === 'continue' ? 'allow' : policy && 'deny',
    },
    imageUrl: reader.text('variantImage') ?? undefined,
    prices: pricesOf(reader, currency),
    stock: stockOf(reader),
  };
}

function weightOf(reader: RowReader): number | null | undefined {
  const grams = reader.decimal('grams');
  if (grams !== undefined) return grams === null ? null : Math.round(grams);
  const weight = reader.decimal('weight');
  if (weight === undefined || weight === null) return weight;
  return gramsOf(weight, reader.oneOf('weightUnit', WEIGHT_UNITS) ?? 'g');
}

function pricesOf(reader: RowReader, currency: string): ImportedVariant['prices'] {
  const amountMinor = reader.amount('price', currency);
  const before = reader.amount('compareAt', currency);
  // A blank price says nothing: the one there is stays.
  if (amountMinor === undefined || amountMinor === null) return { base: new Map(), scheduled: new Map() };
  // Zero is how some programs write "none".
  const told = before === undefined || before === 0n ? null : before;
  const isBelow = told !== null && told < amountMinor;
  if (isBelow)
    reader.fault('compareAt', 'compare_at_below_price', 'It is lower than the price and was left out.', true);
  return { base: new Map([[currency, { amountMinor, compareAtMinor: isBelow ? null : told }]]), scheduled: new Map() };
}

function stockOf(reader: RowReader): ImportedVariant['stock'] {
  const quantity = reader.signedWhole('quantity');
  if (quantity === undefined || quantity === null) return [];
  if (quantity < 0) reader.fault('quantity', 'stock_below_zero', 'A shelf holds no fewer than none: taken as 0.', true);
  return [{ location: null, quantity: Math.max(0, quantity) }];
}

/** In the order of their positions; those without one stay behind the row before. Each address once. */
function imagesOf(readers: readonly RowReader[], faults: RowFault[]): ImportedImage[] {
  const images = new Map<string, ImportedImage & { position: number }>();
  let position = 0;
  for (const reader of readers) {
    const url = reader.text('image');
    if (!url) continue;
    const before = faults.length;
    position = reader.whole('imagePosition') ?? position;
    if (faults.length > before) continue;
    if (!images.has(url)) images.set(url, { rowNumber: reader.rowNumber, url, alt: altOf(reader), position });
  }
  return [...images.values()].sort((a, b) => a.position - b.position).map(({ position: _, ...image }) => image);
}

const altOf = (reader: RowReader) => {
  const alt = reader.text('imageAlt');
  return alt === null ? '' : alt;
};

function refuseEmptyRows(readers: readonly RowReader[], variantRows: readonly RowReader[]): void {
  for (const reader of readers)
    if (!variantRows.includes(reader) && reader.word('image') === '' && reader.word('variantImage') === '')
      reader.fault(
        null,
        'row_without_content',
        'This row holds neither a variant nor a picture. Fill it or take it out.',
      );
}

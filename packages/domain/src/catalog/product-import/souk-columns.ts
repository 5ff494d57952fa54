import { type Currency, currencyCode } from '../../kernel/money.ts';
import { localeTag, productFields } from '../products/products.contract.ts';
import type { AttributeType } from '../products/products.schema.ts';
import { listCell, valuesOf } from './csv-cells.ts';

/** Said in the first row of a product. */
export const PRODUCT_COLUMNS = [
  'handle',
  'title',
  'description',
  'kind',
  'status',
  'publishedAt',
  'unpublishAt',
  'vendor',
  'productType',
  'tags',
  'categories',
  'seoTitle',
  'seoDescription',
  'option1Name',
  'option1Values',
  'option2Name',
  'option2Values',
  'option3Name',
  'option3Values',
] as const;

/** Said in the row of each variant. */
export const VARIANT_COLUMNS = [
  'option1Value',
  'option2Value',
  'option3Value',
  'sku',
  'barcode',
  'weightGrams',
  'lengthMm',
  'widthMm',
  'heightMm',
  'taxCategory',
  'isTaxable',
  'requiresShipping',
  'tracksStock',
  'backorder',
  'components',
  'variantImage',
] as const;

/** One picture a row. */
export const IMAGE_COLUMNS = ['image', 'imageAlt'] as const;

/** Said of a product in another language, `title:fr`. */
export const TRANSLATED = ['title', 'description', 'seoTitle', 'seoDescription'] as const;
/** Said of a variant in a currency, `price:NGN`. */
const PRICED = ['price', 'compareAt', 'scheduledPrices'] as const;
const ATTRIBUTE_TYPES: readonly AttributeType[] = ['text', 'number', 'boolean', 'date', 'choice'];

const FIXED = new Map(
  [...PRODUCT_COLUMNS, ...VARIANT_COLUMNS, ...IMAGE_COLUMNS].map((name) => [name.toLowerCase(), name]),
);
const priced = new Map(PRICED.map((name) => [name.toLowerCase(), name]));
const translated = new Map(TRANSLATED.map((name) => [name.toLowerCase(), name]));

/** The name of a column that is about something in particular: `price:NGN`, `stock:main`, `title:fr`. */
export const columnOf = (field: string, about: string): string => `${field}:${about}`;

/** An attribute's column says its type as well, so that an import can define it: `attribute:size_inch:number inch`. */
export interface AttributeColumn {
  key: string;
  type: AttributeType;
  unit: string | null;
  choices: string[] | null;
}

export function attributeColumn({ key, type, unit, choices }: AttributeColumn): string {
  const more = type === 'choice' ? listCell(choices ?? []) : (unit ?? '');
  return `attribute:${key}:${type}${more === '' ? '' : ` ${more}`}`;
}

/** What an attribute's column says of it; undefined if it is none. */
export function attributeOf(column: string): AttributeColumn | undefined {
  const match = /^attribute:([^:]+):(\w+)(?: (.*))?$/is.exec(column);
  if (!match) return undefined;
  const [, name = '', word = '', more = ''] = match;
  const key = productFields.attributeKey.safeParse(name.toLowerCase());
  const type = ATTRIBUTE_TYPES.find((known) => known === word.toLowerCase());
  if (!key.success || !type) return undefined;
  const isChoice = type === 'choice';
  return {
    key: key.data,
    type,
    unit: isChoice || more === '' ? null : more,
    choices: isChoice ? valuesOf(more) : null,
  };
}

/** The field a column of our own format stands for; case does not matter but in what follows a colon. */
export function soukField(name: string): string | undefined {
  const fixed = FIXED.get(name.toLowerCase());
  if (fixed) return fixed;
  const [word = '', about = ''] = [name.slice(0, name.indexOf(':')).toLowerCase(), name.slice(name.indexOf(':') + 1)];
  if (!name.includes(':') || about === '') return undefined;
  if (word === 'attribute') {
    const attribute = attributeOf(name);
    return attribute && columnOf('attribute', attribute.key);
  }
  if (word === 'stock') return columnOf('stock', about.toLowerCase());
  const price = priced.get(word);
  if (price)
    return currencyCode.safeParse(about.toUpperCase()).success ? columnOf(price, about.toUpperCase()) : undefined;
  const words = translated.get(word);
  return words && localeTag.safeParse(about).success ? columnOf(words, about) : undefined;
}

/** What stands behind the colon in those of the fields that begin with a word. */
export const abouts = (fields: readonly string[], word: string): string[] =>
  fields.filter((field) => field.startsWith(`${word}:`)).map((field) => field.slice(word.length + 1));

/** The currencies a file has prices in. */
export const currenciesOf = (fields: readonly string[]): Currency[] => [
  ...new Set(PRICED.flatMap((word) => abouts(fields, word))),
];

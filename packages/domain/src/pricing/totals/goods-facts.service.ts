import type { PictureRow } from '../../catalog/files/pictures.contract.ts';
import { ownVersionText } from '../../kernel/catalogue-version-reader.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { runText, type TextStatement } from '../../kernel/text-statement.ts';
import { VersionMemory } from '../../kernel/version-memory.ts';
import type { Goods } from './basket.ts';
import { goodsJson } from './goods-text.ts';

/** Goods, and what decides how many of them one can have. */
export interface GoodsFacts {
  readonly goods: Goods;
  readonly isBundle: boolean;
  readonly tracksStock: boolean;
  /** Null: as the shop's setting says. */
  readonly backorder: 'allow' | 'deny' | null;
}

/** Of which goods is asked, and when. */
export interface GoodsAsked {
  readonly currency: Currency;
  /** For titles; null: the company's own language. */
  readonly locale: string | null;
  readonly variantIds: readonly Id<'var'>[];
}

export type GoodsByVariant = ReadonlyMap<Id<'var'>, GoodsFacts>;

/** As `goodsJson` builds it: amounts as text, for JSON numbers do not carry all of a bigint. */
interface GoodsJson
  extends Omit<
      Goods,
      'unitAmount' | 'compareAt' | 'categoryIds' | 'options' | 'variantTitle' | 'imageFileId' | 'picture'
    >,
    Omit<GoodsFacts, 'goods'> {
  amount: string | null;
  compareAt: string | null;
  optionNames: string[] | null;
  optionValues: (string | null)[] | null;
  categoryPaths: string[];
  picture: (PictureRow & { fileId: Id<'file'>; alt: string }) | null;
  /** When the clock alone changes what is said here: it holds from the one until the other. */
  from: Instant | null;
  until: Instant | null;
}

interface Remembered extends GoodsFacts {
  readonly from: Instant | null;
  readonly until: Instant | null;
}

/** Variants that a process remembers, each in a currency and language, of all companies together: some 2 kB each. */
const REMEMBERED_MAX = 10_000;
/** So many names of categories and collections weigh as much as all else that is said of a variant. */
const NAMES_PER_WEIGHT = 32;

const weightOf = ({ goods }: Remembered) =>
  1 + (goods.categoryIds.length + goods.collectionIds.length) / NAMES_PER_WEIGHT;

const memory = new VersionMemory<Remembered>(REMEMBERED_MAX, weightOf);

const keyOf = (ctx: Ctx, { currency, locale }: GoodsAsked) => `${ctx.companyId}|${currency}|${locale ?? ''}|`;

/**
 * What the catalogue says of these variants at a catalogue version and a moment, out of this process's memory, and of which
 * of them it does not know.
 */
export function rememberedGoods(
  ctx: Ctx,
  asked: GoodsAsked,
  { version, at }: { version: number; at: Instant },
): { goods: GoodsByVariant; missing: Id<'var'>[] } {
  const goods = new Map<Id<'var'>, GoodsFacts>();
  const missing: Id<'var'>[] = [];
  const key = keyOf(ctx, asked);
  for (const variantId of asked.variantIds) {
    const known = memory.find(ctx, key + variantId, version);
    // Instants in JSON are all of one length, so they stand in the order of their texts.
    const holds = known && (known.from === null || known.from <= at) && (known.until === null || at < known.until);
    if (holds) goods.set(variantId, known);
    else missing.push(variantId);
  }
  return { goods, missing };
}

/** Reads them and the version that holds for them, in one statement, and remembers them. What is not the company's is left out. */
export async function readGoods(ctx: Ctx, asked: GoodsAsked): Promise<{ goods: GoodsByVariant; version: number }> {
  const { currency, locale, variantIds } = asked;
  const values = { company: ctx.companyId, currency, locale, variants: JSON.stringify([...new Set(variantIds)]) };
  const [row] = await runText<{ goods: GoodsJson[]; version: number }, Name>(ctx, READ, values);
  if (!row) throw new Error('unreachable: it reads one row');
  const goods = new Map<Id<'var'>, GoodsFacts>();
  for (const json of row.goods) {
    const facts = factsOf(json);
    memory.keep(ctx, keyOf(ctx, asked) + json.variantId, row.version, facts);
    goods.set(json.variantId, facts);
  }
  return { goods, version: row.version };
}

/** Stands between the option values in the name of a variant. */
const BETWEEN_VALUES = ' / ';

function factsOf(json: GoodsJson): Remembered {
  const { amount, compareAt, optionNames, optionValues, categoryPaths, picture } = json;
  const { isBundle, tracksStock, backorder, from, until } = json;
  const values = (optionValues ?? []).filter((value) => value !== null);
  const goods = {
    variantId: json.variantId,
    productId: json.productId,
    unitAmount: amount === null ? null : BigInt(amount),
    compareAt: compareAt === null ? null : BigInt(compareAt),
    priceId: json.priceId,
    isForSale: json.isForSale,
    isGift: json.isGift,
    taxCategory: json.taxCategory,
    isTaxable: json.isTaxable,
    requiresShipping: json.requiresShipping,
    weightGrams: json.weightGrams,
    profileId: json.profileId,
    collectionIds: json.collectionIds,
    categoryIds: categoriesIn(categoryPaths),
    title: json.title,
    variantTitle: values.length > 0 ? values.join(BETWEEN_VALUES) : null,
    sku: json.sku,
    handle: json.handle,
    options: Object.fromEntries(values.map((value, at) => [optionNames?.[at] ?? '', value])),
    imageFileId: picture?.fileId ?? null,
    picture: picture && pictureIn(picture),
  };
  return { goods, isBundle, tracksStock, backorder, from, until };
}

/** A path names a category and all above it, each followed by a slash. */
function categoriesIn(paths: readonly string[]): Id<'cat'>[] {
  const ids = paths.flatMap((path) => path.split('/').filter((id) => id !== ''));
  return [...new Set(ids)].sort() as Id<'cat'>[]; // what paths are made of
}

const pictureIn = ({ alt, storageKey, width, height, widths }: NonNullable<GoodsJson['picture']>) => ({
  alt,
  storageKey,
  width,
  height,
  widths,
});

type Name = 'company' | 'currency' | 'locale' | 'variants';

/** `offset 0` makes plain columns of the values: behind row security a condition on anything else would use no index. */
const READ: TextStatement<Name> = {
  text: `select scene.* from (
    with basket as (select $2::text as currency, $3::text as locale offset 0),
    asked as (select one.value collate "C" as variant_id from json_array_elements_text($4::text::json) one (value) offset 0)
    select ${ownVersionText('$1::text')} as version, ${goodsJson('$1::text')} as goods from basket) scene`,
  names: ['company', 'currency', 'locale', 'variants'],
};

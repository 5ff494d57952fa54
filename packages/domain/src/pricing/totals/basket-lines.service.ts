import type { PictureRow } from '../../catalog/files/pictures.contract.ts';
import { isShown, isVisible } from '../../catalog/listing/listing-text.ts';
import { inForce } from '../../catalog/listing/variant-text.ts';
import type { Id } from '../../kernel/ids.ts';
import { placedProfileText } from '../shipping/shipping-facts.service.ts';
import type { BasketLine } from './basket.ts';

/** A line as `linesJson` tells it: amounts as text, for JSON numbers do not carry all of a bigint. */
interface LineJson extends Omit<BasketLine, 'unitAmount' | 'compareAt' | 'categoryIds' | 'options' | 'variantTitle'> {
  amount: string | null;
  compareAt: string | null;
  optionNames: string[] | null;
  optionValues: (string | null)[] | null;
  categoryPaths: string[];
  picture: (PictureRow & { fileId: Id<'file'>; alt: string }) | null;
  /** What whoever built the statement put there (`alsoOfLine`); not the basket's. */
  own?: unknown;
}

/** Pieces of SQL, never values; see `BasketTexts`. */
interface LineTexts {
  readonly isPlain?: boolean | undefined;
  readonly alsoOfLine?: string | undefined;
}

/** Stands between the option values in the name of a variant. */
const BETWEEN_VALUES = ' / ';

/**
 * SQL of a scalar sub-select: the lines of `basket_line` in their order with what the catalogue says of them now, as a
 * JSON array for `linesOf`. `company` is a piece of SQL (`$1`). A line whose variant is not the company's is left out.
 * Columns by name: all of them would be carried through the statement for nothing. `offset 0` makes each line a few look-ups by key, whatever the planner believes of the tables and however the ids came.
 */
export const linesJson = (company: string, texts: LineTexts = {}): string =>
  `(select coalesce(json_agg(line_seen.shown order by basket_line.position, basket_line.line_id), '[]')
    from (select * from basket_line offset 0) basket_line
    cross join lateral (select ${lineJson(company, texts)} as shown
      from product_variants v
      cross join lateral (select one.id, one.kind, one.title, one.handle, one.status, one.published_at, one.unpublish_at
        from products one where one.company_id = ${company} and one.id = v.product_id offset 0) p
      left join lateral (${inForce('v', company, 'basket.currency')}) price on true
      left join lateral (${pictureOfLine(company)}) picture on true
      where v.company_id = ${company} and v.id = basket_line.variant_id
      offset 0) line_seen)`;

/** The lines in what `linesJson` gave; goods of no profile are sent by the default one. */
export const linesOf = (json: unknown, defaultProfileId: Id<'shp'> | null): BasketLine[] =>
  (json as LineJson[]).map((line) => lineOf(line, defaultProfileId)); // the text above builds this

function lineOf(json: LineJson, defaultProfileId: Id<'shp'> | null): BasketLine {
  const { amount, compareAt, optionNames, optionValues, categoryPaths, picture, own: _, ...line } = json;
  const values = (optionValues ?? []).filter((value) => value !== null);
  return {
    ...line,
    profileId: line.profileId ?? defaultProfileId,
    unitAmount: amount === null ? null : BigInt(amount),
    compareAt: compareAt === null ? null : BigInt(compareAt),
    categoryIds: categoriesIn(categoryPaths),
    variantTitle: values.length > 0 ? values.join(BETWEEN_VALUES) : null,
    options: Object.fromEntries(values.map((value, at) => [optionNames?.[at] ?? '', value])),
    imageFileId: picture?.fileId ?? null,
    picture: picture && pictureIn(picture),
  };
}

/** A path names a category and all above it, each followed by a slash. */
function categoriesIn(paths: readonly string[]): Id<'cat'>[] {
  if (paths.length === 0) return [];
  const ids = paths.flatMap((path) => path.split('/').filter((id) => id !== ''));
  return [...new Set(ids)].sort() as Id<'cat'>[]; // what paths are made of
}

const pictureIn = ({ alt, storageKey, width, height, widths }: NonNullable<LineJson['picture']>) => ({
  alt,
  storageKey,
  width,
  height,
  widths,
});

const lineJson = (
  company: string,
  { isPlain, alsoOfLine }: LineTexts,
) => `json_build_object('id', basket_line.line_id, 'variantId', v.id,
        'productId', p.id, 'quantity', basket_line.quantity, 'amount', price.amount::text,
        'compareAt', price.compare_at::text, 'priceId', price.id, 'isForSale', v.archived_at is null and ${isVisible('p')},
        'isGift', p.kind = 'gift', 'taxCategory', v.tax_category, 'isTaxable', v.is_taxable,
        'requiresShipping', v.requires_shipping, 'weightGrams', v.weight_grams,
        'profileId', ${placedProfileText({ company, product: 'p.id' })},
        'title', ${isPlain ? 'p.title' : `coalesce(${translatedTitle(company)}, p.title)`}, 'sku', v.sku, 'handle', p.handle,
        'optionNames', ${optionNames(company)},
        'optionValues', case when v.option1 is not null then json_build_array(v.option1, v.option2, v.option3) end,
        'collectionIds', ${isPlain ? NONE : collectionsOf(company)}, 'categoryPaths', ${isPlain ? NONE : pathsOf(company)},
        'picture', picture.shown${alsoOfLine ? `, 'own', ${alsoOfLine}` : ''})`;

const NONE = `'[]'::json`;

const translatedTitle = (company: string) =>
  `case when basket.locale is not null then (select t.title from product_translations t
          where t.company_id = ${company} and t.product_id = p.id and t.locale = basket.locale) end`;

const optionNames = (company: string) =>
  `case when v.option1 is not null then (select json_agg(o.name order by o.position) from product_options o
          where o.company_id = ${company} and o.product_id = p.id) end`;

const collectionsOf = (company: string) =>
  `(select coalesce(json_agg(m.collection_id order by m.collection_id), '[]') from collection_members m
          where m.company_id = ${company} and m.product_id = p.id and not m.is_excluded)`;

const pathsOf = (company: string) =>
  `(select coalesce(json_agg(shelf.path order by shelf.path), '[]') from product_categories pc
          cross join lateral (select c.path from categories c
            where c.company_id = ${company} and c.id = pc.category_id offset 0) shelf
          where pc.company_id = ${company} and pc.product_id = p.id)`;

/** The variant's own picture, else the first of the product that is there. */
const pictureOfLine = (company: string) =>
  `select json_build_object('fileId', f.id, 'alt', m.alt, 'storageKey', f.storage_key, 'width', f.width,
          'height', f.height, 'widths', f.widths) as shown
        from product_media m
        cross join lateral (select one.id, one.storage_key, one.width, one.height, one.widths, one.status from files one
          where one.company_id = ${company} and one.id = m.file_id offset 0) f
        where m.company_id = ${company} and m.product_id = p.id and ${isShown('f')}
        order by (m.id = v.medium_id) desc nulls last, m.position limit 1`;

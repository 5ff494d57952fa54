import { ownVersionText } from '../../kernel/catalogue-version-reader.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { parameters, runText, type TextStatement, type Value } from '../../kernel/text-statement.ts';
import { facetsOf } from './facets.ts';
import { type ListOrder, orderOf, type SortKey } from './list-orders.ts';
import { COUNT_MAX } from './listing.contract.ts';
import {
  belowCategory,
  firstImage,
  instantText,
  isCollectionVisible,
  isVisible,
  millisecondsUntil,
  money,
} from './listing-text.ts';

/** Rows a page can have, and the one after it that says whether there is more. In the text, for the planner to see. */
const PAGE_ROWS_MAX = 101;
/** Hits of a search that are ranked; with further conditions more of them, for those leave few over. */
const HITS_MAX = 5_000;
const HITS_FILTERED_MAX = 100_000;
/** Hits in an order of their own need no rank: all there are in a catalogue of this size. */
const HITS_UNRANKED_MAX = 500_000;

/** Which conditions a text has: there is one prepared text for each shape, and values are never in it. */
export interface ListShape {
  readonly sort: SortKey;
  readonly category: boolean;
  readonly collection: boolean;
  readonly tag: boolean;
  readonly q: boolean;
  /** How many options are asked for. */
  readonly options: number;
  readonly price: boolean;
  readonly inStock: boolean;
  readonly after: boolean;
  readonly translated: boolean;
  readonly count: boolean;
  readonly facets: boolean;
}

export type ListParameter =
  | 'company'
  | 'currency'
  | 'locale'
  | 'filesUrl'
  | 'limit'
  | 'category'
  | 'collection'
  | 'tag'
  | 'q'
  | 'priceGte'
  | 'priceLte'
  | 'inStock'
  | 'afterKey'
  | 'afterId'
  | `optionName${number}`
  | `optionValue${number}`;

/** What the one statement of a page gives: JSON as text, to be passed on as it is. */
export interface ListRow {
  items: string;
  more: boolean;
  key: string | null;
  id: string | null;
  goodForMs: number | null;
  version: number;
  total: number | null;
  facets: string | null;
}

type Of = (name: ListParameter) => string;

const texts = new Map<string, TextStatement<ListParameter>>();

/** Reads a page of the products visitors see: one statement, whatever was asked. */
export async function readProductList(
  ctx: Ctx,
  shape: ListShape,
  values: Readonly<Record<ListParameter, Value>>,
): Promise<ListRow> {
  const [row] = await runText<ListRow, ListParameter>(ctx, listText(shape), values);
  if (!row) throw new Error('The list of products gave no row'); // it aggregates: there is always one
  return row;
}

/**
 * Whether a shape is asked often enough to be kept, planned, on every connection. There are thousands of shapes, and each
 * connection keeps what it prepared for as long as it lives; these are about a hundred.
 */
function isOften({ sort, category, collection, tag, q, options, price, inStock, count, facets }: ListShape): boolean {
  if (facets || options > 1 || sort === 'title' || sort === '-title') return false;
  const filters = [category, collection, tag, q, options > 0, price, inStock].filter(Boolean).length;
  if (sort === 'relevance' && q && category) return filters === 2;
  return filters <= 1 && !count;
}

/** The text of a shape, made once per process. */
export function listText(shape: ListShape): TextStatement<ListParameter> {
  const name = Object.values(shape).join('|');
  let text = texts.get(name);
  if (!text) {
    const { of, names } = parameters<ListParameter>();
    text = { text: pageText(shape, orderOf(shape.sort), of), names, isRare: !isOften(shape) };
    texts.set(name, text);
  }
  return text;
}

function pageText(shape: ListShape, order: ListOrder, of: Of): string {
  const company = `${of('company')}::text`;
  return `select coalesce(string_agg(r.item, ',' order by r.n) filter (where r.n <= ${of('limit')}::int), '') as items,
  count(*) > ${of('limit')}::int as more,
  max(r.key) filter (where r.n = ${of('limit')}::int) as key, max(r.id) filter (where r.n = ${of('limit')}::int) as id,
  ${millisecondsUntil('min(r.valid_until)')} as "goodForMs", ${ownVersionText(company)} as version,
  ${shape.count ? countOf(shape, of) : 'null::int'} as total,
  ${shape.facets ? facetsOf(matched(shape, of), of('currency')) : 'null::text'} as facets
from (
  select row_number() over () as n, page.key, page.id, page.valid_until, (select row_to_json(shown) from (select
      page.id, page.handle, ${shape.translated ? 'coalesce(t.title, page.title)' : 'page.title'} as title, page.vendor,
      page.product_type as "productType", ${instantText('page.published_at')} as "publishedAt",
      ${money('page.min_amount', 'page.currency')} as price, ${money('page.max_amount', 'page.currency')} as "priceMax",
      ${money('page.compare_at', 'page.currency')} as "compareAt",
      coalesce((select a.is_available from product_availability a
        where a.company_id = ${company} and a.product_id = page.id), false) as "isAvailable",
      ${firstImage('page', company, of('filesUrl'))} as image
    ) shown)::text as item
  from (
    select * from (
      select p.company_id, p.id, p.handle, p.title, p.vendor, p.product_type, p.published_at, lp.min_amount, lp.max_amount,
        lp.compare_at, lp.currency, lp.valid_until, ${order.cursor} as key
      from ${matching(shape, order, of)}
      ${shape.after ? `and ${order.beyond(of('afterKey'), of('afterId'))}` : ''}
      order by ${order.by} limit ${PAGE_ROWS_MAX}
    ) first_rows limit ${of('limit')}::int + 1
  ) page
  ${shape.translated ? translation(company, of('locale')) : ''}
) r`;
}

const translation = (company: string, locale: string) =>
  `left join product_translations t on t.company_id = ${company} and t.product_id = page.id and t.locale = ${locale}`;

const countOf = (shape: ListShape, of: Of) =>
  `(select count(*)::int from (select 1 from ${matching(shape, orderOf('newest'), of)} limit ${COUNT_MAX + 1}) counted)`;

/** The matching products for the facets: their id and prices. */
const matched = (shape: ListShape, of: Of) =>
  `select p.company_id, p.id, p.vendor, p.product_type, lp.min_amount from ${matching(shape, orderOf('newest'), of)}`;

/** `from … where …` of the products that fit. What the order stands in comes first, so that it is read in its order. */
function matching(shape: ListShape, order: ListOrder, of: Of): string {
  const company = `${of('company')}::text`;
  const asked = conditions(shape, of);
  if (shape.collection && !order.needsMembers) asked.push(isMember(company, of));
  return `${startOf(shape, order, of)}
      join listing_prices lp on lp.company_id = p.company_id and lp.product_id = p.id and lp.company_id = ${company}
        and lp.currency = ${of('currency')} and lp.valid_from <= now() and lp.valid_until > now()
      where p.company_id = ${company} and ${[isVisible('p'), ...asked].join('\n      and ')}`;
}

function startOf(shape: ListShape, order: ListOrder, of: Of): string {
  const company = `${of('company')}::text`;
  if (order.needsMembers)
    return `(select m.position, m.product_id, m.company_id from collections k
        join collection_members m on m.company_id = k.company_id and m.collection_id = k.id
        where k.company_id = ${company} and m.company_id = ${company} and k.handle = ${of('collection')} and not m.is_excluded
          and ${isCollectionVisible('k')}) m
      join products p on p.company_id = m.company_id and p.id = m.product_id`;
  if (!shape.q) return 'products p';
  const asked = shape.category || shape.collection || shape.tag || shape.options > 0 || shape.price || shape.inStock;
  const hits = asked ? `${HITS_FILTERED_MAX}, true` : `${HITS_MAX}, true`;
  const isRanked = order === orderOf('relevance'); // counts and facets have no order
  return `(select f.product_id, f.rank from search_products(${of('q')}::text, ${isRanked ? hits : `${HITS_UNRANKED_MAX}, false`}) f
        order by f.rank, f.product_id desc) s
      join products p on p.company_id = ${company} and p.id = s.product_id`;
}

const isMember = (company: string, of: Of) =>
  `exists (select from collection_members cm join collections c on c.company_id = cm.company_id and c.id = cm.collection_id
        where cm.company_id = ${company} and cm.product_id = p.id and not cm.is_excluded
        and c.handle = ${of('collection')} and ${isCollectionVisible('c')})`;

/** What was asked besides the collection. */
function conditions(shape: ListShape, of: Of): string[] {
  const company = `${of('company')}::text`;
  return [
    ...(shape.category
      ? [
          `exists (select from product_categories pc join categories c on c.company_id = pc.company_id and c.id = pc.category_id
        where pc.company_id = ${company} and pc.product_id = p.id and ${belowCategory('c', company, of('category'))})`,
        ]
      : []),
    ...(shape.tag
      ? [
          `exists (select from product_tags g where g.company_id = ${company} and g.product_id = p.id and g.tag_key = ${of('tag')})`,
        ]
      : []),
    ...(shape.options > 0 ? [hasVariantWith(shape.options, company, of)] : []),
    ...(shape.price
      ? [
          `(${of('priceGte')}::bigint is null or lp.min_amount >= ${of('priceGte')}::bigint)`,
          `(${of('priceLte')}::bigint is null or lp.min_amount <= ${of('priceLte')}::bigint)`,
        ]
      : []),
    ...(shape.inStock
      ? [
          `coalesce((select a.is_available from product_availability a where a.company_id = ${company} and a.product_id = p.id), false) = ${of('inStock')}::boolean`,
        ]
      : []),
  ];
}

/** One variant has every value: the others are asked of the variant the first one names. */
function hasVariantWith(count: number, company: string, of: Of): string {
  const others = Array.from(
    { length: count - 1 },
    (_, at) => ` and exists (select from variant_options v${at + 1} where v${at + 1}.company_id = ${company}
          and v${at + 1}.variant_id = v0.variant_id and v${at + 1}.name_key = ${of(`optionName${at + 1}`)} and v${at + 1}.value_key = ${of(`optionValue${at + 1}`)})`,
  );
  return `exists (select from variant_options v0 where v0.company_id = ${company} and v0.product_id = p.id
        and v0.name_key = ${of('optionName0')} and v0.value_key = ${of('optionValue0')}${others.join('')})`;
}

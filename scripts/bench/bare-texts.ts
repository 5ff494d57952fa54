/**
 * What a shop would write that is alone in its database: the same answers from the same rows, in one statement each.
 * `company_id` is part of the keys and no wall. They know the bench's own goods: one currency, no sales, no holds.
 */
const PICTURES = 'https://pictures.example.com/files';

const image = (f: string, alt: string) =>
  `json_build_object('url', '${PICTURES}/' || ${f}.storage_key || '/' || (${f}.widths ->> -1) || '.webp', 'alt', ${alt},
    'width', ${f}.width, 'height', ${f}.height, 'widths', ${f}.widths)`;
const money = (amount: string) =>
  `case when ${amount} is not null then ('{"amount":' || ${amount} || ',"currency":"NGN"}')::json end`;
const time = (at: string) => `to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const VISIBLE =
  "p.status = 'active' and p.published_at <= now() and (p.unpublish_at is null or p.unpublish_at > now()) and p.kind <> 'gift'";
const PRICED = `join listing_prices lp on lp.company_id = $1 and lp.product_id = p.id and lp.currency = 'NGN'
  and lp.valid_from <= now() and lp.valid_until > now()`;
const COLUMNS =
  'p.id, p.handle, p.title, p.vendor, p.product_type, p.published_at, lp.min_amount, lp.max_amount, lp.compare_at';
const ITEM = `(select row_to_json(shown) from (select page.id, page.handle, page.title, page.vendor,
    page.product_type as "productType", ${time('page.published_at')} as "publishedAt", ${money('page.min_amount')} as price,
    ${money('page.max_amount')} as "priceMax", ${money('page.compare_at')} as "compareAt",
    coalesce((select a.is_available from product_availability a
      where a.company_id = $1 and a.product_id = page.id), false) as "isAvailable",
    (select ${image('f', 'm.alt')} from product_media m join files f on f.company_id = $1 and f.id = m.file_id
      where m.company_id = $1 and m.product_id = page.id and f.status = 'ready' order by m.position limit 1) as image
  ) shown)::text`;

/** The cursor as base64url, from the values behind it. */
const cursor = (sort: string) =>
  `translate(encode(convert_to('["${sort}","' || max(r.key) filter (where r.n = 20) || '","'
    || max(r.id) filter (where r.n = 20) || '"]', 'UTF8'), 'base64'), '+/=' || chr(10), '-_')`;

const pageOf = (sort: string, key: string, from: string, order: string, more = '') =>
  `select '{"data":[' || coalesce(string_agg(r.item, ',' order by r.n) filter (where r.n <= 20), '') || '],"page":{"hasMore":' ||
    case when count(*) > 20 then 'true,"next":"' || ${cursor(sort)} || '"}' else 'false,"next":null}' end${more} || '}' as body
  from (select row_number() over () as n, page.id, page.key, ${ITEM} as item
    from (select ${COLUMNS}, ${key} as key from ${from} order by ${order} limit 21) page) r`;

export const LIST = pageOf(
  'newest',
  "(p.published_at at time zone 'UTC')::text",
  `products p ${PRICED} where p.company_id = $1 and ${VISIBLE}`,
  'p.published_at desc nulls last, p.id desc nulls last',
);

const WHOLE = "plainto_tsquery('simple', $2)";
const STARTED = `(${WHOLE}::text || ':*')::tsquery`;
const FOUND = `(select d.product_id, case when d.title_words = $2 then 0
      when ts_filter(d.document, '{a}') @@ ${WHOLE} then 1 when ts_filter(d.document, '{a}') @@ ${STARTED} then 2
      when ts_filter(d.document, '{a,b}') @@ ${STARTED} then 3 else 4 end as rank
    from product_search_documents d where d.company_id = $1 and d.document @@ ${STARTED} limit 100000) s
  join products p on p.company_id = $1 and p.id = s.product_id ${PRICED} where ${VISIBLE}
  and exists (select from product_categories pc join categories c on c.company_id = $1 and c.id = pc.category_id
    where pc.company_id = $1 and pc.product_id = p.id
      and c.path >= (select r.path from categories r where r.company_id = $1 and r.handle = $3)
      and c.path < (select left(r.path, -1) || '0' from categories r where r.company_id = $1 and r.handle = $3))`;

export const SEARCH = pageOf(
  'relevance',
  's.rank::text',
  FOUND,
  's.rank, s.product_id desc',
  ` || ',"count":' || (select case when count(*) > 1000 then '"1000+"' else count(*)::text end
    from (select 1 from ${FOUND} limit 1001) counted)`,
);

const STOCKED = `(not v.tracks_stock or v.backorder = 'allow' or
    (select coalesce(sum(greatest(0, s.on_hand - s.safety_stock - s.reserved)), 0) from stock_levels s
      where s.company_id = $1 and s.variant_id = v.id) >= 1)`;

const VARIANTS = `select json_agg(row_to_json(one) order by v.position) as listed, bool_or(one."isAvailable") as available
  from product_variants v
  left join lateral (select pr.amount, pr.compare_at from prices pr
    where pr.company_id = $1 and pr.variant_id = v.id and pr.currency = 'NGN'
      and (pr.valid_from is null or pr.valid_from <= now()) and (pr.valid_until is null or pr.valid_until > now())
    order by (pr.valid_from is null and pr.valid_until is null), pr.valid_from desc nulls last limit 1) price on true
  cross join lateral (select v.id, v.sku, v.barcode, json_build_object('Size', v.option1) as options,
    ${money('price.amount')} as price, ${money('price.compare_at')} as "compareAt", ${STOCKED} as "isAvailable",
    v.weight_grams as "weightGrams", v.requires_shipping as "requiresShipping",
    (select ${image('f', 'm.alt')} from product_media m join files f on f.company_id = $1 and f.id = m.file_id
      where m.company_id = $1 and m.id = v.medium_id and f.status = 'ready') as image) one
  where v.company_id = $1 and v.product_id = p.id and v.archived_at is null`;

export const PAGE = `select (select row_to_json(shown) from (select p.id, p.handle, p.title, p.description, p.kind, p.vendor,
    p.product_type as "productType", ${time('p.published_at')} as "publishedAt",
    json_build_object('title', p.seo_title, 'description', p.seo_description) as seo,
    (select coalesce(json_agg(g.tag order by g.tag_key), '[]') from product_tags g
      where g.company_id = $1 and g.product_id = p.id) as tags,
    ${money('lp.min_amount')} as price, ${money('lp.max_amount')} as "priceMax", ${money('lp.compare_at')} as "compareAt",
    variants.available as "isAvailable",
    (select coalesce(json_agg(json_build_object('name', o.name, 'values',
        (select coalesce(json_agg(ov.value order by ov.position), '[]') from product_option_values ov
          where ov.company_id = $1 and ov.product_id = p.id and ov.option_position = o.position)) order by o.position), '[]')
      from product_options o where o.company_id = $1 and o.product_id = p.id) as options,
    (select coalesce(json_agg(${image('f', 'm.alt')} order by m.position), '[]') from product_media m
      join files f on f.company_id = $1 and f.id = m.file_id
      where m.company_id = $1 and m.product_id = p.id and f.status = 'ready') as images,
    variants.listed as variants,
    (select coalesce(json_agg(json_build_object('handle', c.handle, 'name', c.name) order by c.path), '[]')
      from product_categories pc join categories c on c.company_id = $1 and c.id = pc.category_id
      where pc.company_id = $1 and pc.product_id = p.id) as categories,
    (select coalesce(json_agg(json_build_object('key', d.key, 'name', d.name, 'type', d.type, 'unit', d.unit, 'value', a.value)
        order by d.position, d.key), '[]')
      from product_attributes a join attribute_definitions d on d.company_id = $1 and d.id = a.definition_id
      where a.company_id = $1 and a.product_id = p.id and d.is_public) as attributes
  ) shown)::text as body
from products p ${PRICED} cross join lateral (${VARIANTS}) variants
where p.company_id = $1 and p.handle = $2 and ${VISIBLE}`;

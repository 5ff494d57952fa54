import { instantText, isShown, isVisible } from '../../catalog/listing/listing-text.ts';
import { inForce } from '../../catalog/listing/variant-text.ts';
import { placedProfileText } from '../shipping/shipping-facts.service.ts';

/**
 * SQL of a scalar sub-select: what the catalogue says now of each variant of `asked(variant_id)`, in `basket.currency` and
 * `basket.locale`, as a JSON array of `GoodsJson`. `company` is a piece of SQL (`$1`). A variant that is not the company's is
 * left out. Columns by name: all of them would be carried through the statement for nothing. `offset 0` makes each variant a
 * few look-ups by key, whatever the planner believes of the tables.
 */
export const goodsJson = (company: string): string =>
  `(select coalesce(json_agg(seen.shown), '[]') from asked
    cross join lateral (select ${oneJson(company)} as shown
      from product_variants v
      cross join lateral (select one.id, one.kind, one.title, one.handle, one.status, one.published_at, one.unpublish_at
        from products one where one.company_id = ${company} and one.id = v.product_id offset 0) p
      left join lateral (${inForce('v', company, 'basket.currency')}) price on true
      left join lateral (${pictureOf(company)}) picture on true
      cross join lateral (${edgesOf(company)}) edge
      where v.company_id = ${company} and v.id = asked.variant_id
      offset 0) seen)`;

const oneJson = (company: string) =>
  `json_build_object('variantId', v.id, 'productId', p.id, 'amount', price.amount::text,
        'compareAt', price.compare_at::text, 'priceId', price.id, 'isForSale', v.archived_at is null and ${isVisible('p')},
        'isGift', p.kind = 'gift', 'taxCategory', v.tax_category, 'isTaxable', v.is_taxable,
        'requiresShipping', v.requires_shipping, 'weightGrams', v.weight_grams,
        'profileId', ${placedProfileText({ company, product: 'p.id' })},
        'title', coalesce(${translatedTitle(company)}, p.title), 'sku', v.sku, 'handle', p.handle,
        'optionNames', ${optionNames(company)},
        'optionValues', case when v.option1 is not null then json_build_array(v.option1, v.option2, v.option3) end,
        'collectionIds', ${collectionsOf(company)}, 'categoryPaths', ${pathsOf(company)}, 'picture', picture.shown,
        'isBundle', p.kind = 'bundle', 'tracksStock', v.tracks_stock, 'backorder', v.backorder,
        'from', ${instantText(`(edge.last + interval '999 microseconds')`)}, 'until', ${instantText('edge.next')})`;

/**
 * When the clock alone last changed what is said here, and when it will next: prices and publication have windows. Told in
 * full milliseconds, cut off like those of the moment they are held against, so the one before is rounded up.
 */
const edgesOf = (company: string) =>
  `select max(moment.at) filter (where moment.at <= now()) as last, min(moment.at) filter (where moment.at > now()) as next
        from (select unnest(array[p.published_at, p.unpublish_at]) as at
          union all select unnest(array[r.valid_from, r.valid_until]) from prices r
            where r.company_id = ${company} and r.variant_id = v.id and r.currency = basket.currency
              and r.price_list_id is null and r.min_quantity = 1) moment`;

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
const pictureOf = (company: string) =>
  `select json_build_object('fileId', f.id, 'alt', m.alt, 'storageKey', f.storage_key, 'width', f.width,
          'height', f.height, 'widths', f.widths) as shown
        from product_media m
        cross join lateral (select one.id, one.storage_key, one.width, one.height, one.widths, one.status from files one
          where one.company_id = ${company} and one.id = m.file_id offset 0) f
        where m.company_id = ${company} and m.product_id = p.id and ${isShown('f')}
        order by (m.id = v.medium_id) desc nulls last, m.position limit 1`;

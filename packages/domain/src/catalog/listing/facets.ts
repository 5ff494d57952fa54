/** Products that are counted for facets; with more of them the numbers say so (`isComplete`). */
const FACET_PRODUCTS_MAX = 10_000;
/** Values of one facet, the most frequent first. */
const FACET_VALUES_MAX = 50;

/**
 * The facets of what `matched` selects, as one JSON text: how many of those products stand in each category, have each tag,
 * vendor, type and option value. `currency` is a parameter.
 */
export function facetsOf(matched: string, currency: string): string {
  const top = (columns: string, from: string, group: string, order: string) =>
    `(select coalesce(json_agg(row_to_json(f)), '[]') from (select ${columns}, count(*)::int as count ${from}
      group by ${group} order by count(*) desc, ${order} limit ${FACET_VALUES_MAX}) f)`;
  const of = (table: string, alias: string) =>
    `from seen join ${table} ${alias} on ${alias}.company_id = seen.company_id and ${alias}.product_id = seen.id`;
  const price = (edge: string) =>
    `json_build_object('amount', ${edge}(seen.min_amount), 'currency', ${currency}::text)`;
  return `(with seen as materialized (select * from (${matched}) hit limit ${FACET_PRODUCTS_MAX})
    select json_build_object(
      'categories', ${top('c.handle, c.name', `${of('product_categories', 'x')} join categories c on c.company_id = x.company_id and c.id = x.category_id`, 'c.handle, c.name', 'c.handle')},
      'tags', ${top('min(x.tag) as tag', of('product_tags', 'x'), 'x.tag_key', 'x.tag_key')},
      'vendors', ${top('seen.vendor', 'from seen where seen.vendor is not null', 'seen.vendor', 'seen.vendor')},
      'productTypes', ${top('seen.product_type as "productType"', 'from seen where seen.product_type is not null', 'seen.product_type', 'seen.product_type')},
      'options', ${optionFacets()},
      'price', (select case when count(*) > 0 then json_build_object('min', ${price('min')}, 'max', ${price('max')}) end from seen),
      'available', (select count(*)::int ${of('product_availability', 'x')} where x.is_available),
      'isComplete', (select count(*) < ${FACET_PRODUCTS_MAX} from seen)
    )::text)`;
}

/** Products, not variants, are counted; names and values are spelt as most products spell them. */
function optionFacets(): string {
  return `(select coalesce(json_agg(json_build_object('name', named.name, 'values', named.shown) order by named.name_key), '[]') from (
      select valued.name_key, min(valued.name) as name,
        json_agg(json_build_object('value', valued.value, 'count', valued.count) order by valued.count desc, valued.value_key) as shown
      from (
        select o.name_key, v.value_key, min(o.name) as name, min(v.value) as value, count(distinct seen.id)::int as count,
          row_number() over (partition by o.name_key order by count(distinct seen.id) desc, v.value_key) as place
        from seen
        join product_options o on o.company_id = seen.company_id and o.product_id = seen.id
        join product_option_values v on v.company_id = o.company_id and v.product_id = o.product_id and v.option_position = o.position
        where exists (select from variant_options vo where vo.company_id = v.company_id and vo.product_id = v.product_id
          and vo.name_key = o.name_key and vo.value_key = v.value_key)
        group by o.name_key, v.value_key
      ) valued where valued.place <= ${FACET_VALUES_MAX} group by valued.name_key
    ) named)`;
}

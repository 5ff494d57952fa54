import { ownVersionText } from '../../kernel/catalogue-version-reader.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { parameters, runText, type TextStatement, type Value } from '../../kernel/text-statement.ts';
import { imageJson, instantText, isShown, isVisible, millisecondsUntil, money } from './listing-text.ts';
import { canBeHad, inForce } from './variant-text.ts';

export type PageParameter = 'company' | 'handle' | 'currency' | 'locale' | 'filesUrl' | 'backorder';

export interface PageRow {
  /** JSON as text, to be passed on as it is. */
  body: string;
  goodForMs: number | null;
  version: number;
}

type Of = (name: PageParameter) => string;

const texts = new Map<boolean, TextStatement<PageParameter>>();

/** Reads a product as its page shows it, by its present handle: one statement. Undefined if visitors see none there. */
export async function readProductPage(
  ctx: Ctx,
  values: Readonly<Record<PageParameter, Value>>,
  isTranslated: boolean,
): Promise<PageRow | undefined> {
  const text = texts.get(isTranslated) ?? pageText(isTranslated);
  texts.set(isTranslated, text);
  const [row] = await runText<PageRow, PageParameter>(ctx, text, values);
  return row;
}

/** The present handle of a product that had this one before. Undefined if visitors see none that had. */
export async function readMovedHandle(
  ctx: Ctx,
  values: Readonly<Record<'company' | 'handle', Value>>,
): Promise<{ handle: string; version: number } | undefined> {
  const [row] = await runText<{ handle: string; version: number }, 'company' | 'handle'>(ctx, MOVED, values);
  return row;
}

const MOVED = {
  text: `select p.handle, ${ownVersionText('$1')} as version from product_handles h join products p on p.company_id = $1 and p.id = h.product_id
    where h.company_id = $1 and h.handle = $2 and p.handle <> $2 and ${isVisible('p')}`,
  names: ['company', 'handle'],
} as const;

function pageText(isTranslated: boolean): TextStatement<PageParameter> {
  const { of, names } = parameters<PageParameter>();
  const company = `${of('company')}::text`;
  const word = (column: string) => (isTranslated ? `coalesce(t.${column}, p.${column})` : `p.${column}`);
  const made = `select (select row_to_json(shown) from (select
    p.id, p.handle, ${word('title')} as title, ${word('description')} as description, p.kind,
    p.vendor, p.product_type as "productType", ${instantText('p.published_at')} as "publishedAt",
    json_build_object('title', ${word('seo_title')}, 'description', ${word('seo_description')}) as seo,
    ${tagsOf(company)} as tags,
    ${money('lp.min_amount', 'lp.currency')} as price, ${money('lp.max_amount', 'lp.currency')} as "priceMax",
    ${money('lp.compare_at', 'lp.currency')} as "compareAt", v.is_available as "isAvailable",
    o.listed as options, ${imagesOf(of, company)} as images, v.listed as variants, ${categoriesOf(company)} as categories,
    ${attributesOf(company)} as attributes
  ) shown)::text as body,
  ${millisecondsUntil('lp.valid_until')} as "goodForMs", ${ownVersionText(company)} as version
from products p
left join listing_prices lp on lp.company_id = ${company} and lp.product_id = p.id
  and lp.currency = ${of('currency')} and lp.valid_from <= now() and lp.valid_until > now()
${isTranslated ? `left join product_translations t on t.company_id = ${company} and t.product_id = p.id and t.locale = ${of('locale')}` : ''}
cross join lateral (
  select coalesce(json_agg(json_build_object('name', n.name, 'values', n.shown) order by n.position), '[]') as listed,
    array_agg(n.name order by n.position) as names
  from (
    select n.position, n.name, (select coalesce(json_agg(nv.value order by nv.position), '[]') from product_option_values nv
      where nv.company_id = ${company} and nv.product_id = n.product_id and nv.option_position = n.position) as shown
    from product_options n where n.company_id = ${company} and n.product_id = p.id
  ) n
) o
cross join lateral (${variantsOf(of, company)}) v
where p.company_id = ${company} and ${isVisible('p')} and p.handle = ${of('handle')}`;
  return { text: made, names };
}

/** `offset 0` keeps what is asked of the stock one expression, though two places show it. */
function variantsOf(of: Of, company: string): string {
  return `select coalesce(json_agg(row_to_json(shown) order by pv.position), '[]') as listed,
    coalesce(bool_or(had.yes), false) as is_available
  from product_variants pv
  left join lateral (${inForce('pv', company, of('currency'))}) price on true
  cross join lateral (select ${canBeHad('p', 'pv', company, of('backorder'))} as yes offset 0) had
  cross join lateral (select pv.id, pv.sku, pv.barcode,
    case when pv.option3 is not null then json_build_object(o.names[1], pv.option1, o.names[2], pv.option2, o.names[3], pv.option3)
      when pv.option2 is not null then json_build_object(o.names[1], pv.option1, o.names[2], pv.option2)
      when pv.option1 is not null then json_build_object(o.names[1], pv.option1) else '{}' end as options,
    ${money('price.amount', 'price.currency')} as price, ${money('price.compare_at', 'price.currency')} as "compareAt",
    had.yes as "isAvailable", pv.weight_grams as "weightGrams",
    pv.requires_shipping as "requiresShipping",
    (select ${imageJson('f', 'm.alt', of('filesUrl'))} from product_media m
      join files f on f.company_id = ${company} and f.id = m.file_id
      where m.company_id = ${company} and m.id = pv.medium_id and ${isShown('f')}) as image
  ) shown
  where pv.company_id = ${company} and pv.product_id = p.id and pv.archived_at is null`;
}

const tagsOf = (company: string) =>
  `(select coalesce(json_agg(g.tag order by g.tag_key), '[]') from product_tags g
      where g.company_id = ${company} and g.product_id = p.id)`;

const imagesOf = (of: Of, company: string) =>
  `(select coalesce(json_agg(${imageJson('f', 'm.alt', of('filesUrl'))} order by m.position), '[]') from product_media m
      join files f on f.company_id = ${company} and f.id = m.file_id
      where m.company_id = ${company} and m.product_id = p.id and ${isShown('f')})`;

const categoriesOf = (company: string) =>
  `(select coalesce(json_agg(json_build_object('handle', c.handle, 'name', c.name) order by c.path), '[]') from product_categories pc
      join categories c on c.company_id = ${company} and c.id = pc.category_id
      where pc.company_id = ${company} and pc.product_id = p.id)`;

const attributesOf = (company: string) =>
  `(select coalesce(json_agg(json_build_object('key', d.key, 'name', d.name, 'type', d.type, 'unit', d.unit, 'value', a.value)
        order by d.position, d.key), '[]') from product_attributes a
      join attribute_definitions d on d.company_id = ${company} and d.id = a.definition_id
      where a.company_id = ${company} and a.product_id = p.id and d.is_public)`;

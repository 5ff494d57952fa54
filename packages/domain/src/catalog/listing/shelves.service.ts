import { ownVersionText } from '../../kernel/catalogue-version-reader.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput } from '../../kernel/errors.ts';
import { parameters, runText, type TextStatement, type Value } from '../../kernel/text-statement.ts';
import { isCollectionVisible, isVisible, ownImage } from './listing-text.ts';

/** More categories than these are not a menu any more. */
const CATEGORIES_MAX = 2_000;

export interface ShelfRow {
  /** JSON as text, to be passed on as it is. */
  body: string;
  /** The catalogue's. */
  version: number;
}

export interface CollectionRow extends ShelfRow {
  more: boolean;
  last: string | null;
}

type ShelfParameter = 'company' | 'filesUrl';
type CollectionsParameter = ShelfParameter | 'limit' | 'after';
type CollectionParameter = ShelfParameter | 'handle';

/** All categories in the order of a menu, parents before their children, with the number of products visitors see. */
export async function readCategories(ctx: Ctx, values: Readonly<Record<ShelfParameter, Value>>): Promise<ShelfRow> {
  const [row] = await runText<ShelfRow, ShelfParameter>(ctx, CATEGORIES, values);
  if (!row) throw new Error('The categories gave no row'); // it aggregates: there is always one
  return row;
}

/** A page of the collections visitors see, by handle. */
export async function readCollections(
  ctx: Ctx,
  values: Readonly<Record<CollectionsParameter, Value>>,
): Promise<CollectionRow> {
  const [row] = await runText<CollectionRow, CollectionsParameter>(ctx, COLLECTIONS, values);
  if (!row) throw new Error('The collections gave no row'); // it aggregates: there is always one
  return row;
}

/** One collection with the number of its products visitors see. Undefined if nobody may see it. */
export async function readCollection(
  ctx: Ctx,
  values: Readonly<Record<CollectionParameter, Value>>,
): Promise<ShelfRow | undefined> {
  const [row] = await runText<ShelfRow, CollectionParameter>(ctx, COLLECTION, values);
  return row;
}

/** The cursor behind a collection. */
export const collectionCursor = (handle: string): string =>
  Buffer.from(JSON.stringify(['collections', handle])).toString('base64url');

/** The handle behind which a page goes on. Throws `InvalidInput` on what is no cursor of this list. */
export function readCollectionCursor(cursor: string): string {
  try {
    const [list, handle, ...more]: unknown[] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (list === 'collections' && typeof handle === 'string' && more.length === 0 && !handle.includes('\0'))
      return handle;
  } catch {
    // told below
  }
  const message = 'Expected `after` to be the `next` of an earlier page of this list.';
  throw new InvalidInput({ pointer: '?after', code: 'invalid_cursor', message });
}

const CATEGORIES = ((): TextStatement<ShelfParameter> => {
  const { of, names } = parameters<ShelfParameter>();
  const company = `${of('company')}::text`;
  // All counts in one pass over what stands on shelves: each product once for every shelf it stands on or below.
  const text = `select '{"data":' || coalesce(json_agg(row_to_json(shown) order by tree.place), '[]') || '}' as body,
    ${ownVersionText(company)} as version
  from (with recursive tree as (
      select c.*, array[lpad(c.position::text, 12, '0') || c.id] as place from categories c
      where c.company_id = ${company} and c.parent_id is null
      union all
      select c.*, t.place || (lpad(c.position::text, 12, '0') || c.id) from tree t
      join categories c on c.company_id = t.company_id and c.parent_id = t.id where c.company_id = ${company}
    ) select * from tree order by place limit ${CATEGORIES_MAX}) tree
  left join (
    select shelf.id, count(distinct pc.product_id)::int as products
    from product_categories pc
    join products p on p.company_id = ${company} and p.id = pc.product_id and ${isVisible('p')}
    join categories d on d.company_id = ${company} and d.id = pc.category_id
    cross join lateral unnest(string_to_array(rtrim(d.path, '/'), '/')) shelf(id)
    where pc.company_id = ${company} group by shelf.id
  ) counted on counted.id = tree.id
  cross join lateral (select tree.id, tree.parent_id as "parentId", tree.handle, tree.name, tree.description,
    ${ownImage('tree', 'tree.name', company, of('filesUrl'))} as image, coalesce(counted.products, 0) as "productCount"
  ) shown`;
  return { text, names };
})();

const shownCollection = (company: string, filesUrl: string) =>
  `c.id, c.handle, c.title, c.description, ${ownImage('c', 'c.title', company, filesUrl)} as image,
    json_build_object('title', c.seo_title, 'description', c.seo_description) as seo`;

const COLLECTIONS = ((): TextStatement<CollectionsParameter> => {
  const { of, names } = parameters<CollectionsParameter>();
  const company = `${of('company')}::text`;
  const limit = `${of('limit')}::int`;
  const text = `select coalesce(string_agg(r.item, ',' order by r.n) filter (where r.n <= ${limit}), '') as body,
    ${ownVersionText(company)} as version, count(*) > ${limit} as more, max(r.handle) filter (where r.n = ${limit}) as last
  from (select row_number() over (order by c.handle) as n, c.handle, (select row_to_json(shown) from (select ${shownCollection(company, of('filesUrl'))}) shown)::text as item
    from (select * from collections c where c.company_id = ${company} and ${isCollectionVisible('c')}
      and c.handle > coalesce(${of('after')}::text, '') order by c.handle limit ${limit} + 1) c) r`;
  return { text, names };
})();

const COLLECTION = ((): TextStatement<CollectionParameter> => {
  const { of, names } = parameters<CollectionParameter>();
  const company = `${of('company')}::text`;
  const text = `select (select row_to_json(shown) from (select ${shownCollection(company, of('filesUrl'))}, c.sort,
      (select count(*)::int from collection_members m join products p on p.company_id = m.company_id and p.id = m.product_id
        where m.company_id = ${company} and m.collection_id = c.id and not m.is_excluded and ${isVisible('p')}) as "productCount"
    ) shown)::text as body, ${ownVersionText(company)} as version
  from collections c where c.company_id = ${company} and c.handle = ${of('handle')} and ${isCollectionVisible('c')}`;
  return { text, names };
})();

import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { foldKey } from '../../kernel/text.ts';
import type { Value } from '../../kernel/text-statement.ts';
import { fileSettings } from '../files/file-settings.ts';
import { cursorOf, readCursor, type SortKey } from './list-orders.ts';
import { COUNT_MAX, type ProductListQuery } from './listing.contract.ts';
import { type ListParameter, type ListRow, type ListShape, readProductList } from './product-list.service.ts';
import { readMovedHandle, readProductPage } from './product-page.service.ts';
import {
  collectionCursor,
  readCategories,
  readCollection,
  readCollectionCursor,
  readCollections,
} from './shelves.service.ts';
import type { ShopFacts } from './shop-facts.service.ts';

/** Stock moves without raising the catalogue's version, so what shows it is not believed for longer. */
const STOCK_FRESH_MS = 2_000;
/** What holds no stock is good until the version rises; this bounds what a fault of ours could do. */
const SHELF_FRESH_MS = 60_000;

/** An answer as JSON text, ready to be sent. */
export interface Answer {
  readonly json: string;
  /** For so long it stays true while the catalogue's version is the same. */
  readonly goodForMs: number;
  /** The catalogue's version it was made under. */
  readonly version: number;
  /** The thing asked for is found under another handle now. */
  readonly movedTo?: string;
}

/** What a visitor is shown prices and words in. */
export interface Tongue {
  readonly currency: string;
  readonly locale: string;
}

/** A page of the products visitors see. Throws `InvalidInput` on a cursor that is not of this list and order. */
export async function listProducts(
  ctx: Ctx,
  facts: ShopFacts,
  query: ProductListQuery,
  { currency, locale }: Tongue,
): Promise<Answer> {
  const sort = sortOf(facts, query);
  const options = Object.entries(query.option ?? {});
  const shape = shapeOf(query, sort, options.length, locale !== facts.locale);
  const { key, id } = query.after === undefined ? { key: null, id: null } : readCursor(sort, query.after);
  const values: Partial<Record<ListParameter, Value>> = {
    company: ctx.companyId,
    currency,
    locale,
    filesUrl: fileSettings().address,
    limit: query.limit,
    category: query.category ?? null,
    collection: query.collection ?? null,
    tag: query.tag === undefined ? null : foldKey(query.tag),
    q: query.q === undefined ? null : foldKey(query.q),
    priceGte: query.priceGte ?? null,
    priceLte: query.priceLte ?? null,
    inStock: query.inStock ?? null,
    afterKey: key,
    afterId: id,
  };
  for (const [at, [name, value]] of options.entries()) {
    values[`optionName${at}`] = foldKey(name);
    values[`optionValue${at}`] = foldKey(value);
  }
  const row = await readProductList(ctx, shape, values as Record<ListParameter, Value>); // all that this shape asks for
  return { json: pageJson(row, sort), goodForMs: atMost(STOCK_FRESH_MS, row.goodForMs), version: row.version };
}

/** The order asked for; else by relevance for a search, the merchant's own for a collection, and the newest first. */
function sortOf(facts: ShopFacts, { sort, q, collection }: ProductListQuery): SortKey {
  if (sort !== undefined && sort !== 'relevance') return sort;
  if (q !== undefined) return 'relevance';
  if (collection === undefined) return 'newest';
  return facts.collectionSorts.get(collection) ?? 'newest';
}

const shapeOf = (query: ProductListQuery, sort: SortKey, options: number, translated: boolean): ListShape => ({
  sort,
  category: query.category !== undefined,
  collection: query.collection !== undefined,
  tag: query.tag !== undefined,
  q: query.q !== undefined,
  options,
  price: query.priceGte !== undefined || query.priceLte !== undefined,
  inStock: query.inStock !== undefined,
  after: query.after !== undefined,
  translated,
  count: query.count === true,
  facets: query.facets === true,
});

// The items come as text and go as text: parsing them and writing them again would cost more than the rest of the read.
function pageJson({ items, more, key, id, total, facets }: ListRow, sort: SortKey): string {
  const next = more && key !== null && id !== null ? JSON.stringify(cursorOf(sort, key, id)) : 'null';
  const count = total === null ? '' : `,"count":${total > COUNT_MAX ? `"${COUNT_MAX}+"` : total}`;
  const facetsJson = facets === null ? '' : `,"facets":${facets}`;
  return `{"data":[${items}],"page":{"hasMore":${more},"next":${next}}${count}${facetsJson}}`;
}

/** A product by its present or an earlier handle. Throws `NotFound` for what visitors do not see. */
export async function showProduct(
  ctx: Ctx,
  facts: ShopFacts,
  handle: string,
  { currency, locale }: Tongue,
): Promise<Answer> {
  const at = { company: ctx.companyId, handle };
  const values = { ...at, currency, locale, filesUrl: fileSettings().address, backorder: facts.backorder };
  const row = await readProductPage(ctx, values, locale !== facts.locale);
  if (row) return { json: row.body, goodForMs: atMost(STOCK_FRESH_MS, row.goodForMs), version: row.version };
  const moved = await readMovedHandle(ctx, at);
  if (!moved) throw new NotFound('product');
  return { json: '', goodForMs: STOCK_FRESH_MS, version: moved.version, movedTo: moved.handle };
}

/** All categories, with the number of products visitors see in each. */
export async function listCategories(ctx: Ctx): Promise<Answer> {
  const row = await readCategories(ctx, { company: ctx.companyId, filesUrl: fileSettings().address });
  return { json: row.body, goodForMs: SHELF_FRESH_MS, version: row.version };
}

/** A page of the collections visitors see, by handle. Throws `InvalidInput` on a cursor that is not of this list. */
export async function listCollections(
  ctx: Ctx,
  { limit, after }: { limit: number; after?: string | undefined },
): Promise<Answer> {
  const row = await readCollections(ctx, {
    company: ctx.companyId,
    filesUrl: fileSettings().address,
    limit,
    after: after === undefined ? null : readCollectionCursor(after),
  });
  const next = row.more && row.last !== null ? JSON.stringify(collectionCursor(row.last)) : 'null';
  const json = `{"data":[${row.body}],"page":{"hasMore":${row.more},"next":${next}}}`;
  return { json, goodForMs: SHELF_FRESH_MS, version: row.version };
}

/** One collection. Throws `NotFound` for one visitors do not see. */
export async function showCollection(ctx: Ctx, handle: string): Promise<Answer> {
  const row = await readCollection(ctx, { company: ctx.companyId, filesUrl: fileSettings().address, handle });
  if (!row) throw new NotFound('collection');
  return { json: row.body, goodForMs: SHELF_FRESH_MS, version: row.version };
}

const atMost = (limitMs: number, goodForMs: number | null) => Math.min(limitMs, goodForMs ?? limitMs);

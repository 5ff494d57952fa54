import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { systemSession } from '../../kernel/ctx.ts';
import { openDatabase } from '../../kernel/database.ts';
import { newId } from '../../kernel/ids.ts';
import type { Value } from '../../kernel/text-statement.ts';
import { useDatabase } from '../../testing/database.ts';
import type { SortKey } from './list-orders.ts';
import { type ListParameter, type ListShape, readProductList } from './product-list.service.ts';

const db = useDatabase();

const PLAIN: ListShape = {
  sort: 'newest',
  category: false,
  collection: false,
  tag: false,
  q: false,
  options: 0,
  price: false,
  inStock: false,
  after: false,
  translated: false,
  count: false,
  facets: false,
};
const FILTERS: Partial<ListShape>[] = [
  {},
  { category: true },
  { collection: true },
  { tag: true },
  { q: true },
  { options: 1 },
  { options: 2 },
  { price: true },
  { inStock: true },
  { category: true, q: true, count: true },
  { category: true, inStock: true },
  { tag: true, facets: true },
  { collection: true, count: true },
];
const SORTS: SortKey[] = ['newest', 'price', '-price', 'title', '-title', 'relevance', 'manual'];

/** What visitors can ask: by relevance with words, by hand within a collection. */
const SHAPES = FILTERS.flatMap((filter) =>
  SORTS.filter((sort) => (sort !== 'relevance' || filter.q) && (sort !== 'manual' || filter.collection)).flatMap(
    (sort) =>
      [false, true].flatMap((after) =>
        [false, true].map((translated): ListShape => ({ ...PLAIN, ...filter, sort, after, translated })),
      ),
  ),
);

const values: Partial<Record<ListParameter, Value>> = {
  currency: 'NGN',
  locale: 'fr',
  filesUrl: 'https://files.example',
  limit: 20,
  category: 'c',
  collection: 'c',
  tag: 't',
  q: 'q',
  priceGte: 1,
  priceLte: 2,
  inStock: true,
  afterId: 'prod_01h455vb4pex5vsknk084sn02q',
  optionName0: 'size',
  optionValue0: 's',
  optionName1: 'colour',
  optionValue1: 'red',
};

test('whatever visitors ask for, a connection keeps only the statements that are asked often', async () => {
  const one = openDatabase({ url: db.urls.app, size: 1 });
  const session = systemSession(newId('com'), 'test');
  const kept = () =>
    one.run(session, async (ctx) => {
      const rows = await ctx.tx.execute<{ statement: string }>(
        sql`select statement from pg_prepared_statements where statement like '%listing_prices%' and statement not like '%pg_prepared%'`,
      );
      return rows.length;
    });
  const read = (shape: ListShape) => {
    const afterKey = shape.sort === 'newest' ? '2026-01-01 00:00:00' : '1';
    const all = { ...values, company: session.companyId, afterKey } as Record<ListParameter, Value>; // those of these shapes
    return one.run(session, (ctx) => readProductList(ctx, shape, all));
  };
  for (const shape of SHAPES) await read(shape);
  expect(SHAPES.length).toBeGreaterThan(250);
  const held = await kept();
  expect(held).toBeGreaterThan(0);
  expect(held).toBeLessThanOrEqual(110);
  // The search within a category that shows how many there are is one of them, and is kept once.
  await read({ ...PLAIN, sort: 'relevance', category: true, q: true, count: true });
  expect(await kept()).toBe(held);
  await one.close();
});

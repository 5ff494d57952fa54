import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { systemSession } from '../../kernel/ctx.ts';
import { type CompanyId, newId } from '../../kernel/ids.ts';
import { foldKey } from '../../kernel/text.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenGoods } from '../../testing/listed-goods.ts';

const db = useDatabase();

function givenShop() {
  const companyId = newId('com');
  return { companyId, ...givenGoods(db, companyId), search: (asked: string) => search(companyId, asked) };
}

const search = (companyId: CompanyId, asked: string) =>
  db.app.run(systemSession(companyId, 'test'), async (ctx) => {
    const rows = await ctx.tx.execute<{ product_id: string; rank: number }>(
      sql`select * from search_products(${foldKey(asked)}, 100) order by rank, product_id`,
    );
    return rows.map(({ product_id, rank }) => ({ id: product_id, rank }));
  });

test('all words are required, the last may be unfinished, accents and case do not matter', async () => {
  const shop = givenShop();
  const latte = await shop.product({ title: 'Café Latte-Macchiato' });
  const cup = await shop.product({ title: 'Coffee cup', description: 'For your cafe at home.' });
  const found = async (asked: string) => (await shop.search(asked)).map(({ id }) => id);
  expect(await found('cafe')).toEqual([latte.id, cup.id]);
  expect(await found('CAFÉ lat')).toEqual([latte.id]);
  expect(await found('latte-mac')).toEqual([latte.id]);
  expect((await shop.search('lat café'))[0]?.rank ?? 10).toBeGreaterThanOrEqual(10);
  expect(await found('cafe home')).toEqual([cup.id]);
  expect(await found('!?')).toEqual([]);
  expect(await found('')).toEqual([]);
});

test('the title itself comes first, then words of the title, beginnings, key words, the description', async () => {
  const shop = givenShop();
  const body = await shop.product({ title: 'Belt', description: 'Goes with a red shirt.' });
  const key = await shop.product({ title: 'Hanger', tags: ['red shirt'] });
  const beginning = await shop.product({ title: 'Red shirtdress' });
  const words = await shop.product({ title: 'A shirt in red' });
  const title = await shop.product({ title: 'Red shirt' });
  expect(await shop.search('red shirt')).toEqual([
    { id: title.id, rank: 0 },
    { id: words.id, rank: 1 },
    { id: beginning.id, rank: 2 },
    { id: key.id, rank: 3 },
    { id: body.id, rank: 4 },
  ]);
});

test('a plural finds the singular as well, also where something else is written in the plural', async () => {
  const shop = givenShop();
  const one = await shop.product({ title: 'Denim jacket' });
  const many = await shop.product({ title: 'Two jackets' });
  const shirt = await shop.product({ title: 'Red shirt' });
  expect(await shop.search('jackets')).toEqual([
    { id: many.id, rank: 1 },
    { id: one.id, rank: 2 },
  ]);
  expect((await shop.search('jacket')).map(({ id }) => id)).toEqual([one.id, many.id]);
  expect((await shop.search('shirts red')).map(({ id }) => id)).toEqual([shirt.id]);
  expect((await shop.search('red shirts')).map(({ id }) => id)).toEqual([shirt.id]);
});

test('a SKU is found, whole or its beginning', async () => {
  const shop = givenShop();
  const { id } = await shop.product({ title: 'Gown', variants: [{ sku: 'AB-12.5/X_7' }] });
  for (const asked of ['AB-12.5/X_7', 'ab-12', 'ab 12 5 x'])
    expect([asked, await shop.search(asked)]).toEqual([asked, [{ id, rank: 3 }]]);
});

test('a typing error is forgiven where the words find nothing, and only there', async () => {
  const shop = givenShop();
  const trousers = await shop.product({ title: 'Linen trousers' });
  await shop.product({ title: 'Wooden bowl' });
  for (const asked of ['trowsers', 'trouserz', 'linnen trouser', 'torusers']) {
    const hits = await shop.search(asked);
    expect([asked, hits.map(({ id }) => id)]).toEqual([asked, [trousers.id]]);
    expect(hits[0]?.rank).toBeGreaterThanOrEqual(10);
  }
  expect(await shop.search('zzzzqqq')).toEqual([]);
  expect((await shop.search('linen')).map(({ rank }) => rank)).toEqual([1]);
});

test('the company comes from the unit of work alone: nobody finds what is another shop’s', async () => {
  const [mine, theirs] = [givenShop(), givenShop()];
  const [own, other] = [await mine.product({ title: 'Indigo cloth' }), await theirs.product({ title: 'Indigo cloth' })];
  expect((await mine.search('indigo')).map(({ id }) => id)).toEqual([own.id]);
  expect((await theirs.search('indgo')).map(({ id }) => id)).toEqual([other.id]);
  const outside = await db.app.unscoped((tx) => tx.execute(sql`select * from search_products('indigo', 100)`));
  expect([...outside]).toEqual([]);
  // Nor is there another way to the documents than through the wall.
  const seen = await db.app.run(systemSession(mine.companyId, 'test'), (ctx) =>
    ctx.tx.execute<{ company_id: string }>(sql`select company_id from product_search_documents`),
  );
  expect(seen.map((row) => row.company_id)).toEqual([mine.companyId]);
});

test('only the app may search, and nobody may become the role that looks', async () => {
  const refused = (run: Promise<unknown>) =>
    run.then(
      () => 'allowed',
      (error) => error.cause?.code ?? error.code,
    );
  expect(await refused(db.relay.unscoped((tx) => tx.execute(sql`select * from search_products('x', 1)`)))).toBe(
    '42501',
  );
  expect(await refused(db.app.unscoped((tx) => tx.execute(sql`set local role souk_search`)))).toBe('42501');
});

test('a search reads the index of words, and one with a typing error that of trigrams', async () => {
  const shop = givenShop();
  await db.admin`insert into products (company_id, id, handle, title, title_key, status, published_at)
    select ${shop.companyId}, 'prod_' || n, 'h-' || n, 'Thing ' || n, 'thing ' || n, 'active', now() from generate_series(1, 5000) n`;
  await db.admin`insert into product_search_documents (company_id, product_id, title_words, key_words, body_words)
    select company_id, id, title_key || case when handle = 'h-77' then ' kaftan' else '' end, '', '' from products
    where company_id = ${shop.companyId}`;
  // As autovacuum does: what a GIN index has not sorted in yet makes it dear.
  await db.admin`vacuum analyze product_search_documents`;
  const during = (asked: string, index: string) =>
    db.app.run(systemSession(shop.companyId, 'test'), async (ctx) => {
      const hits = await ctx.tx.execute(sql`select * from search_products(${asked}, 100)`);
      // Of this transaction: nobody else's scans are in it.
      const [row] = await ctx.tx.execute<{ scans: number }>(
        sql`select pg_stat_get_xact_numscans(${index}::regclass)::int as scans`,
      );
      return [hits.length, Number(row?.scans) > 0];
    });
  expect(await during('kaftan', 'product_search_documents_words')).toEqual([1, true]);
  expect(await during('kaftam', 'product_search_documents_title')).toEqual([1, true]);
});

test('a word that everything has is looked for among so many products and no more', async () => {
  const shop = givenShop();
  for (let at = 0; at < 5; at++) await shop.product({ title: `Shirt ${at}` });
  const hits = await db.app.run(systemSession(shop.companyId, 'test'), (ctx) =>
    ctx.tx.execute(sql`select * from search_products('shirt', 3)`),
  );
  expect(hits).toHaveLength(3);
});

import { useDatabase } from '@souk/domain/testing/database';
import { expect, test } from 'vitest';
import { bootStorefront } from '../testing/boot-storefront.ts';
import { givenShopfront, type ProductPage, SORTS } from '../testing/shopfront.ts';

const db = useDatabase();
const storefront = bootStorefront(db);
const givenShop = () => givenShopfront(db, storefront);

const HIDDEN = [
  { handle: 'a-draft', status: 'draft' },
  { handle: 'waiting', status: 'pending_approval' },
  { handle: 'archived', status: 'archived' },
  { handle: 'tomorrow', publishedIn: 86_400 },
  { handle: 'over', unpublishIn: -10 },
  { handle: 'a-gift', kind: 'gift' },
] as const;

test('an empty shop has an empty list, no count and no facets to speak of', async () => {
  const shop = await givenShop();
  const { status, body } = await shop.ask('products?count=true&facets=true');
  expect(status).toBe(200);
  expect(body).toMatchObject({ data: [], page: { hasMore: false, next: null }, count: 0 });
  expect(body.facets).toMatchObject({
    categories: [],
    tags: [],
    options: [],
    price: null,
    available: 0,
    isComplete: true,
  });
  expect((await shop.ask('categories')).body).toEqual({ data: [] });
  expect((await shop.ask('collections')).body).toEqual({ data: [], page: { hasMore: false, next: null } });
});

test('what visitors may not see shows nowhere: list, page, search, count, facets, categories, collections', async () => {
  const shop = await givenShop();
  const shelf = await shop.category('shelf');
  const about = { title: 'Indigo wrapper', tags: ['new'], vendor: 'Ada', categories: [shelf.id] };
  const seen = await shop.product({ ...about, handle: 'seen', variants: [{ options: { Size: 'S' } }] });
  const hidden = [];
  for (const one of HIDDEN)
    hidden.push(await shop.product({ ...about, ...one, variants: [{ options: { Size: 'S' } }] }));
  await shop.collection('all', [seen, ...hidden]);
  for (const query of [
    '',
    'q=indigo',
    'tag=new',
    'category=shelf',
    'collection=all',
    'option[Size]=S',
    'sort=price',
    'sort=title',
    'inStock=true',
  ])
    expect([query, await shop.handles(query)]).toEqual([query, ['seen']]);
  for (const { handle } of HIDDEN)
    expect([handle, (await shop.ask(`products/${handle}`)).status]).toEqual([handle, 404]);
  const { body } = await shop.ask('products?count=true&facets=true');
  expect(body).toMatchObject({
    count: 1,
    facets: {
      categories: [{ handle: 'shelf', count: 1 }],
      tags: [{ tag: 'new', count: 1 }],
      vendors: [{ vendor: 'Ada', count: 1 }],
      options: [{ name: 'Size', values: [{ value: 'S', count: 1 }] }],
      available: 1,
    },
  });
  expect((await shop.ask('categories')).body).toMatchObject({ data: [{ handle: 'shelf', productCount: 1 }] });
  expect((await shop.ask('collections/all')).body).toMatchObject({ productCount: 1 });
});

test('a member that was excluded is none in any order, nor in any number', async () => {
  const shop = await givenShop();
  const [kept, excluded] = [await shop.product({ handle: 'kept' }), await shop.product({ handle: 'excluded' })];
  await shop.collection('set', [kept, excluded]);
  await db.admin`update collection_members set is_excluded = true where product_id = ${excluded.id}`;
  for (const sort of ['', ...SORTS.map((one) => `&sort=${one}`)])
    expect([sort, await shop.handles(`collection=set${sort}`)]).toEqual([sort, ['kept']]);
  const { body } = await shop.ask('products?collection=set&count=true&facets=true');
  expect(body).toMatchObject({ count: 1, facets: { available: 1 } });
  expect((await shop.ask('collections/set')).body).toMatchObject({ productCount: 1 });
  expect((await shop.ask('products/excluded')).status).toBe(200);
});

test('a collection that is not published shows its products in no order, and counts none', async () => {
  const shop = await givenShop();
  await shop.collection('later', [await shop.product({ prices: { NGN: 100 } })], { publishedIn: 60 });
  for (const sort of ['', ...SORTS.map((one) => `&sort=${one}`)])
    expect([sort, await shop.handles(`collection=later${sort}`)]).toEqual([sort, []]);
  for (const sort of ['', '&sort=price', '&sort=newest']) {
    const { body } = await shop.ask(`products?collection=later&count=true&facets=true${sort}`);
    expect([sort, body]).toMatchObject([sort, { data: [], count: 0, facets: { available: 0, price: null } }]);
  }
  expect((await shop.ask('collections/later')).status).toBe(404);
  expect((await shop.ask('collections')).body.data).toEqual([]);
});

test('the products of another shop are like none, and the same handle shows each shop its own', async () => {
  const [mine, theirs] = [await givenShop(), await givenShop()];
  await theirs.product({ handle: 'theirs', title: 'Their secret' });
  await theirs.collection('their-set', []);
  const [own, other] = [await mine.product({ handle: 'same' }), await theirs.product({ handle: 'same' })];
  const bytes = async (path: string) => {
    const { status, text } = await mine.ask(path);
    return [status, text.replace(/"requestId":"[^"]*"/, '')];
  };
  expect(await bytes('products/theirs')).toEqual(await bytes('products/nothing-at-all'));
  expect(await bytes('collections/their-set')).toEqual(await bytes('collections/nothing-at-all'));
  expect(await mine.handles('q=secret')).toEqual([]);
  expect(await mine.handles('collection=their-set')).toEqual([]);
  expect((await mine.ask<{ id: string }>('products/same')).body.id).toBe(own.id);
  expect((await theirs.ask<{ id: string }>('products/same')).body.id).toBe(other.id);
});

test('a collection shows its products in its own order, unless another is asked for', async () => {
  const shop = await givenShop();
  const cheap = await shop.product({ handle: 'cheap', prices: { NGN: 100 }, publishedIn: -50 });
  const dear = await shop.product({ handle: 'dear', prices: { NGN: 900 }, publishedIn: -90 });
  await shop.collection('by-hand', [dear, cheap]);
  await shop.collection('by-price', [dear, cheap], { sort: 'price' });
  await shop.collection('not-yet', [dear, cheap], { publishedIn: 60 });
  await shop.changed();
  expect(await shop.handles('collection=by-hand')).toEqual(['dear', 'cheap']);
  expect(await shop.handles('collection=by-price')).toEqual(['cheap', 'dear']);
  expect(await shop.handles('collection=by-hand&sort=newest')).toEqual(['cheap', 'dear']);
  expect(await shop.handles('collection=not-yet')).toEqual([]);
  expect((await shop.ask('collections/not-yet')).status).toBe(404);
  const { body } = await shop.ask<ProductPage>('collections?limit=1');
  expect([body.data.map(({ handle }) => handle), body.page.hasMore]).toEqual([['by-hand'], true]);
  const rest = await shop.ask(`collections?limit=1&after=${body.page.next}`);
  expect([rest.body.data.map(({ handle }) => handle), rest.body.page.hasMore]).toEqual([['by-price'], false]);
});

test('categories come as a menu, parents first, each product counted once above its shelves', async () => {
  const shop = await givenShop();
  const second = await shop.category('second', undefined, 2);
  const first = await shop.category('first', undefined, 1);
  const [left, right] = [await shop.category('left', first, 1), await shop.category('right', first, 0)];
  await shop.product({ categories: [left.id, right.id] });
  await shop.product({ categories: [second.id] });
  const { body } = await shop.ask<{ data: { handle: string; parentId: string | null; productCount: number }[] }>(
    'categories',
  );
  expect(body.data.map(({ handle, parentId, productCount }) => [handle, parentId, productCount])).toEqual([
    ['first', null, 1],
    ['right', first.id, 1],
    ['left', first.id, 1],
    ['second', null, 1],
  ]);
});

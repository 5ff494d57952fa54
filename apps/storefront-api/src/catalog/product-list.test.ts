import { useDatabase } from '@souk/domain/testing/database';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bootStorefront } from '../testing/boot-storefront.ts';
import { givenShopfront, SORTS } from '../testing/shopfront.ts';

const db = useDatabase();
const storefront = bootStorefront(db);
const givenShop = () => givenShopfront(db, storefront);

test('every filter narrows the list, and together they are joined by "and"', async () => {
  const shop = await givenShop();
  const clothes = await shop.category('clothes');
  const gowns = await shop.category('gowns', clothes);
  const red = { options: { Colour: 'Red', Size: 'M' } };
  const mixed = [{ options: { Colour: 'Red', Size: 'S' } }, { options: { Colour: 'Blue', Size: 'M' } }];
  const gown = await shop.product({
    handle: 'gown',
    categories: [gowns.id],
    tags: ['Été'],
    variants: [red],
    prices: { NGN: 500 },
  });
  await shop.product({
    handle: 'shirt',
    categories: [clothes.id],
    variants: mixed,
    prices: { NGN: 900 },
    isAvailable: false,
  });
  await shop.product({ handle: 'lamp', tags: ['Été'], prices: { NGN: 700 } });
  await shop.collection('picks', [gown]);
  const sorted = async (query: string) => (await shop.handles(`${query}&sort=price`)).join(' ');
  expect(await sorted('category=clothes')).toBe('gown shirt');
  expect(await sorted('category=gowns')).toBe('gown');
  expect(await sorted('category=nothing')).toBe('');
  expect(await sorted('collection=picks')).toBe('gown');
  expect(await sorted('tag=ete')).toBe('gown lamp');
  expect(await sorted('option[colour]=red')).toBe('gown shirt');
  expect(await sorted('option[Colour]=Red&option[Size]=M')).toBe('gown');
  expect(await sorted('option%5BColour%5D=Red&option%5BSize%5D=L')).toBe('');
  expect(await sorted('priceGte=500&priceLte=700')).toBe('gown lamp');
  expect(await sorted('priceGte=501')).toBe('lamp shirt');
  expect(await sorted('priceLte=0')).toBe('');
  expect(await sorted('inStock=true')).toBe('gown lamp');
  expect(await sorted('inStock=false')).toBe('shirt');
  expect(
    await sorted('category=clothes&inStock=true&option[Size]=M&priceLte=500&tag=%C3%89t%C3%A9&collection=picks'),
  ).toBe('gown');
  expect(await sorted('category=clothes&inStock=false&tag=ete')).toBe('');
});

test('what is unknown or malformed is refused by its name', async () => {
  const shop = await givenShop();
  const pointers = async (query: string) => {
    const { status, body } = await shop.ask<{ errors?: { pointer: string }[] }>(`products?${query}`);
    return [status, body.errors?.map(({ pointer }) => pointer)];
  };
  expect(await pointers('colour=red')).toEqual([400, ['?colour']]);
  expect(await pointers('attributes[x]=1')).toEqual([400, ['?attributes']]);
  expect(await pointers('sort=cheapest')).toEqual([400, ['?sort']]);
  expect(await pointers('limit=0')).toEqual([400, ['?limit']]);
  expect(await pointers('limit=101')).toEqual([400, ['?limit']]);
  expect(await pointers('priceGte=1.5')).toEqual([400, ['?priceGte']]);
  expect(await pointers('priceLte=-1')).toEqual([400, ['?priceLte']]);
  expect(await pointers('inStock=maybe')).toEqual([400, ['?inStock']]);
  expect(await pointers('tag=a&tag=b')).toEqual([400, ['?tag']]);
  expect(await pointers('q=')).toEqual([400, ['?q']]);
  expect(await pointers('q=%00')).toEqual([400, ['?q']]);
  expect(await pointers('currency=ngn')).toEqual([400, ['?currency']]);
  expect(await pointers('locale=not_a_tag')).toEqual([400, ['?locale']]);
  expect(await pointers('option[a]=1&option[b]=1&option[c]=1&option[d]=1')).toEqual([400, ['?option']]);
  expect(await pointers('after=nonsense')).toEqual([400, ['?after']]);
  expect(await pointers('option[__proto__]=1')).toEqual([400, ['?option.__proto__']]);
  expect(await pointers('option[a]=1&option[__proto__]=1')).toEqual([400, ['?option.__proto__']]);
  expect(await pointers('__proto__=1')).toEqual([400, ['?__proto__']]);
  expect(await pointers('__proto__[a]=1')).toEqual([400, ['?__proto__']]);
  expect(await pointers('option=x&option[a]=1')).toEqual([400, ['?option']]);
  expect(await pointers('option[a]=1&option=x')).toEqual([400, ['?option']]);
  expect(await pointers(`after=${'a'.repeat(4_001)}`)).toEqual([400, ['?after']]);
  expect((await shop.ask<{ detail: string }>('products?currency=EUR')).body.detail).toContain('NGN');
  for (const path of ['categories?x=1', 'collections?sort=x', 'collections/a?x=1', 'products/a?x=1'])
    expect([path, (await shop.ask(path)).status]).toEqual([path, 400]);
});

test('hostile values are values: they find nothing and break nothing', async () => {
  const shop = await givenShop();
  await shop.product({ handle: 'thing', title: "O'Neil's \\ shirt" });
  const hostile = [
    "' or 1=1 --",
    "'':*",
    "a' & b | !c",
    '\\',
    '%',
    '_',
    '((',
    "');drop table products;--",
    '{}',
    '<->',
    ':*',
    "x'::tsquery",
  ];
  for (const text of hostile) {
    const value = encodeURIComponent(text);
    for (const query of [
      `q=${value}`,
      `tag=${value}`,
      `category=${value}`,
      `collection=${value}`,
      `option[${value}]=${value}`,
      `after=${value}`,
    ]) {
      const { status } = await shop.ask(`products?${query}`);
      expect([query, status < 500]).toEqual([query, true]);
    }
  }
  expect(await shop.handles(`q=${encodeURIComponent("o'neil's")}`)).toEqual(['thing']);
  const forged = (key: string) =>
    Buffer.from(JSON.stringify(['newest', key, 'prod_01h455vb4pex5vsknk084sn02q'])).toString('base64url');
  for (const key of ['2026-13-01 00:00:00', '2026-02-31 00:00:00', "' or 1=1", 'infinity', ''])
    expect([key, (await shop.ask(`products?after=${forged(key)}`)).status]).toEqual([key, 400]);
});

test('a cursor beyond every place in a collection, or of a very long title, is one like any other', async () => {
  const shop = await givenShop();
  const long = 'ß字'.repeat(120);
  await shop.collection('picks', [await shop.product({ handle: 'a', title: `${long}a` })]);
  await shop.product({ handle: 'b', title: `${long}b` });
  const beyond = Buffer.from(JSON.stringify(['manual', '9'.repeat(16), 'prod_01h455vb4pex5vsknk084sn02q']));
  expect(await shop.handles(`collection=picks&after=${beyond.toString('base64url')}`)).toEqual([]);
  const { body } = await shop.ask('products?sort=title&limit=1');
  expect(await shop.handles(`sort=title&limit=1&after=${body.page.next}`)).toEqual(['b']);
});

test('walking the pages of every order meets every product once, however many are alike', async () => {
  const shop = await givenShop();
  const made: { id: `prod_${string}` }[] = [];
  for (let at = 0; at < 23; at++)
    made.push(
      await shop.product({
        title: `Same ${at % 3}`,
        handle: `p-${at}`,
        prices: { NGN: 100 * (at % 4) },
        publishedIn: -60 - (at % 5),
      }),
    );
  await shop.collection('all', made);
  const walk = async (query: string, limit: number) => {
    const handles: string[] = [];
    let after = '';
    for (let pages = 0; pages < 30; pages++) {
      const { body } = await shop.ask(`products?${query}&limit=${limit}${after}`);
      handles.push(...body.data.map(({ handle }) => handle));
      if (!body.page.hasMore) break;
      expect(body.data).toHaveLength(limit);
      after = `&after=${body.page.next}`;
    }
    return handles;
  };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(
        ...SORTS.map((sort) => `sort=${sort}`),
        'q=same',
        'q=same&sort=price',
        'collection=all',
        'collection=all&sort=title',
      ),
      fc.integer({ min: 1, max: 24 }),
      async (query, limit) => {
        const [whole, walked] = [await shop.handles(`${query}&limit=100`), await walk(query, limit)];
        expect(walked).toEqual(whole);
        expect(new Set(walked).size).toBe(23);
      },
    ),
    { numRuns: 40 },
  );
});

test('the orders are what they say, and a cursor of one is refused by another', async () => {
  const shop = await givenShop();
  await shop.product({ handle: 'b', title: 'Éclair', prices: { NGN: 300 }, publishedIn: -30 });
  await shop.product({ handle: 'a', title: 'apron', prices: { NGN: 100 }, publishedIn: -20 });
  await shop.product({ handle: 'c', title: 'Zip', prices: { NGN: 200 }, publishedIn: -10 });
  const order = async (sort: string) => (await shop.handles(sort && `sort=${sort}`)).join('');
  expect(await order('')).toBe('cab');
  expect(await order('newest')).toBe('cab');
  expect(await order('price')).toBe('acb');
  expect(await order('-price')).toBe('bca');
  expect(await order('title')).toBe('abc');
  expect(await order('-title')).toBe('cba');
  const { body } = await shop.ask('products?sort=price&limit=1');
  const other = await shop.ask<{ detail: string }>(`products?sort=title&limit=1&after=${body.page.next}`);
  expect([other.status, other.body.detail]).toEqual([400, expect.stringContaining('another order')]);
});

test('facets give the numbers one gets by counting', async () => {
  const shop = await givenShop();
  const shelves = [await shop.category('one'), await shop.category('two')];
  const colours = ['Red', 'Blue', 'Green'];
  const made: { tags: string[]; vendor: string; colours: string[]; shelf: number; price: number }[] = [];
  for (let at = 0; at < 20; at++) {
    const one = {
      tags: ['a', 'b', 'c'].filter((_, place) => (at >> place) % 2 === 0),
      vendor: `Vendor ${at % 3}`,
      colours: colours.slice(0, 1 + (at % 3)),
      shelf: at % 2,
      price: 100 + at,
    };
    made.push(one);
    await shop.product({
      tags: one.tags,
      vendor: one.vendor,
      categories: [shelves[one.shelf]?.id ?? 'cat_'],
      prices: { NGN: one.price },
      // Two variants of one colour count once.
      variants: [...one.colours, ...one.colours].map((Colour, place) => ({
        options: { Colour, Size: place < one.colours.length ? 'S' : 'M' },
      })),
    });
  }
  const tally = (values: string[]) =>
    Object.fromEntries(values.map((value) => [value, values.filter((one) => one === value).length]));
  const check = async (query: string, kept: typeof made) => {
    const { body } = await shop.ask<{ count: number; facets: Facets }>(`products?facets=true&count=true&${query}`);
    expect(body.count).toBe(kept.length);
    const options = Object.fromEntries(
      body.facets.options.map(({ name, values }) => [
        name,
        Object.fromEntries(values.map(({ value, count }) => [value, count])),
      ]),
    );
    expect(options['Colour']).toEqual(tally(kept.flatMap((one) => one.colours)));
    expect(Object.fromEntries(body.facets.tags.map(({ tag, count }) => [tag, count]))).toEqual(
      tally(kept.flatMap((one) => one.tags)),
    );
    expect(Object.fromEntries(body.facets.vendors.map(({ vendor, count }) => [vendor, count]))).toEqual(
      tally(kept.map((one) => one.vendor)),
    );
    expect(Object.fromEntries(body.facets.categories.map(({ handle, count }) => [handle, count]))).toEqual(
      tally(kept.map((one) => ['one', 'two'][one.shelf] ?? '')),
    );
    expect([body.facets.price.min.amount, body.facets.price.max.amount]).toEqual([kept[0]?.price, kept.at(-1)?.price]);
    expect(body.facets.available).toBe(kept.length);
  };
  await check('', made);
  await check(
    'tag=b',
    made.filter(({ tags }) => tags.includes('b')),
  );
  await check(
    'category=two&priceLte=110',
    made.filter(({ shelf, price }) => shelf === 1 && price <= 110),
  );
});

interface Facets {
  options: { name: string; values: { value: string; count: number }[] }[];
  tags: { tag: string; count: number }[];
  vendors: { vendor: string; count: number }[];
  categories: { handle: string; count: number }[];
  price: { min: { amount: number }; max: { amount: number } };
  available: number;
}

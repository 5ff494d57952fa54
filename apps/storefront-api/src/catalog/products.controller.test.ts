import { readMovedHandle } from '@souk/domain/catalog/listing/product-page.service';
import { newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bootStorefront } from '../testing/boot-storefront.ts';
import { givenShopfront, type ProductPage } from '../testing/shopfront.ts';

const db = useDatabase();
const storefront = bootStorefront(db);
const givenShop = () => givenShopfront(db, storefront);

const SORTS = ['newest', 'price', '-price', 'title', '-title', 'relevance'];

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

test('an archived variant and an attribute kept inside are not on the page', async () => {
  const shop = await givenShop();
  const { id, variants } = await shop.product({
    handle: 'gown',
    variants: [
      { sku: 'G-S', options: { Size: 'S' }, onHand: 0 },
      { sku: 'G-M', options: { Size: 'M' }, onHand: 5 },
    ],
  });
  await db.admin`update product_variants set archived_at = now() where id = ${variants[1] ?? ''}`;
  const definitions = ['shown', 'inside'].map((key, position) => ({
    id: newId('attr'),
    key,
    name: key,
    type: 'text',
    position,
    is_public: key === 'shown',
  }));
  await shop.insert('attribute_definitions', definitions);
  await shop.insert(
    'product_attributes',
    definitions.map((definition) => ({ product_id: id, definition_id: definition.id, value: 'x' })),
  );
  const { body, text } = await shop.ask<{ variants: unknown[]; attributes: unknown[] }>('products/gown');
  expect(body).toMatchObject({ isAvailable: false, variants: [{ sku: 'G-S' }], attributes: [{ key: 'shown' }] });
  expect([body.variants.length, body.attributes.length]).toEqual([1, 1]);
  expect(text).not.toContain('G-M');
  expect(text).not.toContain('inside');
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

test('prices are those of the currency asked for, and what has none in it is left out of lists', async () => {
  const shop = await givenShop();
  await shop.settings('general', { currencies: ['JPY'] });
  await shop.product({
    handle: 'both',
    variants: [
      { options: { Size: 'S' }, prices: { NGN: 100_050, JPY: 120 } },
      { options: { Size: 'M' }, prices: { NGN: 90_000 } },
    ],
  });
  await shop.product({ handle: 'home-only', prices: { NGN: 5_000 } });
  expect(await shop.handles('sort=price')).toEqual(['home-only', 'both']);
  const { body } = await shop.ask('products?currency=JPY&sort=price');
  expect(body.data).toMatchObject([
    {
      handle: 'both',
      price: { amount: 120, currency: 'JPY' },
      priceMax: { amount: 120, currency: 'JPY' },
      compareAt: null,
    },
  ]);
  expect(await shop.handles('currency=JPY&priceGte=121')).toEqual([]);
  const page = await shop.ask<{ price: unknown; variants: unknown[] }>('products/both?currency=JPY');
  expect(page.body).toMatchObject({
    price: { amount: 120, currency: 'JPY' },
    variants: [{ price: { amount: 120, currency: 'JPY' } }, { price: null }],
  });
  expect((await shop.ask('products/home-only?currency=JPY')).body).toMatchObject({
    price: null,
    variants: [{ price: null }],
  });
  expect((await shop.ask('products/both')).body).toMatchObject({
    price: { amount: 90_000 },
    priceMax: { amount: 100_050 },
  });
});

test('words come in the language asked for, field by field, else in that of the shop', async () => {
  const shop = await givenShop();
  await shop.settings('general', { locales: ['fr', 'pt-BR'] });
  await shop.product({
    handle: 'gown',
    title: 'Gown',
    description: '<p>Long.</p>',
    translations: { fr: { title: 'Robe' }, nl: { title: 'Jurk' } },
  });
  const title = async (query: string, acceptLanguage = '') =>
    (
      await shop.ask<{ title: string; description: string }>(`products/gown${query}`, {
        'accept-language': acceptLanguage,
      })
    ).body.title;
  expect(await title('')).toBe('Gown');
  expect(await title('?locale=fr')).toBe('Robe');
  expect(await title('?locale=fr-CA')).toBe('Robe');
  expect(await title('?locale=pt-BR')).toBe('Gown');
  expect(await title('?locale=de')).toBe('Gown');
  expect(await title('?locale=nl')).toBe('Gown'); // translated, and not offered any more
  expect(await title('', 'de, fr;q=0.9, en;q=0.1')).toBe('Robe');
  expect(await title('?locale=en', 'fr')).toBe('Gown');
  expect(await title('', ';;;q=x,,*')).toBe('Gown');
  const { body } = await shop.ask<{ title: string; description: string }>('products/gown?locale=fr');
  expect(body).toMatchObject({ title: 'Robe', description: '<p>Long.</p>' });
  expect((await shop.ask('products?locale=fr')).body.data).toMatchObject([{ title: 'Robe' }]);
});

test('an old handle leads to the present one, of visible products only', async () => {
  const shop = await givenShop();
  await shop.product({ handle: 'new-name', oldHandles: ['old name'] });
  await shop.product({ handle: 'hidden', oldHandles: ['was-hidden'], status: 'draft' });
  const moved = await shop.ask('products/old%20name');
  expect([moved.status, moved.headers['location']]).toEqual([301, '/v1/products/new-name']);
  expect((await shop.ask('products/old%20name')).status).toBe(301);
  expect((await shop.ask('products/was-hidden')).status).toBe(404);
});

test('a move keeps the currency and the language that were named, each caller its own', async () => {
  const shop = await givenShop();
  await shop.settings('general', { currencies: ['JPY'], locales: ['fr'] });
  await shop.product({ handle: 'new-name', oldHandles: ['old'] });
  const location = async (query: string, headers = {}) =>
    (await shop.ask(`products/old${query}`, headers)).headers['location'];
  for (const round of ['made', 'from memory'])
    expect([
      round,
      await location(''),
      await location('?currency=NGN'),
      await location('?currency=JPY'),
      await location('?locale=fr'),
      await location('', { 'accept-language': 'fr' }),
      await location('?locale=fr&currency=JPY'),
    ]).toEqual([
      round,
      '/v1/products/new-name',
      '/v1/products/new-name?currency=NGN',
      '/v1/products/new-name?currency=JPY',
      '/v1/products/new-name?locale=fr',
      '/v1/products/new-name',
      '/v1/products/new-name?currency=JPY&locale=fr',
    ]);
});

test('a product never moves to where it was asked for', async () => {
  const shop = await givenShop();
  await shop.product({ handle: 'here', oldHandles: ['before'] });
  const moved = (handle: string) =>
    db.app.run(shop.system, (ctx) => readMovedHandle(ctx, { company: shop.companyId, handle }));
  expect([await moved('before'), await moved('here')]).toEqual(['here', undefined]);
});

test('a page says of each variant whether it can be had this moment', async () => {
  const shop = await givenShop();
  const { variants } = await shop.product({
    handle: 'gown',
    variants: [
      { options: { Size: 'S' }, onHand: 1 },
      { options: { Size: 'M' }, onHand: 0 },
      { options: { Size: 'L' }, onHand: 0, backorder: 'allow' },
    ],
  });
  const [small] = variants;
  const shown = async () => {
    await shop.changed();
    const { body } = await shop.ask<{ isAvailable: boolean; variants: { isAvailable: boolean; options: object }[] }>(
      'products/gown',
    );
    return [body.isAvailable, ...body.variants.map(({ isAvailable }) => isAvailable)];
  };
  expect(await shown()).toEqual([true, true, false, true]);
  const hold = (expires: string) =>
    db.admin.begin(async (tx) => {
      await tx`update stock_levels set reserved = reserved + 1 where variant_id = ${small ?? ''}`;
      await tx`insert into stock_reservations (company_id, id, owner_type, owner_id, variant_id, location_id, quantity,
          wanted_variant_id, expires_at)
        values (${shop.companyId}, ${`rsv_${expires}`}, 'cart', 'c', ${small ?? ''}, ${shop.location}, 1, ${small ?? ''}, now() + ${expires}::interval)`;
    });
  await hold('1 hour');
  expect(await shown()).toEqual([true, false, false, true]);
  await db.admin`update stock_reservations set expires_at = now() - interval '1 second'`;
  expect(await shown()).toEqual([true, true, false, true]);
  await shop.settings('inventory', { backorder: true });
  expect(await shown()).toEqual([true, true, true, true]);
});

test('pictures are those that are ready, with their public address', async () => {
  const shop = await givenShop();
  const gown = await shop.product({ handle: 'gown' });
  const file = (id: string, status: string, widths: number[] | null) => ({
    id,
    purpose: 'image',
    status,
    storage_key: `k/image/${id}`,
    name: 'x',
    width: 1600,
    height: 900,
    widths: widths && JSON.stringify(widths),
    created_by_type: 'system',
    created_by_id: 't',
  });
  await shop.insert('files', [file('file_a', 'remote', null)]);
  await shop.insert('files', [file('file_b', 'ready', [320, 640])]);
  await db.admin`update files set widths = '[320, 640]' where id = 'file_b'`;
  await shop.insert('product_media', [
    { id: 'med_a', product_id: gown.id, file_id: 'file_a', alt: 'not there yet', position: 0 },
    { id: 'med_b', product_id: gown.id, file_id: 'file_b', alt: 'From behind', position: 1 },
  ]);
  const picture = {
    alt: 'From behind',
    width: 1600,
    height: 900,
    widths: [320, 640],
    url: expect.stringMatching(/^https?:.*\/k\/image\/file_b\/640\.webp$/),
  };
  expect((await shop.ask('products')).body.data).toMatchObject([{ image: picture }]);
  expect((await shop.ask<{ images: unknown[] }>('products/gown')).body.images).toEqual([picture]);
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

import { patchSettings } from '@souk/domain/company/settings/settings.service';
import { latestServer, metServer } from '@souk/domain/kernel/database-server';
import { useDatabase } from '@souk/domain/testing/database';
import type { TestApi } from '@souk/platform/testing/app';
import { sql } from 'drizzle-orm';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { bootStorefront } from '../testing/boot-storefront.ts';
import { givenShopfront, type ProductPage } from '../testing/shopfront.ts';

const db = useDatabase();
const storefront = bootStorefront(db);
const writer = bootStorefront(db);
afterEach(() => vi.restoreAllMocks());

/** A write as another process makes it: the change and the version in one transaction. */
const rename = (api: TestApi, shop: Awaited<ReturnType<typeof givenShopfront>>, handle: string, title: string) =>
  api.parts.database.run(shop.system, async (ctx) => {
    await ctx.tx.execute(
      sql`update products set title = ${title} where company_id = ${ctx.companyId} and handle = ${handle}`,
    );
    ctx.audit({ action: 'product.updated', entity: { type: 'product', id: handle } });
    ctx.catalogueChanged();
  });

const titles = (body: ProductPage) => body.data.map(({ title }) => title);

test('what was answered is answered again without a unit of work, as the same bytes', async () => {
  const shop = await givenShopfront(db, storefront);
  await shop.product({ handle: 'gown' });
  const first = await shop.ask('products?limit=5&sort=price');
  await shop.ask('products/gown');
  const acquire = vi.spyOn(storefront.parts.database.pool, 'acquire');
  const again = await shop.ask('products?sort=price&limit=5');
  await shop.ask('products/gown');
  expect([again.text, again.headers['etag']]).toEqual([first.text, first.headers['etag']]);
  expect(again.headers).toMatchObject({
    'cache-control': 'private, no-cache',
    vary: 'X-Api-Key, Origin, Accept-Language',
    'content-type': 'application/json; charset=utf-8',
  });
  expect(acquire).not.toHaveBeenCalled();
});

test('who has the answer already gets 304 and no body, until it changes', async () => {
  const shop = await givenShopfront(db, storefront);
  await shop.product({ handle: 'gown', title: 'Gown' });
  const { headers } = await shop.ask('products');
  const etag = String(headers['etag']);
  const ask = (path = 'products') => shop.ask(path, { 'if-none-match': etag });
  expect(await ask()).toMatchObject({ status: 304, text: '', headers: { etag } });
  expect((await ask('products/gown')).status).toBe(200);
  await rename(writer, shop, 'gown', 'Kaftan');
  const changed = await ask();
  expect([changed.status, titles(changed.body)]).toEqual([200, ['Kaftan']]);
});

test('what one process saved is in the very next answer of another, fifty times in a row', async () => {
  const shop = await givenShopfront(db, storefront);
  await shop.product({ handle: 'gown' });
  for (let at = 0; at < 50; at++) {
    await rename(writer, shop, 'gown', `Title ${at}`);
    const [list, page] = [await shop.ask('products'), await shop.ask<{ title: string }>('products/gown')];
    expect([titles(list.body), page.body.title]).toEqual([[`Title ${at}`], `Title ${at}`]);
  }
});

test('a change that was undone leaves no trace, and one of another shop does not cost ours its memory', async () => {
  const [shop, other] = [await givenShopfront(db, storefront), await givenShopfront(db, storefront)];
  await shop.product({ handle: 'gown', title: 'Gown' });
  await shop.ask('products');
  const undone = writer.parts.database.run(shop.system, async (ctx) => {
    await ctx.tx.execute(sql`update products set title = 'Never' where company_id = ${ctx.companyId}`);
    ctx.audit({ action: 'product.updated', entity: { type: 'product', id: 'x' } });
    ctx.catalogueChanged();
    throw new Error('undone');
  });
  await expect(undone).rejects.toThrow('undone');
  await other.changed();
  const acquire = vi.spyOn(storefront.parts.database.pool, 'acquire');
  expect(titles((await shop.ask('products')).body)).toEqual(['Gown']);
  expect(acquire).not.toHaveBeenCalled();
});

test('a price that begins, a product that comes and one that goes show at their moment, though nothing was saved', async () => {
  const shop = await givenShopfront(db, storefront);
  const gown = await shop.product({ handle: 'gown', prices: { NGN: 1_000 } });
  await shop.product({ handle: 'comes', prices: { NGN: 2_000 }, publishedIn: 1 });
  await shop.product({ handle: 'goes', prices: { NGN: 3_000 }, unpublishIn: 1 });
  const moment = new Date(Date.now() + 1_000).toISOString();
  await shop.insert('prices', [
    {
      id: 'prc_sale',
      variant_id: gown.variants[0],
      currency: 'NGN',
      amount: 700,
      compare_at: 1_000,
      valid_from: moment,
    },
  ]);
  await db.admin`update listing_prices set valid_until = ${moment} where product_id = ${gown.id}`;
  await shop.insert('listing_prices', [
    {
      product_id: gown.id,
      currency: 'NGN',
      valid_from: moment,
      valid_until: '9999-12-31Z',
      min_amount: 700,
      max_amount: 700,
      compare_at: 1_000,
    },
  ]);
  await shop.changed();
  const shown = async () => {
    const { body } = await shop.ask('products?sort=price');
    const page = await shop.ask<{ variants: { price: { amount: number } }[] }>('products/gown');
    return [
      body.data.map(({ handle, price }) => `${handle} ${price.amount}`).join(),
      page.body.variants[0]?.price.amount,
    ];
  };
  expect(await shown()).toEqual(['gown 1000,goes 3000', 1_000]);
  // Past the boundary, and well before what is remembered for two seconds would end by itself.
  await new Promise((resolve) => setTimeout(resolve, Date.parse(moment) - Date.now() + 50));
  expect(await shown()).toEqual(['gown 700,comes 2000', 700]);
});

test('a product that comes or goes by itself shows at its moment, where no price changes', async () => {
  const shop = await givenShopfront(db, storefront);
  await shop.product({ handle: 'stays', title: 'A' });
  await shop.product({ handle: 'comes', title: 'B', publishedIn: 1 });
  await shop.product({ handle: 'goes', title: 'C', unpublishIn: 1 });
  const moment = Date.now() + 1_000;
  await shop.changed();
  expect(await shop.handles('sort=title')).toEqual(['stays', 'goes']);
  await new Promise((resolve) => setTimeout(resolve, moment - Date.now() + 50));
  expect(await shop.handles('sort=title')).toEqual(['stays', 'comes']);
});

test('a change of currencies or languages shows in the very next answer', async () => {
  const shop = await givenShopfront(db, storefront);
  expect((await shop.ask('products?currency=GHS')).status).toBe(400);
  await writer.parts.database.run(shop.system, (ctx) => patchSettings(ctx, 'general', { currencies: ['GHS'] }));
  expect((await shop.ask('products?currency=GHS')).status).toBe(200);
});

test('on another server the same version may mean another catalogue, and the currencies are read again', async () => {
  const shop = await givenShopfront(db, storefront);
  await shop.product({ handle: 'gown' });
  const apis = [storefront, uncached];
  const sold = async (api: TestApi) => (await api.call('GET', '/v1/products?currency=GHS', { key: shop.key })).status;
  for (const api of apis) expect(await sold(api)).toBe(400);
  await writer.parts.database.run(shop.system, (ctx) => patchSettings(ctx, 'general', { currencies: ['GHS'] }));
  await db.admin`update catalogue_versions set version = version - 1 where company_id = ${shop.companyId}`;
  for (const api of apis) expect(await sold(api)).toBe(400);
  // The first new connection leads elsewhere, and so do the others from now on.
  const before = latestServer();
  const led = new Set<{ server: string }>();
  metServer('another');
  for (const { parts } of apis) {
    const { pool } = parts.database;
    const acquire = pool.acquire.bind(pool);
    vi.spyOn(pool, 'acquire').mockImplementation(async (share) => {
      const connection = Object.assign(await acquire(share), { server: 'another' });
      led.add(connection);
      return connection;
    });
  }
  for (const api of apis) expect(await sold(api)).toBe(200);
  for (const connection of led) connection.server = before;
  metServer(before);
});

test('a read is two statements: the version, and the answer', async () => {
  const shop = await givenShopfront(db, storefront);
  const shelf = await shop.category('shelf');
  await shop.product({ handle: 'gown', title: 'Gown', categories: [shelf.id] });
  await shop.ask('products/gown'); // the shop's currencies and languages are read once under each version
  const sent: string[] = [];
  const { pool } = storefront.parts.database;
  const acquire = pool.acquire.bind(pool);
  const listened = new Map<object, () => void>();
  vi.spyOn(pool, 'acquire').mockImplementation(async (share) => {
    const connection = await acquire(share);
    const { client } = connection;
    const { unsafe } = client;
    if (!listened.has(client)) {
      listened.set(client, () => Object.assign(client, { unsafe }));
      Object.assign(client, {
        unsafe: (...args: Parameters<typeof unsafe>) => {
          sent.push(args[0]);
          return unsafe.apply(client, args);
        },
      });
    }
    return connection;
  });
  for (const path of [
    'products?limit=7',
    'products?q=gown&category=shelf&count=true&facets=true',
    'products?category=shelf',
    'collections',
    'categories',
  ]) {
    sent.length = 0;
    expect([path, (await shop.ask(path)).status]).toEqual([path, 200]);
    expect([path, sent.filter((text) => !/^(?:begin|commit)/.test(text)).length]).toEqual([path, 1]);
  }
  for (const restore of listened.values()) restore();
});

test('without memory for answers every read reads, and is right', async () => {
  const shop = await givenShopfront(db, uncached);
  await shop.product({ handle: 'gown', title: 'Gown' });
  const key = shop.key;
  await uncached.call('GET', '/v1/products', { key });
  const acquire = vi.spyOn(uncached.parts.database.pool, 'acquire');
  expect(titles((await uncached.call<ProductPage>('GET', '/v1/products', { key })).body)).toEqual(['Gown']);
  expect(acquire).toHaveBeenCalledOnce();
  for (let at = 0; at < 10; at++) {
    await rename(writer, shop, 'gown', `Title ${at}`);
    expect(titles((await uncached.call<ProductPage>('GET', '/v1/products', { key })).body)).toEqual([`Title ${at}`]);
  }
  const sold = async () => (await uncached.call('GET', '/v1/products?currency=GHS', { key })).status;
  expect(await sold()).toBe(400);
  await writer.parts.database.run(shop.system, (ctx) => patchSettings(ctx, 'general', { currencies: ['GHS'] }));
  expect(await sold()).toBe(200);
});
const uncached = bootStorefront(db, { STOREFRONT_CACHE_MB: '0' });

const redisUrl = process.env['SOUK_TEST_REDIS_URL'];

describe.runIf(redisUrl)('with Redis', () => {
  const here = bootStorefront(db, { REDIS_URL: redisUrl ?? '' });
  const there = bootStorefront(db, { REDIS_URL: redisUrl ?? '' });

  test('what one process answered another does not make again, and what was saved is in the very next answer of both', async () => {
    const shop = await givenShopfront(db, here);
    await shop.product({ handle: 'gown', title: 'Gown' });
    const ask = (api: TestApi) => api.call<ProductPage>('GET', '/v1/products?limit=3', { key: shop.key });
    for (
      const until = Date.now() + 5_000;
      Date.now() < until;
      await new Promise((resolve) => setTimeout(resolve, 20))
    ) {
      const health = await Promise.all([here, there].map((api) => api.parts.readiness.health()));
      if (health.every(({ isReady }) => isReady)) break;
    }
    await there.call('GET', '/v1/products?limit=1', { key: shop.key }); // knows the key and the shop from here on
    const first = await ask(here);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const acquire = vi.spyOn(there.parts.database.pool, 'acquire');
    expect((await ask(there)).text).toBe(first.text);
    expect(acquire).not.toHaveBeenCalled();
    for (let at = 0; at < 20; at++) {
      await rename(at % 2 ? here : there, shop, 'gown', `Title ${at}`);
      for (const api of [there, here]) expect(titles((await ask(api)).body)).toEqual([`Title ${at}`]);
    }
  });
});

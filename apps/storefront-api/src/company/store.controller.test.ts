import '@souk/domain/setup/declarations/declarations';
import { createCompany, suspendCompany, updateCompany } from '@souk/domain/company/companies/companies.service';
import { patchSettings } from '@souk/domain/company/settings/settings.service';
import { mintKey } from '@souk/domain/identity/api-keys/api-keys.service';
import { systemSession } from '@souk/domain/kernel/ctx';
import { newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { bootStorefront } from '../testing/boot-storefront.ts';

const db = useDatabase();
const storefront = bootStorefront(db);
afterEach(() => vi.restoreAllMocks());

async function givenShop(scopes = ['store.read'], api = storefront) {
  const session = systemSession(newId('com'), 'test');
  const about = {
    name: 'Ada',
    handle: session.companyId.slice(4),
    country: 'NG',
    currency: 'NGN',
    timezone: 'Africa/Lagos',
  };
  // Through the API's own database, so that it hears of what was committed.
  const { run } = api.parts.database;
  const { key } = await run(session, async (ctx) => {
    await createCompany(ctx, about);
    return mintKey(ctx, { name: 'Web', type: 'publishable', scopes });
  });
  return { key, companyId: session.companyId, run: <T>(work: Parameters<typeof run<T>>[1]) => run(session, work) };
}

test('a store is shown with an ETag, and not sent again while it is the same', async () => {
  const shop = await givenShop();
  const first = await storefront.call('GET', '/v1/store', { key: shop.key });
  expect(first).toMatchObject({ status: 200, body: { id: shop.companyId, name: 'Ada', mode: 'live', url: null } });
  expect(first.headers).toMatchObject({
    'cache-control': 'private, no-cache',
    vary: 'X-Api-Key, Origin, Accept-Language',
  });
  const etag = String(first.headers['etag']);
  const ask = (value: string) =>
    storefront.call('GET', '/v1/store', { key: shop.key, headers: { 'if-none-match': value } });
  for (const value of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    expect(await ask(value)).toMatchObject({ status: 304, text: '', headers: { etag } });
  }
  expect((await ask('"x"')).status).toBe(200);
  await shop.run((ctx) => patchSettings(ctx, 'branding', { tagline: 'Cloth' }));
  expect(await ask(etag)).toMatchObject({ status: 200, body: { branding: { tagline: 'Cloth' } } });
  expect(await storefront.call('HEAD', '/v1/store', { key: shop.key })).toMatchObject({ status: 200, text: '' });
});

test('two shops have two ETags, and each key shows its own', async () => {
  const [a, b] = [await givenShop(), await givenShop()];
  const [ofA, ofB] = [
    await storefront.call('GET', '/v1/store', { key: a.key }),
    await storefront.call('GET', '/v1/store', { key: b.key }),
  ];
  expect(ofA.headers['etag']).not.toBe(ofB.headers['etag']);
  expect([ofA.body, ofB.body]).toMatchObject([{ id: a.companyId }, { id: b.companyId }]);
});

test('a key without the scope is refused by its name, a suspended shop answers 503, stray parameters 400', async () => {
  const [narrow, shop] = [await givenShop(['carts.write']), await givenShop()];
  const refused = await storefront.call('GET', '/v1/store', { key: narrow.key });
  expect(refused.status).toBe(403);
  expect(refused.text).toContain('store.read');
  expect((await storefront.call('GET', '/v1/store?x=1', { key: shop.key })).status).toBe(400);
  await shop.run((ctx) => suspendCompany(ctx, 'unpaid'));
  expect((await storefront.call('GET', '/v1/store', { key: shop.key })).status).toBe(503);
});

test('a store that is known is answered without a query, also when it is not the same any more for the caller', async () => {
  const shop = await givenShop();
  const first = await storefront.call('GET', '/v1/store', { key: shop.key });
  const acquire = vi.spyOn(storefront.parts.database.pool, 'acquire');
  for (let i = 0; i < 5; i++) {
    const again = await storefront.call('GET', '/v1/store', { key: shop.key });
    expect([again.status, again.text, again.headers['etag']]).toEqual([200, first.text, first.headers['etag']]);
  }
  const headers = { 'if-none-match': String(first.headers['etag']) };
  expect((await storefront.call('GET', '/v1/store', { key: shop.key, headers })).status).toBe(304);
  expect(acquire).not.toHaveBeenCalled();
});

test('a change of the settings or of the company is in the very next answer, and leaves other shops remembered', async () => {
  const [shop, other] = [await givenShop(), await givenShop()];
  const show = async (key = shop.key) =>
    (await storefront.call<{ name: string; branding: { tagline: string | null } }>('GET', '/v1/store', { key })).body;
  await show(other.key);
  expect(await show()).toMatchObject({ name: 'Ada', branding: { tagline: null } });
  await shop.run((ctx) => patchSettings(ctx, 'branding', { tagline: 'Cloth' }));
  expect(await show()).toMatchObject({ branding: { tagline: 'Cloth' } });
  await shop.run((ctx) => updateCompany(ctx, { name: 'Ada Fabrics' }));
  expect(await show()).toMatchObject({ name: 'Ada Fabrics', branding: { tagline: 'Cloth' } });
  const acquire = vi.spyOn(storefront.parts.database.pool, 'acquire');
  await show(other.key);
  expect(acquire).not.toHaveBeenCalled();
});

test('a change that was undone leaves no trace in the answer', async () => {
  const shop = await givenShop();
  const undone = shop.run(async (ctx) => {
    await patchSettings(ctx, 'branding', { tagline: 'Never' });
    throw new Error('undone');
  });
  await expect(undone).rejects.toThrow('undone');
  const { text } = await storefront.call('GET', '/v1/store', { key: shop.key });
  expect(text).not.toContain('Never');
});

const redisUrl = process.env['SOUK_TEST_REDIS_URL'];

describe.runIf(redisUrl)('with Redis', () => {
  const here = bootStorefront(db, { REDIS_URL: redisUrl ?? '' });
  const there = bootStorefront(db, { REDIS_URL: redisUrl ?? '' });

  test('what one process changes, the other shows long before its memory ends', async () => {
    const shop = await givenShop(['store.read'], here);
    const shown = async () => (await there.call('GET', '/v1/store', { key: shop.key })).text;
    const until = async (what: string, ask: () => Promise<boolean>) => {
      // Well below the five seconds after which the cache would forget by itself.
      for (const giveUp = Date.now() + 2_000; Date.now() < giveUp; ) {
        if (await ask()) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(`${what} did not happen within two seconds`);
    };
    await until('the line', async () => (await here.parts.readiness.health()).isReady);
    expect(await shown()).not.toContain('Cloth');
    await shop.run((ctx) => patchSettings(ctx, 'branding', { tagline: 'Cloth' }));
    await until('the news', async () => (await shown()).includes('Cloth'));
  });
});

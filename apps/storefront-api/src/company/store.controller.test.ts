import '@souk/domain/setup/declarations/declarations';
import { createCompany, suspendCompany } from '@souk/domain/company/companies/companies.service';
import { patchSettings } from '@souk/domain/company/settings/settings.service';
import { mintKey } from '@souk/domain/identity/api-keys/api-keys.service';
import { systemSession } from '@souk/domain/kernel/ctx';
import { newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { expect, test } from 'vitest';
import { bootStorefront } from '../testing/boot-storefront.ts';

const db = useDatabase();
const storefront = bootStorefront(db);

async function givenShop(scopes = ['store.read']) {
  const session = systemSession(newId('com'), 'test');
  const about = {
    name: 'Ada',
    handle: session.companyId.slice(4),
    country: 'NG',
    currency: 'NGN',
    timezone: 'Africa/Lagos',
  };
  // Through the API's own database, so that it hears of what was committed.
  const { run } = storefront.parts.database;
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

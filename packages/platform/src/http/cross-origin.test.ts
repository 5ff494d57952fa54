import { useDatabase } from '@souk/domain/testing/database';
import { expect, test } from 'vitest';
import { useApi } from '../testing/app.ts';
import { GoodsController, ThingsController } from '../testing/door-fixture.ts';
import { givenShopAtDoor } from '../testing/given-keys.ts';

const db = useDatabase();
const admin = useApi({ name: 'admin', controllers: [ThingsController] }, db);
const shopfront = useApi({ name: 'storefront', controllers: [GoodsController] }, db);

interface Refused {
  code: string;
}
const shopAtAdmin = () => givenShopAtDoor(db, admin);
const shopAtStorefront = () => givenShopAtDoor(db, shopfront);

test('a browser of a listed site may read the answer, another is refused and gets no allow header', async () => {
  const shop = await shopAtStorefront();
  const { key } = await shop.mint({ allowedOrigins: ['https://shop.example.com'] });
  const from = (origin: string) => shopfront.call<Refused>('GET', '/v1/goods', { key, headers: { origin } });
  const listed = await from('https://shop.example.com');
  expect(listed.status).toBe(200);
  expect(listed.headers['access-control-allow-origin']).toBe('https://shop.example.com');
  expect(listed.headers['access-control-allow-credentials']).toBeUndefined();
  expect(listed.headers['vary']).toContain('Origin');
  for (const origin of [
    'https://evil.example',
    'https://shop.example.com.evil.example',
    'http://shop.example.com',
    'null',
  ]) {
    const other = await from(origin);
    expect([origin, other.status, other.body.code]).toEqual([origin, 403, 'origin_refused']);
    expect(other.headers['access-control-allow-origin']).toBeUndefined();
  }
  expect((await shopfront.call('GET', '/v1/goods', { key })).status).toBe(200);
});

test('a browser may not read the answer to a secret key', async () => {
  const { key } = await (await shopAtStorefront()).mint({ type: 'secret' });
  const { status, headers } = await shopfront.call('GET', '/v1/goods', {
    key,
    headers: { origin: 'https://shop.example.com' },
  });
  expect(status).toBe(200);
  expect(headers['access-control-allow-origin']).toBeUndefined();
});

test('a preflight is answered for any origin, without credentials and without a key', async () => {
  const { status, headers } = await shopfront.call('OPTIONS', '/v1/goods', {
    headers: {
      origin: 'https://anywhere.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-api-key',
    },
  });
  expect(status).toBe(204);
  expect(headers['access-control-allow-origin']).toBe('*');
  expect(headers['access-control-allow-headers']).toContain('X-Api-Key');
  expect(headers['access-control-allow-credentials']).toBeUndefined();
});

test('a page may read why it was refused before its origin could be checked', async () => {
  const shop = await shopAtStorefront();
  const { key } = await shop.mint({ type: 'secret', scopes: ['carts.write'] });
  const origin = 'https://shop.example.com';
  const from = { headers: { origin } };
  const json = { 'content-type': 'application/json' };
  const refused: [number, Awaited<ReturnType<typeof shopfront.call>>][] = [
    [401, await shopfront.call('GET', '/v1/goods', from)],
    [401, await shopfront.call('GET', '/v1/goods', { ...from, key: 'souk_pk_live_nonsense' })],
    [400, await shopfront.call('POST', '/v1/goods', { key, body: '{', headers: { origin, ...json } })],
    [404, await shopfront.call('GET', '/v1/nothing-here', from)],
    [405, await shopfront.call('PUT', '/v1/goods', from)],
    [413, await shopfront.call('POST', '/v1/goods', { ...from, key, body: { name: 'x'.repeat(1_048_577) } })],
    [
      415,
      await shopfront.call('POST', '/v1/goods', { key, body: '<a/>', headers: { origin, 'content-type': 'text/xml' } }),
    ],
  ];
  for (const [status, answer] of refused) {
    expect([status, answer.status, answer.headers['access-control-allow-origin']]).toEqual([status, status, origin]);
    expect(answer.headers['access-control-expose-headers']).toContain('Retry-After');
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  }
});

test('on the admin API only its own pages may read answers, refusals included', async () => {
  const { token } = await (await shopAtAdmin()).loggedIn('owner');
  const allowed = async (origin: string, path: string, sent: { token?: string }) =>
    (await admin.call('GET', path, { ...sent, headers: { origin } })).headers['access-control-allow-origin'];
  for (const [path, sent] of [
    ['/v1/things', { token }],
    ['/v1/things', {}],
    ['/v1/nothing-here', {}],
  ] as const) {
    for (const foreign of ['https://evil.example', 'http://localhost:4000.evil.example', 'http://localhost', 'null']) {
      expect([foreign, path, await allowed(foreign, path, sent)]).toEqual([foreign, path, undefined]);
    }
    expect(await allowed('http://localhost:4000', path, sent)).toBe('http://localhost:4000');
  }
});

import { makeKey } from '@souk/domain/identity/api-keys/key-form';
import { useDatabase } from '@souk/domain/testing/database';
import { afterEach, expect, test, vi } from 'vitest';
import { useApi } from '../testing/app.ts';
import { GoodsController, ThingsController } from '../testing/door-fixture.ts';
import { givenShopAtDoor } from '../testing/given-keys.ts';

const db = useDatabase();
const env = { RATE_LIMIT_PER_KEY: '30', RATE_LIMIT_PER_COMPANY: '70', RATE_LIMIT_PER_ADDRESS: '40' };
const admin = useApi({ name: 'admin', controllers: [ThingsController] }, db, env);
const shopfront = useApi({ name: 'storefront', controllers: [GoodsController] }, db, env);

afterEach(() => vi.restoreAllMocks());

let addresses = 0;
const newAddress = () => `198.51.100.${++addresses}`;
const shopAtStorefront = () => givenShopAtDoor(db, shopfront);

const statusesOf = async (count: number, ask: () => Promise<{ status: number }>) =>
  (await Promise.all(Array.from({ length: count }, ask))).map(({ status }) => status);
const times = (statuses: number[], status: number) => statuses.filter((one) => one === status).length;

test('made-up keys are paid for before they are looked up: of fifty at once four reach the database', async () => {
  const { companyId } = await shopAtStorefront();
  const from = newAddress();
  const acquire = vi.spyOn(shopfront.parts.database.pool, 'acquire');
  const statuses = await statusesOf(50, () =>
    shopfront.call('GET', '/v1/goods', { key: makeKey({ type: 'publishable', mode: 'live', companyId }).key, from }),
  );
  expect([times(statuses, 401), times(statuses, 429)]).toEqual([4, 46]);
  expect(acquire.mock.calls.length).toBeLessThanOrEqual(4);
});

test('one made-up key fifty times at once is one look-up, and paid for as often as it was refused', async () => {
  const { companyId } = await shopAtStorefront();
  const { key } = makeKey({ type: 'publishable', mode: 'live', companyId });
  const from = newAddress();
  const acquire = vi.spyOn(shopfront.parts.database.pool, 'acquire');
  const statuses = await statusesOf(50, () => shopfront.call('GET', '/v1/goods', { key, from }));
  expect([times(statuses, 401), times(statuses, 429)]).toEqual([4, 46]);
  expect(acquire.mock.calls.length).toBe(1);
});

test('a good key that nobody remembers costs its address nothing more, however many requests come at once', async () => {
  const shop = await shopAtStorefront();
  const { key } = await shop.mint({ type: 'secret', scopes: ['store.read'] });
  const from = newAddress();
  const statuses = await statusesOf(25, () => shopfront.call('GET', '/v1/goods', { key, from }));
  expect(times(statuses, 200)).toBe(25);
  shopfront.parts.standings.clear();
  await shopfront.call('GET', '/v1/goods', { key, from });
  const { headers } = await shopfront.call('GET', '/v1/goods', { from });
  expect(headers['ratelimit']).toMatch(/^"address";r=39;/);
});

test('junk and nothing at all count for the address, without the database', async () => {
  const acquire = vi.spyOn(shopfront.parts.database.pool, 'acquire');
  for (const key of ['souk_pk_live_nonsense', '', undefined]) {
    const from = newAddress();
    const sent = { from, ...(key !== undefined && { key }) };
    for (const api of [shopfront, admin]) {
      const path = api === shopfront ? '/v1/goods' : '/v1/things';
      const statuses = await statusesOf(45, () => api.call('GET', path, sent));
      expect([key, times(statuses, 401), times(statuses, 429)]).toEqual([key, 40, 5]);
    }
  }
  expect(acquire).not.toHaveBeenCalled();
});

test('whoever uses a publishable key too much closes the shop to themselves and to nobody else', async () => {
  const { key } = await (await shopAtStorefront()).mint({});
  const [greedy, other] = [newAddress(), newAddress()];
  const ask = (from: string) => shopfront.call('GET', '/v1/goods', { key, from });
  await ask(greedy);
  const statuses = await statusesOf(45, () => ask(greedy));
  expect(times(statuses, 429)).toBeGreaterThanOrEqual(6);
  const mine = await ask(other);
  expect(mine.status).toBe(200);
  expect(mine.headers['ratelimit-policy']).toBe('"address";q=40;w=60, "company";q=70;w=60');
});

test('a secret key has its own limit wherever it comes from, and a refusal tells the limit and the wait', async () => {
  const { key } = await (await shopAtStorefront()).mint({ type: 'secret', scopes: ['store.read'] });
  const statuses: number[] = [];
  for (let i = 0; i < 30; i++)
    statuses.push((await shopfront.call('GET', '/v1/goods', { key, from: newAddress() })).status);
  expect(times(statuses, 200)).toBe(30);
  const origin = 'https://shop.example.com';
  const refused = await shopfront.call('GET', '/v1/goods', { key, from: newAddress(), headers: { origin } });
  expect(refused).toMatchObject({
    status: 429,
    body: { code: 'rate_limited' },
    headers: { 'ratelimit-policy': '"key";q=30;w=60', 'access-control-allow-origin': origin },
  });
  expect(refused.headers['ratelimit']).toMatch(/^"key";r=0;t=\d+$/);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
});

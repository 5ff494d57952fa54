import { useDatabase } from '@souk/domain/testing/database';
import { expect, test } from 'vitest';
import { useApi } from '../testing/app.ts';
import { ThingsController } from '../testing/door-fixture.ts';
import { givenShopAtDoor } from '../testing/given-keys.ts';

const db = useDatabase();
const admin = useApi({ name: 'admin', controllers: [ThingsController] }, db);

async function given() {
  const shop = await givenShopAtDoor(db, admin);
  const { token } = await shop.loggedIn('owner');
  const post = (key: string, body: unknown, path = '/v1/things', as = token) =>
    admin.call<{ name?: string; version?: number; code?: string }>('POST', path, {
      token: as,
      body,
      headers: { 'idempotency-key': key },
    });
  return { shop, token, post };
}

test('a repeated request gets the first answer, shaped alike, and nothing happens twice', async () => {
  const { post } = await given();
  const first = await post('order-1', { name: 'First' });
  const again = await post('order-1', { name: 'First' });
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(again.body).toEqual(first.body);
  expect(Object.keys(again.body).sort()).toEqual(['name', 'version']);
  expect(first.headers['idempotency-replayed']).toBeUndefined();
  expect(again.headers['idempotency-replayed']).toBe('true');
});

test('an answer without a body is repeated without one', async () => {
  const { post } = await given();
  const first = await post('order-1', { name: 'First' }, '/v1/things/silent');
  const again = await post('order-1', { name: 'First' }, '/v1/things/silent');
  expect([first.status, first.text, again.status, again.text]).toEqual([204, '', 204, '']);
  expect(again.headers['idempotency-replayed']).toBe('true');
});

test('the order of members does not make another body', async () => {
  const { post } = await given();
  await post('order-1', { name: 'First', count: 3 });
  expect((await post('order-1', '{ "count": 3, "name": "First" }')).headers['idempotency-replayed']).toBe('true');
});

test('another body under the same key is 422', async () => {
  const { post } = await given();
  await post('order-1', { name: 'First' });
  const other = await post('order-1', { name: 'Second' });
  expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
});

test('of twenty at once one does the work and all get its answer', async () => {
  const { post } = await given();
  const answers = await Promise.all(Array.from({ length: 20 }, () => post('order-1', { name: 'First' })));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined)).toHaveLength(1);
});

test('keys of another person, and of another company, are their own', async () => {
  const { shop, post } = await given();
  await post('order-1', { name: 'First' });
  const colleague = await shop.loggedIn('owner');
  expect((await post('order-1', { name: 'Second' }, '/v1/things', colleague.token)).status).toBe(201);
  const stranger = await given();
  expect((await stranger.post('order-1', { name: 'Third' })).headers['idempotency-replayed']).toBeUndefined();
});

test('a refused request does not use up its key', async () => {
  const { post } = await given();
  expect((await post('order-1', { name: 'x', count: 99 })).status).toBe(400);
  expect((await post('order-1', { name: 'x' })).status).toBe(201);
});

test('a route outside of it ignores the header', async () => {
  const { post } = await given();
  const answers = [
    await post('order-1', { name: 'a' }, '/v1/things/unremembered'),
    await post('order-1', { name: 'a' }, '/v1/things/unremembered'),
  ];
  expect(answers.map(({ headers }) => headers['idempotency-replayed'])).toEqual([undefined, undefined]);
});

test.each([
  ['an empty key', ''],
  ['256 characters', 'x'.repeat(256)],
  ['other characters', 'ключ'],
  ['a tab', 'a\tb'],
])('%s is no Idempotency-Key', async (_what, key) => {
  const { post } = await given();
  const { status, body } = await post(key, { name: 'x' });
  expect([status, body.code]).toEqual([400, 'invalid_input']);
});

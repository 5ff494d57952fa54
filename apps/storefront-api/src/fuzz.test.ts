import { allScopes } from '@souk/domain/kernel/access';
import { useDatabase } from '@souk/domain/testing/database';
import { useApi } from '@souk/platform/testing/app';
import { fuzz, probeTexts } from '@souk/platform/testing/fuzz';
import { givenShopAtDoor } from '@souk/platform/testing/given-keys';
import { expect, test } from 'vitest';
import { controllers } from './app.module.ts';

const REQUESTS = 1_500;

const db = useDatabase();
const shopfront = useApi({ name: 'storefront', controllers }, db);

async function principal() {
  const shop = await givenShopAtDoor(db, shopfront);
  const { id, key } = await shop.mint({ type: 'secret', scopes: allScopes().map(({ name }) => name) });
  const { token } = await shop.customer();
  const made = await shopfront.call<{ cart: { id: string } }>('POST', '/v1/carts', { key, token, body: {} });
  return { key, token, isTokenBesideKey: true, things: { key: id, cart: made.body.cart.id } };
}

test(`${REQUESTS} hostile requests to every route: no 5xx, every refusal is a problem with a code, every answer as documented`, {
  timeout: 120_000,
}, async () => {
  const statuses = await fuzz(shopfront, { requests: REQUESTS, principal });
  console.log('fuzz: answers', Object.fromEntries(statuses));
  expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBe(REQUESTS);
  expect(statuses.get(200) ?? 0).toBeGreaterThan(REQUESTS / 20);
});

test('a character that cannot be stored, in any text of any request, is refused and breaks nothing', {
  timeout: 120_000,
}, async () => {
  expect(await probeTexts(shopfront, { principal })).toBeGreaterThan(100);
});

import { allScopes } from '@souk/domain/kernel/access';
import { useDatabase } from '@souk/domain/testing/database';
import { useApi } from '@souk/platform/testing/app';
import { fuzz } from '@souk/platform/testing/fuzz';
import { givenShopAtDoor } from '@souk/platform/testing/given-keys';
import { expect, test } from 'vitest';
import { controllers } from './app.module.ts';

const REQUESTS = 1_500;

const db = useDatabase();
const shopfront = useApi({ name: 'storefront', controllers }, db);

test(`${REQUESTS} hostile requests to every route: no 5xx, every refusal is a problem with a code, every answer as documented`, {
  timeout: 120_000,
}, async () => {
  const statuses = await fuzz(shopfront, {
    requests: REQUESTS,
    principal: async () => {
      const shop = await givenShopAtDoor(db, shopfront);
      const { id, key } = await shop.mint({ type: 'secret', scopes: allScopes().map(({ name }) => name) });
      const { token } = await shop.customer();
      const made = await shopfront.call<{ cart: { id: string } }>('POST', '/v1/carts', { key, token, body: {} });
      return { key, token, isTokenBesideKey: true, things: { key: id, cart: made.body.cart.id } };
    },
  });
  console.log('fuzz: answers', Object.fromEntries(statuses));
  expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBe(REQUESTS);
  expect(statuses.get(200) ?? 0).toBeGreaterThan(REQUESTS / 20);
});

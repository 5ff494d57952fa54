import { allPermissions } from '@souk/domain/kernel/access';
import { useDatabase } from '@souk/domain/testing/database';
import { useApi } from '@souk/platform/testing/app';
import { fuzz } from '@souk/platform/testing/fuzz';
import { givenShopAtDoor } from '@souk/platform/testing/given-keys';
import { expect, test } from 'vitest';
import { controllers } from './app.module.ts';

const REQUESTS = 4_500;

const db = useDatabase();
const admin = useApi({ name: 'admin', controllers }, db);

test(`${REQUESTS} hostile requests to every route: no 5xx, every refusal is a problem with a code, every answer as documented`, {
  timeout: 120_000,
}, async () => {
  const statuses = await fuzz(admin, {
    requests: REQUESTS,
    principal: async () => {
      const shop = await givenShopAtDoor(db, admin);
      const owner = await shop.loggedIn('owner');
      const { id, key } = await shop.mint({ type: 'secret', scopes: allPermissions().map(({ name }) => name) });
      const things = { stf: owner.staff.id, ses: owner.sessionId, key: id, role: await shop.roleId('support') };
      return { key, token: owner.token, things };
    },
  });
  console.log('fuzz: answers', Object.fromEntries(statuses));
  expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBe(REQUESTS);
  // A fuzz that never gets past the door tests the door only.
  expect((statuses.get(200) ?? 0) + (statuses.get(201) ?? 0) + (statuses.get(204) ?? 0)).toBeGreaterThan(REQUESTS / 20);
});

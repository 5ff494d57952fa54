import { allPermissions } from '@souk/domain/kernel/access';
import type { TestDatabase } from '@souk/domain/testing/database';
import type { TestApi } from '@souk/platform/testing/app';
import { fuzz, probeTexts } from '@souk/platform/testing/fuzz';
import { givenShopAtDoor } from '@souk/platform/testing/given-keys';
import { expect } from 'vitest';

const principalOf = (admin: TestApi, db: TestDatabase) => async () => {
  const shop = await givenShopAtDoor(db, admin);
  const owner = await shop.loggedIn('owner');
  const { id, key } = await shop.mint({ type: 'secret', scopes: allPermissions().map(({ name }) => name) });
  const things = { stf: owner.staff.id, ses: owner.sessionId, key: id, role: await shop.roleId('support') };
  return { key, token: owner.token, things };
};

/** Sends hostile requests to every route of the admin API, with good credentials and without, and expects no 5xx. */
export async function fuzzAdmin(admin: TestApi, db: TestDatabase, requests: number): Promise<void> {
  const statuses = await fuzz(admin, { requests, principal: principalOf(admin, db) });
  console.log('fuzz: answers', Object.fromEntries(statuses));
  expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBe(requests);
  // A fuzz that never gets past the door tests the door only.
  expect((statuses.get(200) ?? 0) + (statuses.get(201) ?? 0) + (statuses.get(204) ?? 0)).toBeGreaterThan(requests / 20);
}

/** Sends every route of the admin API a NUL in each of its texts, and expects no 5xx. */
export async function probeAdmin(admin: TestApi, db: TestDatabase): Promise<void> {
  expect(await probeTexts(admin, { principal: principalOf(admin, db) })).toBeGreaterThan(500);
}

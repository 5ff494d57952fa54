import { expect, test } from 'vitest';
import { patchSettings } from '../../company/settings/settings.service.ts';
import { mintKey, revokeKey } from '../../identity/api-keys/api-keys.service.ts';
import { after } from '../../kernel/clock.ts';
import { setUpPaymentProvider } from '../../sales/payments/payment-providers.service.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop } from '../../testing/people.ts';
import { setupChecklist } from './checklist.service.ts';

const db = useDatabase();

async function given() {
  const { system } = await givenShop(db);
  const list = () => db.app.run(system, setupChecklist);
  return {
    system,
    list,
    isDone: async (key: string) => (await list()).steps.find((step) => step.key === key)?.isDone,
    mint: (type: 'publishable' | 'secret', expiresAt?: string) =>
      db.app.run(system, (ctx) => mintKey(ctx, { name: 'Web', type, scopes: ['store.read'], expiresAt })),
  };
}

test('a new company has everything to do, and is ready when each step is done', async () => {
  const { system, list, mint } = await given();
  expect((await list()).steps.map(({ isDone }) => isDone)).toEqual([false, false, false]);
  await mint('publishable');
  await db.app.run(system, (ctx) => patchSettings(ctx, 'storefront', { url: 'https://shop.example' }));
  expect((await list()).isReady).toBe(false);
  await db.app.run(system, (ctx) => setUpPaymentProvider(ctx, 'manual', {}));
  expect(await list()).toMatchObject({ isReady: true, steps: [{ isDone: true }, { isDone: true }, { isDone: true }] });
});

test('a storefront has its key only while a publishable one is good: not expired, not revoked', async () => {
  const { system, isDone, mint } = await given();
  await mint('secret');
  expect(await isDone('storefront_key')).toBe(false);
  const { id } = await mint('publishable', after(new Date(), 3_600));
  expect(await isDone('storefront_key')).toBe(true);
  await db.admin`update api_keys set expires_at = now() where id = ${id}`;
  expect(await isDone('storefront_key')).toBe(false);
  const lasting = await mint('publishable');
  expect(await isDone('storefront_key')).toBe(true);
  await db.app.run(system, (ctx) => revokeKey(ctx, lasting.id));
  expect(await isDone('storefront_key')).toBe(false);
});

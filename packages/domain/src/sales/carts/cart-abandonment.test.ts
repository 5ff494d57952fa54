import { expect, test } from 'vitest';
import { patchSettings } from '../../company/settings/settings.service.ts';
import type { Id } from '../../kernel/ids.ts';
import { givenCartShop } from '../../testing/cart-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { announceAbandoned } from './cart-abandonment.service.ts';

const db = useDatabase();

async function givenShop() {
  const shop = await givenCartShop(db);
  const { variants } = await shop.product();
  const lines = [{ variantId: variants[0] as Id<'var'>, quantity: 2 }]; // a product has one
  const cart = async (start = {}) => (await shop.cart({ lines, email: 'ada@example.com', ...start })).id;
  const leave = (id: string, hours: number) =>
    db.admin`update carts set updated_at = updated_at - make_interval(hours => ${hours}),
      expires_at = expires_at - make_interval(hours => ${hours}) where id = ${id}`;
  const announce = (most = 100) => shop.as(shop.system, (ctx) => announceAbandoned(ctx, most));
  const told = async () =>
    (
      await db.admin<{ cart: { id: string; lines: object[] }; sequence: number }[]>`
        select data -> 'cart' as cart, sequence from events
        where company_id = ${shop.companyId} and type = 'cart.abandoned' order by id`
    ).map(({ cart: known, sequence }) => ({ ...known, sequence }));
  return { shop, variants, cart, leave, announce, told };
}

test('a cart with goods and an address that was left for four hours is announced once, with what is in it', async () => {
  const { cart, leave, announce, told, variants } = await givenShop();
  const id = await cart();
  await leave(id, 3);
  expect(await announce()).toBe(0);
  await leave(id, 1);
  expect([await announce(), await announce()]).toEqual([1, 0]);
  const [event] = await told();
  expect(event).toMatchObject({ id, email: 'ada@example.com', currency: 'NGN', sequence: 1, version: 1 });
  expect(event?.lines).toEqual([expect.objectContaining({ variantId: variants[0], quantity: 2 })]);
  expect(JSON.stringify(event)).not.toMatch(/token/i);
  await leave(id, 10);
  expect(await announce()).toBe(0);
});

test('two sweeps at once announce a cart once', async () => {
  const { cart, leave, announce, told } = await givenShop();
  const ids = [await cart(), await cart(), await cart()];
  for (const id of ids) await leave(id, 5);
  const counts = await Promise.all([announce(), announce(), announce()]);
  expect(counts.reduce((sum, one) => sum + one, 0)).toBe(3);
  expect((await told()).map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
});

test('nobody hears of an empty cart, one without an address, or one that was left days ago', async () => {
  const { cart, leave, announce } = await givenShop();
  const ids = [await cart({ lines: [] }), await cart({ email: undefined }), await cart()];
  for (const id of ids.slice(0, 2)) await leave(id, 5);
  await leave(ids[2] ?? '', 200);
  expect(await announce()).toBe(0);
});

test("a customer's cart is kept longer and is announced as soon", async () => {
  const { shop, cart, leave, announce, told } = await givenShop();
  const customerId = await shop.customer('bola@example.com');
  const id = await cart();
  await db.admin`update carts set customer_id = ${customerId}, expires_at = now() + interval '90 days' where id = ${id}`;
  await leave(id, 5);
  expect(await announce()).toBe(1);
  expect(await told()).toEqual([expect.objectContaining({ id, customerId })]);
});

test('the shop says after how many hours, and 0 turns it off', async () => {
  const { shop, cart, leave, announce } = await givenShop();
  await leave(await cart(), 5);
  const after = (abandonedAfterHours: number) =>
    shop.as(shop.system, (ctx) => patchSettings(ctx, 'checkout', { abandonedAfterHours }));
  await after(0);
  expect(await announce()).toBe(0);
  await after(6);
  expect(await announce()).toBe(0);
  await after(5);
  expect(await announce()).toBe(1);
});

test("one company's sweep leaves another's carts alone", async () => {
  const [mine, theirs] = [await givenShop(), await givenShop()];
  await theirs.leave(await theirs.cart(), 5);
  expect([await mine.announce(), await theirs.announce()]).toEqual([0, 1]);
});

import { expect, test } from 'vitest';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { givenCartShop } from '../../testing/cart-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { addCode, removeCode } from './cart-codes.service.ts';
import { addLine, changeLine, removeLine } from './cart-lines.service.ts';
import { lockCartScene, readCartScene } from './cart-scene.service.ts';
import { chooseShipping } from './cart-shipping.service.ts';
import { changeCart, createCart, setAddress, setEmail } from './carts.service.ts';

const db = useDatabase();
const HOME = { lastName: 'Okafor', line1: '1 Marina', city: 'Lagos', country: 'NG' };

/** Counts what goes over the connection of a unit of work: also text that is no query of drizzle's. */
function counted(ctx: Ctx, sent: string[]): Ctx {
  const { session } = ctx.tx as unknown as { session: { client: { unsafe: (...given: unknown[]) => unknown } } };
  const client = {
    ...session.client,
    unsafe: (...given: unknown[]) => {
      sent.push(String(given[0]));
      return session.client.unsafe(...given);
    },
  };
  const tx = Object.create(ctx.tx as object, {
    session: { value: Object.create(session, { client: { value: client } }) },
  });
  return { ...ctx, tx: tx as Tx };
}

test('a cart is read in one statement and written in two, the writing included, once the shop and its goods are remembered', async () => {
  const shop = await givenCartShop(db);
  const session = shop.shopper();
  const { option } = await shop.delivery();
  const [one, two] = await Promise.all([shop.product(), shop.product()]);
  const [variantId, other] = [one.variants[0], two.variants[0]] as [Id<'var'>, Id<'var'>];
  const { at, access, id } = await shop.cart();
  const count = async (work: (ctx: Ctx) => Promise<unknown>) => {
    const sent: string[] = [];
    await shop.as(session, (ctx) => work(counted(ctx, sent)));
    return sent.length;
  };
  // The first reads tell of the shop and the goods as well.
  await shop.as(session, (ctx) =>
    createCart(ctx, { lines: [variantId, other].map((one) => ({ variantId: one, quantity: 1 })) }),
  );
  expect(await count((ctx) => createCart(ctx, {}))).toBe(1);
  expect(await count((ctx) => createCart(ctx, { lines: [{ variantId, quantity: 1 }] }))).toBe(2);
  expect(await count((ctx) => addLine(ctx, at, { variantId, quantity: 1 }))).toBe(2);
  expect(await count((ctx) => addLine(ctx, at, { variantId: other, quantity: 2 }))).toBe(2);
  expect(await count((ctx) => setEmail(ctx, at, 'ada@example.com'))).toBe(2);
  // Where it goes was not known before: what the shop says of that place is read as well, once.
  expect(await count((ctx) => setAddress(ctx, at, 'shipping', HOME))).toBe(3);
  expect(await count((ctx) => setAddress(ctx, at, 'shipping', HOME))).toBe(2);
  expect(await count((ctx) => readCartScene(ctx, id, access))).toBe(1);
  expect(await count((ctx) => chooseShipping(ctx, at, option))).toBe(2);
  expect(await count((ctx) => changeCart(ctx, at, { note: 'x' }))).toBe(2);
  expect(await count((ctx) => lockCartScene(ctx, id, access))).toBe(2);
  const scene = await shop.as(session, (ctx) => readCartScene(ctx, id, access));
  const line = scene.basket.lines[0]?.id as Id<'cli'>;
  expect(await count((ctx) => changeLine(ctx, at, line, { quantity: 3 }))).toBe(2);
  expect(await count((ctx) => changeLine(ctx, at, line, { properties: { Name: 'Ada' } }))).toBe(3);
  expect(await count((ctx) => removeLine(ctx, at, line))).toBe(2);
  // The first code of a cart: the smaller statement says that it does not know of codes.
  expect(await count((ctx) => addCode(ctx, at, 'NONE').catch(() => undefined))).toBe(3);
  expect(await count((ctx) => addCode(ctx, at, 'NONE').catch(() => undefined))).toBe(2);
  expect(await count((ctx) => removeCode(ctx, at, 'NONE'))).toBe(2);
});

test('writes of a cart move the time it is kept until, which has an index, once an hour', async () => {
  const shop = await givenCartShop(db);
  const session = shop.shopper();
  const { at } = await shop.cart();
  const first = await shop.as(session, (ctx) => setEmail(ctx, at, 'ada@example.com'));
  const second = await shop.as(session, (ctx) => changeCart(ctx, at, { note: 'x' }));
  const [before, after] = [first, second].map(({ cart }) => Date.parse(cart.expiresAt) / 3_600_000) as [number, number];
  expect(before % 1).toBe(0);
  expect([0, 1]).toContain(after - before); // an hour may strike in between
});

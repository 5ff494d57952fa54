import { expect, test } from 'vitest';
import type { Id } from '../../kernel/ids.ts';
import { newId } from '../../kernel/ids.ts';
import { givenCartShop } from '../../testing/cart-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { accessOf } from './cart-access.ts';
import { sweepCarts } from './cart-expiry.service.ts';
import { removeLine } from './cart-lines.service.ts';
import { claimCart } from './cart-owner.service.ts';
import { setAddress } from './carts.service.ts';
import { cartsOf, eraseCartsOf } from './personal-carts.service.ts';

const db = useDatabase();
const HOME = { lastName: 'Okafor', line1: '1 Marina', city: 'Lagos', country: 'NG' };

async function givenFilled() {
  const shop = await givenCartShop(db);
  const { variants } = await shop.product();
  const lines = [{ variantId: variants[0] as Id<'var'>, quantity: 2, properties: { Name: 'Ada' } }];
  const filled = async () => {
    const cart = await shop.cart({ lines, email: 'ada@example.com' });
    await shop.insert('cart_codes', [{ cart_id: cart.id, code_key: 'a', code: 'A', position: 1 }]);
    return cart;
  };
  const left = async () =>
    (await db.admin<{ id: string }[]>`select id from carts where company_id = ${shop.companyId} order by id`).map(
      ({ id }) => id,
    );
  const age = (id: string) => db.admin`update carts set expires_at = now() - interval '1 second' where id = ${id}`;
  const sweep = (most = 100) => shop.as(shop.system, (ctx) => sweepCarts(ctx, most));
  return { shop, filled, left, age, sweep, lines };
}

test('a cart nobody came back to goes with all it holds; others stay, also those of other companies', async () => {
  const { shop, filled, left, age, sweep } = await givenFilled();
  const [old, young] = [await filled(), await filled()];
  const other = await givenFilled();
  const foreign = await other.filled();
  await age(old.id);
  await age(foreign.id);
  expect([await sweep(), await sweep()]).toEqual([1, 0]);
  expect(await left()).toEqual([young.id]);
  expect(await other.left()).toEqual([foreign.id]);
  const rest = await db.admin`select cart_id from cart_lines where company_id = ${shop.companyId}
    union all select cart_id from cart_codes where company_id = ${shop.companyId}`;
  expect(rest.map(({ cart_id: id }) => id)).toEqual([young.id, young.id]);
});

test('a cart whose order waits for its payment stays until that is over', async () => {
  const { shop, filled, left, age, sweep } = await givenFilled();
  const cart = await filled();
  await age(cart.id);
  const order = newId('ord');
  await shop.insert('orders', [
    {
      id: order,
      number: '1001',
      cart_id: cart.id,
      token_hash: 'x',
      email: 'ada@example.com',
      email_key: 'ada@example.com',
      currency: 'NGN',
      lifecycle: 'pending',
      prices_include_tax: true,
      subtotal: 0,
      discount: 0,
      shipping: 0,
      tax: 0,
      total: 0,
      explanation: '[]',
    },
  ]);
  expect([await sweep(), await left()]).toEqual([0, [cart.id]]);
  await db.admin`update orders set lifecycle = 'expired' where id = ${order}`;
  expect([await sweep(), await left()]).toEqual([1, []]);
});

test('a batch takes the oldest first, and no more than it was told', async () => {
  const { filled, left, age, sweep } = await givenFilled();
  const carts = [await filled(), await filled(), await filled()];
  for (const { id } of carts) await age(id);
  await db.admin`update carts set expires_at = now() - interval '1 day' where id = ${carts[1]?.id ?? ''}`;
  expect(await sweep(1)).toBe(1);
  expect(await left()).toEqual([carts[0]?.id, carts[2]?.id]);
  expect([await sweep(5), await left()]).toEqual([2, []]);
});

test('what was emptied is kept no longer than what never held anything', async () => {
  const { shop, filled } = await givenFilled();
  const cart = await filled();
  const [line] = cart.scene.lines.keys();
  const scene = await shop.as(shop.shopper(), (ctx) => removeLine(ctx, cart.at, line as Id<'cli'>));
  const hours = (Date.parse(scene.cart.expiresAt) - Date.now()) / 3_600_000;
  expect(hours).toBeGreaterThan(24);
  expect(hours).toBeLessThanOrEqual(25);
});

test('a customer takes along what carts hold about them, and erasing leaves nothing of it', async () => {
  const { shop, filled, left, lines } = await givenFilled();
  const customerId = await shop.customer();
  const session = shop.shopper(customerId);
  const own = await shop.cart({ lines }, session);
  const guest = await filled();
  await shop.as(session, async (ctx) => {
    await setAddress(ctx, own.at, 'shipping', HOME);
    await claimCart(ctx, { id: guest.id, access: accessOf(session, guest.token) }, customerId);
  });
  const stranger = await filled();
  expect(await shop.as(session, (ctx) => cartsOf(ctx, customerId))).toMatchObject([
    'carts',
    [
      {
        id: own.id,
        shippingAddress: HOME,
        discountCodes: ['A'],
        lines: [{ quantity: 4, properties: { Name: 'Ada' } }],
      },
    ],
  ]);
  await shop.as(session, (ctx) => eraseCartsOf(ctx, customerId));
  expect(await left()).toEqual([stranger.id]);
  expect(await shop.as(session, (ctx) => cartsOf(ctx, customerId))).toEqual(['carts', []]);
});

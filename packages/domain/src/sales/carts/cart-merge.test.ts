import { expect, test } from 'vitest';
import { patchSettings } from '../../company/settings/settings.service.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { givenCartShop } from '../../testing/cart-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { warmUp } from '../../testing/people.ts';
import { accessOf } from './cart-access.ts';
import { CART_CODES_MAX } from './cart-codes.service.ts';
import { addLine } from './cart-lines.service.ts';
import { type MergingLine, planMerge } from './cart-merge.ts';
import { claimCart, readOwnCart } from './cart-owner.service.ts';
import { readCartScene } from './cart-scene.service.ts';
import { closeCart, setAddress, setEmail } from './carts.service.ts';

const db = useDatabase();
const HOME = { lastName: 'Okafor', line1: '1 Marina', city: 'Lagos', country: 'NG' };

const line = (variant: string, quantity: number, rest: Partial<MergingLine> = {}): MergingLine => ({
  id: `cli_${variant}_${Math.random()}`,
  variantId: `var_${variant}`,
  propertiesKey: '',
  quantity,
  isSoldThere: true,
  ...rest,
});

async function givenTwoCarts({ currency = 'NGN' } = {}) {
  const shop = await givenCartShop(db);
  await shop.as(shop.system, (ctx) => patchSettings(ctx, 'general', { currencies: ['USD'] }));
  const [shirt, mug, cap] = await Promise.all(
    ['Shirt', 'Mug', 'Cap'].map(async (title) => {
      const { variants } = await shop.product({ title, prices: title === 'Cap' ? { NGN: 900 } : { NGN: 900, USD: 2 } });
      return variants[0] as Id<'var'>;
    }),
  );
  if (!shirt || !mug || !cap) throw new Error('unreachable: three were made');
  const customerId = await shop.customer();
  const session = shop.shopper(customerId);
  const own = await shop.cart(
    {
      lines: [
        { variantId: shirt, quantity: 2 },
        { variantId: mug, quantity: 1 },
      ],
    },
    session,
  );
  const guest = await shop.cart({
    currency,
    lines: [
      { variantId: shirt, quantity: 3 },
      { variantId: shirt, quantity: 1, properties: { Name: 'Ada' } },
    ],
  });
  const claim = (cart = guest) =>
    shop.as(session, (ctx) => claimCart(ctx, { id: cart.id, access: accessOf(session, cart.token) }, customerId));
  return { shop, shirt, mug, cap, customerId, session, own, guest, claim };
}

const quantities = ({ basket }: Awaited<ReturnType<typeof readCartScene>>) =>
  basket.lines.map(({ variantId, quantity }) => [variantId, quantity]);

test('what is the same adds up, other things move over, and what does not fit is told', () => {
  const limits = { quantityMax: 10, linesMax: 3 };
  const staying = [line('a', 7), line('b', 1)];
  const coming = [line('a', 5), line('c', 4), line('d', 1), line('e', 1, { isSoldThere: false })];
  const plan = planMerge(staying, coming, limits);
  expect(plan.raised).toEqual([{ id: staying[0]?.id, quantity: 10 }]);
  expect(plan.moved).toEqual([{ id: coming[1]?.id, quantity: 4 }]);
  expect(plan.dropped).toEqual([
    { variantId: 'var_a', quantity: 2, reason: 'quantity_too_large' },
    { variantId: 'var_d', quantity: 1, reason: 'too_many_lines' },
    { variantId: 'var_e', quantity: 1, reason: 'not_in_currency' },
  ]);
  expect(planMerge([], [line('f', 99)], limits)).toMatchObject({
    moved: [{ quantity: 10 }],
    dropped: [{ quantity: 89 }],
  });
  // The shop lowered its limit after this was put in.
  expect(planMerge([line('g', 20)], [line('g', 1)], limits)).toMatchObject({ raised: [], dropped: [{ quantity: 1 }] });
});

test('one thing under many words is one thing: what merges is never more of it than the shop sells', () => {
  const limits = { quantityMax: 10, linesMax: 9 };
  const [plain, ada, joan] = [
    line('a', 6),
    line('a', 3, { propertiesKey: 'Ada' }),
    line('a', 5, { propertiesKey: 'Joan' }),
  ];
  expect(planMerge([plain], [ada, joan], limits)).toMatchObject({
    moved: [{ quantity: 3 }, { quantity: 1 }],
    raised: [],
    dropped: [{ quantity: 4, reason: 'quantity_too_large' }],
  });
  expect(planMerge([line('b', 10)], [line('b', 1, { propertiesKey: 'x' })], limits)).toMatchObject({ moved: [] });
});

test('codes that are more than a cart takes are left behind, and named', async () => {
  const { shop, own, guest, claim } = await givenTwoCarts();
  const codes = (cart: typeof own, count: number, prefix: string) =>
    Array.from({ length: count }, (_, at) => ({
      cart_id: cart.id,
      code_key: `${prefix}${at}`,
      code: `${prefix}${at}`.toUpperCase(),
      position: at + 1,
    }));
  await shop.insert('cart_codes', [
    ...codes(own, CART_CODES_MAX - 2, 'a'),
    ...codes(guest, 4, 'b'),
    ...codes(guest, 1, 'a'),
  ]);
  const { scene, merged } = await claim();
  expect(scene.basket.codes).toHaveLength(CART_CODES_MAX);
  expect(scene.basket.codes.slice(-2)).toEqual(['B0', 'B1']);
  expect(merged?.droppedCodes).toEqual(['B2', 'B3']);
});

test.each(['own', 'guest'] as const)(
  "while the order of the %s cart waits for its payment nothing merges: the guest's becomes theirs beside it",
  async (which) => {
    const carts = await givenTwoCarts();
    const { shop, own, guest, claim, customerId, session } = carts;
    const amounts = { subtotal: 0, discount: 0, shipping: 0, tax: 0, total: 0, explanation: '[]' };
    const about = { token_hash: 'x', email: 'a@b.c', email_key: 'a@b.c', currency: 'NGN', prices_include_tax: true };
    const order = { id: newId('ord'), number: '1', cart_id: carts[which].id, lifecycle: 'pending' };
    await shop.insert('orders', [{ ...order, ...about, ...amounts }]);
    const { scene, merged } = await claim();
    expect([scene.cart.id, scene.cart.customerId, merged]).toEqual([guest.id, customerId, null]);
    expect(scene.basket.lines.map(({ quantity }) => quantity)).toEqual([3, 1]);
    expect((await shop.as(session, (ctx) => readOwnCart(ctx, customerId))).cart.id).toBe(guest.id);
    const kept = await shop.as(session, (ctx) => readCartScene(ctx, own.id, accessOf(session, undefined)));
    expect(kept.basket.lines.map(({ quantity }) => quantity)).toEqual([2, 1]);
  },
);

test('a guest who logs in keeps the cart; asking again changes nothing', async () => {
  const shop = await givenCartShop(db);
  const guest = await shop.cart({ email: 'other@example.com' });
  const customerId = await shop.customer();
  const session = shop.shopper(customerId);
  const claim = () =>
    shop.as(session, (ctx) => claimCart(ctx, { id: guest.id, access: accessOf(session, guest.token) }, customerId));
  const first = await claim();
  expect(first).toMatchObject({
    merged: null,
    scene: { cart: { id: guest.id, customerId, email: 'other@example.com' } },
  });
  const again = await claim();
  expect([again.merged, again.scene.cart.version]).toEqual([null, first.scene.cart.version]);
  const stranger = shop.shopper(await shop.customer());
  await expect(
    shop.as(stranger, (ctx) => readCartScene(ctx, guest.id, accessOf(stranger, guest.token))),
  ).rejects.toMatchObject({ status: 404 });
  const other = await shop.cart();
  await expect(
    shop.as(session, (ctx) => claimCart(ctx, { id: other.id, access: accessOf(session, 'guessed') }, customerId)),
  ).rejects.toMatchObject({ status: 404 });
});

test('a customer who had a cart has one cart afterwards, with everything of both', async () => {
  const { shop, shirt, mug, own, guest, claim, customerId } = await givenTwoCarts();
  await shop.as(shop.shopper(), async (ctx) => {
    await setEmail(ctx, guest.at, 'guest@example.com');
    await setAddress(ctx, guest.at, 'shipping', HOME);
  });
  await shop.insert('cart_codes', [
    { cart_id: guest.id, code_key: 'a', code: 'A', position: 1 },
    { cart_id: guest.id, code_key: 'b', code: 'B', position: 2 },
    { cart_id: own.id, code_key: 'b', code: 'B', position: 1 },
  ]);
  const { scene, merged } = await claim();
  expect(merged).toEqual({ fromCartId: guest.id, dropped: [], droppedCodes: [] });
  expect(scene.cart).toMatchObject({ id: own.id, customerId, shippingAddress: HOME });
  expect(quantities(scene)).toEqual([
    [shirt, 5],
    [mug, 1],
    [shirt, 1],
  ]);
  expect(scene.basket.codes).toEqual(['B', 'A']);
  const again = await claim();
  expect(again).toMatchObject({ merged: { fromCartId: guest.id, dropped: [] }, scene: { cart: { id: own.id } } });
  expect(quantities(again.scene)).toEqual(quantities(scene));
  // To whoever only has the token it is closed, and says where to go on.
  await expect(
    shop.as(shop.shopper(), (ctx) => addLine(ctx, guest.at, { variantId: mug, quantity: 1 })),
  ).rejects.toMatchObject({ code: 'cart_closed', message: expect.stringContaining('customer') });
});

test('two carts claimed at once, and each of them twice, become one with every unit in it', async () => {
  const { shop, shirt, own, claim } = await givenTwoCarts();
  const second = await shop.cart({ lines: [{ variantId: shirt, quantity: 10 }] });
  await warmUp(db);
  await Promise.all([claim(), claim(second), claim(), claim(second)]);
  const { scene } = await claim();
  expect(scene.cart.id).toBe(own.id);
  expect(scene.basket.lines.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(3 + 4 + 10);
  const open = await db.admin`select id from carts where company_id = ${shop.companyId} and status = 'open'`;
  expect(open.map(({ id }) => id)).toEqual([own.id]);
});

test('two carts claimed at once by a customer who had none become one', async () => {
  const { shop, shirt } = await givenTwoCarts();
  const customerId = await shop.customer();
  const session = shop.shopper(customerId);
  const carts = await Promise.all(
    [1, 2, 3, 4].map((quantity) => shop.cart({ lines: [{ variantId: shirt, quantity }] })),
  );
  await warmUp(db);
  await Promise.all(
    carts.map(({ id, token }) =>
      shop.as(session, (ctx) => claimCart(ctx, { id, access: accessOf(session, token) }, customerId)),
    ),
  );
  const open = await db.admin`select id from carts where customer_id = ${customerId} and status = 'open'`;
  expect(open.length).toBe(1);
  expect(quantities(await shop.as(session, (ctx) => readOwnCart(ctx, customerId)))).toEqual([[shirt, 10]]);
});

test('where the currencies differ, the cart that was filled last stays, and what is not sold in it is told', async () => {
  const { shop, shirt, mug, cap, own, guest, claim, session } = await givenTwoCarts({ currency: 'USD' });
  await shop.as(session, (ctx) =>
    addLine(ctx, { id: own.id, access: accessOf(session, undefined) }, { variantId: cap, quantity: 4 }),
  );
  const { scene, merged } = await claim();
  expect(scene.cart).toMatchObject({ id: guest.id, currency: 'USD' });
  expect(merged).toEqual({
    fromCartId: own.id,
    dropped: [{ variantId: cap, quantity: 4, reason: 'not_in_currency' }],
    droppedCodes: [],
  });
  expect(quantities(scene).sort()).toEqual(
    [
      [shirt, 1],
      [shirt, 5],
      [mug, 1],
    ].sort(),
  );
  expect((await claim()).scene.cart.id).toBe(guest.id);
});

test('a cart that was ordered is not claimed', async () => {
  const { shop, guest, claim } = await givenTwoCarts();
  await shop.as(shop.system, (ctx) => closeCart(ctx, guest.id));
  await expect(claim()).rejects.toMatchObject({ status: 409, code: 'cart_closed' });
});

test('a customer finds the cart they wrote last, on any device', async () => {
  const { shop, own, customerId, session, claim } = await givenTwoCarts();
  const find = (id = customerId) => shop.as(shop.shopper(id), (ctx) => readOwnCart(ctx, id));
  expect((await find()).cart.id).toBe(own.id);
  const newer = await shop.cart({}, session);
  expect((await find()).cart.id).toBe(newer.id);
  expect((await claim()).scene.cart.id).toBe(newer.id);
  await expect(find(await shop.customer())).rejects.toMatchObject({ status: 404 });
});

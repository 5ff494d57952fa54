import { expect, test } from 'vitest';
import { addressKey, limitOf } from '../../identity/sessions/attempts.ts';
import { newDiscount } from '../../pricing/discounts/discounts.contract.ts';
import { createDiscount } from '../../pricing/discounts/discounts.service.ts';
import { givenCheckoutGoods } from '../../testing/checkout-goods.ts';
import { useDatabase } from '../../testing/database.ts';
import { warmUp } from '../../testing/people.ts';
import { addCode } from '../carts/cart-codes.service.ts';
import { setEmail } from '../carts/carts.service.ts';

const db = useDatabase();
const given = (onHand?: number) => givenCheckoutGoods(db, onHand);

test('a code with one use goes to one of ten checkouts at once, and stays with an order that is paid another way', async () => {
  const { shop, variantId, ordersOf } = await given(100);
  const system = shop.system;
  await shop.as(system, (ctx) =>
    createDiscount(
      ctx,
      newDiscount.parse({
        title: 'Ten off',
        method: 'code',
        codes: ['TEN'],
        kind: 'percentage',
        percentPpm: 100_000,
        class: 'order',
        usageLimit: 1,
      }),
    ),
  );
  const carts = [];
  for (let n = 0; n < 10; n++) {
    const cart = await shop.fullCart([{ variantId }]);
    await shop.as(cart.session, (ctx) => addCode(ctx, cart.at, 'TEN'));
    carts.push(cart);
  }
  const expectedTotal = await carts[0]?.total();
  expect(expectedTotal?.amount).toBe(2_250 + 1_500);
  const outcomes = await Promise.allSettled(carts.map((cart) => cart.order({ expectedTotal })));
  const won = outcomes.findIndex(({ status }) => status === 'fulfilled');
  const codes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
  expect(codes).toHaveLength(9);
  expect(new Set([...codes, 'discount_used_up', 'total_changed'])).toEqual(
    new Set(['discount_used_up', 'total_changed']),
  );
  expect((await ordersOf()).length).toBe(1);
  const again = await carts[won]?.online({ expectedTotal });
  expect(again?.order.discounts).toMatchObject([{ code: 'TEN', amount: { amount: 250 } }]);
  expect((await ordersOf()).length).toBe(1);
});
const code = (name: string, about: object = {}) =>
  newDiscount.parse({
    title: name,
    method: 'code',
    codes: [name],
    kind: 'percentage',
    percentPpm: 100_000,
    class: 'order',
    combinesWith: ['product', 'order', 'shipping'],
    ...about,
  });

test('checkouts that take the place of others and fresh ones over the same codes never wait in a circle', async () => {
  const { shop, variantId } = await given(100);
  for (const name of ['EARLY', 'LATE']) await shop.as(shop.system, (ctx) => createDiscount(ctx, code(name)));
  const carts = [];
  for (let n = 0; n < 24; n++) {
    const cart = await shop.fullCart([{ variantId }]);
    await shop.as(cart.session, (ctx) => addCode(ctx, cart.at, 'LATE'));
    if (n % 2 === 0) await cart.online();
    await shop.as(cart.session, (ctx) => addCode(ctx, cart.at, 'EARLY'));
    carts.push(cart);
  }
  const expectedTotal = await carts[0]?.total();
  await warmUp(db);
  const outcomes = await Promise.allSettled(carts.map((cart) => cart.online({ expectedTotal })));
  expect(outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))).toEqual([]);
  const used = await db.admin`select used from discounts where company_id = ${shop.companyId}`;
  expect(used).toMatchObject([{ used: 24 }, { used: 24 }]);
}, 60_000);

test('a discount on a first order is had once, however many carts of an address are ordered before one is paid', async () => {
  const { shop, variantId } = await given(100);
  await shop.as(shop.system, (ctx) => createDiscount(ctx, code('FIRST', { firstOrderOnly: true })));
  const carts = [];
  for (let n = 0; n < 3; n++) {
    const cart = await shop.fullCart([{ variantId }]);
    await shop.as(cart.session, (ctx) => setEmail(ctx, cart.at, 'ada@example.com'));
    await shop.as(cart.session, (ctx) => addCode(ctx, cart.at, 'FIRST'));
    carts.push(cart);
  }
  const expectedTotal = await carts[0]?.total();
  expect(expectedTotal?.amount).toBe(2_250 + 1_500);
  const outcomes = await Promise.allSettled(carts.map((cart) => cart.online({ expectedTotal })));
  const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
  expect(refused).toHaveLength(2);
  for (const why of refused) expect(['discount_used_up', 'total_changed']).toContain(why);
});

test('what an address bought before is judged at the checkout alone, which says why and what it comes to', async () => {
  const { shop, variantId } = await given(100);
  await shop.as(shop.system, (ctx) =>
    createDiscount(ctx, code('FIRST', { firstOrderOnly: true, method: 'automatic', codes: [] })),
  );
  const cartOf = async (email: string) => {
    const cart = await shop.fullCart([{ variantId }]);
    await shop.as(cart.session, (ctx) => setEmail(ctx, cart.at, email));
    return cart;
  };
  await (await cartOf('ada@example.com')).order();
  const known = await cartOf('ada@example.com');
  const unknown = await cartOf('nobody@example.com');
  expect(await known.total()).toEqual(await unknown.total());
  const refusal = await known.order().catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    status: 409,
    code: 'total_changed',
    faults: [{ pointer: '/expectedTotal' }, { code: 'discount_not_taken', message: expect.stringContaining('FIRST') }],
  });
  // Another total for another reason: what never took anything off is not blamed.
  const low = await known.order({ expectedTotal: { amount: 5_000, currency: 'NGN' } }).catch((error: unknown) => error);
  expect(low).toMatchObject({ code: 'total_changed', faults: [{ pointer: '/expectedTotal' }] });
  expect((low as { faults: unknown[] }).faults).toHaveLength(1);
  const { order } = await known.order({ expectedTotal: { amount: 4_000, currency: 'NGN' } });
  expect(order.totals.total).toEqual({ amount: 4_000, currency: 'NGN' });
  expect((await unknown.order()).order.totals.total.amount).toBe(3_750);
});
test('whoever asks by wrong totals whose addresses have bought here is stopped; others are not', async () => {
  const { shop, variantId } = await given();
  const cart = await shop.fullCart([{ variantId }]);
  const wrong = () => cart.order({ expectedTotal: { amount: 1, currency: 'NGN' } });
  const { points } = limitOf('discount_code', addressKey(cart.session.ip));
  for (let n = 0; n <= points; n++) await expect(wrong()).rejects.toMatchObject({ code: 'total_changed' });
  await shop.as(shop.system, (ctx) => createDiscount(ctx, code('FIRST', { firstOrderOnly: true })));
  await shop.as(cart.session, (ctx) => addCode(ctx, cart.at, 'FIRST'));
  for (let n = 0; n < points; n++) await expect(wrong()).rejects.toMatchObject({ code: 'total_changed' });
  await expect(wrong()).rejects.toMatchObject({ status: 429, code: 'too_many_attempts' });
  expect((await cart.order()).order.totals.total.amount).toBe(3_750);
}, 60_000);

import { expect, test } from 'vitest';
import { expireDue } from '../../catalog/inventory/reservation-ends.service.ts';
import type { Id } from '../../kernel/ids.ts';
import { givenCheckoutShop } from '../../testing/checkout-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { raiseVersion } from '../../testing/listed-goods.ts';
import { changeLine } from '../carts/cart-lines.service.ts';
import { HOLD_GRACE_SECONDS } from '../orders/hold-times.ts';
import { markPaid } from '../orders/paid.service.ts';
import { expireUnpaid } from './unpaid-orders.flow.ts';

const db = useDatabase();

const NOTHING_FAILS = {
  report: (error: unknown) => {
    throw error;
  },
};

async function given() {
  const shop = await givenCheckoutShop(db);
  const product = await shop.product({ title: 'Adire scarf', prices: { NGN: 2_500 }, variants: [{ onHand: 10 }] });
  const [variantId] = product.variants;
  if (!variantId) throw new Error('There is no variant');
  const cart = await shop.fullCart([{ variantId }]);
  const take = async (quantity: number) => {
    const [line] = (await cart.scene()).basket.lines;
    await shop.as(cart.session, (ctx) => changeLine(ctx, cart.at, line?.id as Id<'cli'>, { quantity }));
  };
  const pay = (orderId: string, paidTotal: bigint) =>
    shop.as(shop.system, (ctx) => markPaid(ctx, orderId as Id<'ord'>, { paidTotal, refundedTotal: 0n }));
  const ordersOf = () => db.admin`select id, lifecycle, paid_total::int as paid from orders
    where company_id = ${shop.companyId} order by id`;
  const reserved = async () => {
    const [level] = await db.admin`select reserved from stock_levels where company_id = ${shop.companyId}`;
    return level?.['reserved'];
  };
  const age = (orderId: string, minutes: number) =>
    db.admin`update orders set created_at = created_at - make_interval(mins => ${minutes}) where id = ${orderId}`;
  return { shop, cart, take, pay, ordersOf, reserved, age };
}

test('an order that is paid in part answers for no other cart and no other total, and says what is to be done', async () => {
  const { cart, take, pay, ordersOf } = await given();
  const { order } = await cart.online();
  await pay(order.id, 1_000n);
  await expect(cart.order({ expectedTotal: { amount: 3_000, currency: 'NGN' } })).rejects.toMatchObject({
    status: 409,
    code: 'total_changed',
    detail: { actual: '4000' },
  });
  expect((await cart.online()).order.id).toBe(order.id);
  await take(3);
  const refusal = await cart.order().catch((error: unknown) => error);
  expect(refusal).toMatchObject({ status: 409, code: 'order_paid_in_part' });
  expect(String(refusal)).toMatch(new RegExp(`${order.number} was paid.* 30\\.00 NGN`));
  await expect(cart.order({ expectedTotal: order.totals.total })).rejects.toMatchObject({ code: 'order_paid_in_part' });
  expect(await ordersOf()).toMatchObject([{ id: order.id, lifecycle: 'pending', paid: 1_000 }]);
});

test('goods of an order that is paid online are held beyond its end, and free at once when it really ends', async () => {
  const { shop, cart, reserved } = await given();
  const { order } = await cart.online();
  const graceOf = async () => {
    const [hold] = await db.admin`select extract(epoch from r.expires_at - o.expires_at)::int as seconds
      from stock_reservations r join orders o on o.id = r.owner_id where o.id = ${order.id} and r.status = 'held'`;
    return hold?.['seconds'];
  };
  expect(await graceOf()).toBe(HOLD_GRACE_SECONDS);
  await cart.online();
  expect(await graceOf()).toBe(HOLD_GRACE_SECONDS);
  // Its time is up and its shopper is at the page: the sweep of holds comes first and takes nothing.
  await db.admin`update stock_reservations set expires_at = expires_at - (select expires_at - now() from orders
    where id = ${order.id}) where owner_id = ${order.id}`;
  await db.admin`update orders set expires_at = now() where id = ${order.id}`;
  expect(await shop.as(shop.system, (ctx) => expireDue(ctx, 10))).toBe(0);
  await expireUnpaid(db.app.run, NOTHING_FAILS, shop.system);
  expect([await reserved(), await graceOf()]).toEqual([1, HOLD_GRACE_SECONDS]);
  await db.admin`update payment_attempts set created_at = now() - interval '1 hour' where company_id = ${shop.companyId}`;
  await db.admin`update orders set expires_at = now() where id = ${order.id}`;
  await expireUnpaid(db.app.run, NOTHING_FAILS, shop.system);
  expect(await reserved()).toBe(0);
});

test('a transfer is held exactly as long as the shop said', async () => {
  const { cart } = await given();
  const { order } = await cart.order();
  const [hold] = await db.admin`select r.expires_at = o.expires_at as "isSame" from stock_reservations r
    join orders o on o.id = r.owner_id where o.id = ${order.id}`;
  expect(hold).toEqual({ isSame: true });
});

test('no order gets provider pages without end: it is paid another way', async () => {
  const { cart } = await given();
  const { order } = await cart.online();
  await db.admin`insert into payment_attempts (company_id, id, payment_id, provider, reference, currency, amount, mode)
    select t.company_id, t.id || n, t.payment_id, t.provider, t.reference || n, t.currency, t.amount, t.mode
    from payment_attempts t join payments p on p.id = t.payment_id and p.order_id = ${order.id},
      generate_series(1, 18) as n`;
  expect((await cart.online()).order.id).toBe(order.id);
  await db.admin`insert into payment_attempts (company_id, id, payment_id, provider, reference, currency, amount, mode)
    select t.company_id, t.id || 'x', t.payment_id, t.provider, t.reference || 'x', t.currency, t.amount, t.mode
    from payment_attempts t join payments p on p.id = t.payment_id and p.order_id = ${order.id}
    order by t.id limit 1`;
  await expect(cart.online()).rejects.toMatchObject({ status: 409, code: 'payment_tries_used_up' });
  expect((await cart.order()).order.id).toBe(order.id);
});

test('an order that waits at an old price waits no longer than three times its time, then a new one is reckoned', async () => {
  const { shop, cart, age, ordersOf, reserved } = await given();
  await shop.set('inventory', { holdMinutes: 30 });
  const { order } = await cart.online();
  await db.admin`update prices set amount = 3000 where company_id = ${shop.companyId}`;
  await raiseVersion(db, shop.companyId);
  const body = { expectedTotal: order.totals.total };
  await age(order.id, 80);
  const { order: same } = await cart.online(body);
  expect(same.id).toBe(order.id);
  const left = (Date.parse(same.expiresAt ?? '') - Date.now()) / 60_000;
  expect(left).toBeGreaterThan(8);
  expect(left).toBeLessThan(11);
  await age(order.id, 15);
  await expect(cart.online(body)).rejects.toMatchObject({ status: 409, code: 'total_changed' });
  const { order: anew } = await cart.online();
  expect(anew.totals.total.amount).toBe(4_500);
  expect(await ordersOf()).toMatchObject([{ lifecycle: 'cancelled' }, { id: anew.id, lifecycle: 'pending' }]);
  expect(await reserved()).toBe(1);
});

test('whoever turns from a provider to a transfer or to cash is written to, and so is the shop; once each', async () => {
  const { shop, cart } = await given();
  await shop.set('payment', { manualInstructions: 'Pay into 0123.' });
  await shop.set('notification', { orderMailsTo: ['shop@example.com'] });
  const { order } = await cart.online();
  const told = () => db.admin`select type, data->'order'->>'lifecycle' as lifecycle, privately is not null as "hasMore"
    from events where aggregate_id = ${order.id} and sequence > 1 order by id`;
  await cart.online();
  await cart.order();
  await cart.order();
  expect(await told()).toEqual([
    { type: 'order.updated', lifecycle: 'pending', hasMore: false },
    { type: 'order.payment_changed', lifecycle: 'pending', hasMore: true },
    { type: 'order.updated', lifecycle: 'pending', hasMore: false },
  ]);
  await cart.online();
  await shop.set('payment', { manualKind: 'cash_on_delivery' });
  await cart.order();
  expect((await told()).at(-1)).toEqual({ type: 'order.payment_changed', lifecycle: 'open', hasMore: true });
});

test('a transfer or cash closes the cart: nothing of it can be changed, and the order goes on, whatever comes again', async () => {
  const { shop, cart, take, ordersOf, age } = await given();
  const { order } = await cart.order();
  expect(order.lifecycle).toBe('pending');
  expect((await cart.scene()).cart.status).toBe('ordered');
  await expect(take(3)).rejects.toMatchObject({ status: 409, code: 'cart_closed' });
  expect((await cart.order()).order.id).toBe(order.id);
  await expect(cart.order({ expectedTotal: { amount: 1, currency: 'NGN' } })).rejects.toMatchObject({
    code: 'total_changed',
    detail: { actual: '4000' },
  });
  await db.admin`update prices set amount = 3000 where company_id = ${shop.companyId}`;
  await raiseVersion(db, shop.companyId);
  const online = await cart.online({ expectedTotal: order.totals.total });
  expect(online.order).toMatchObject({ id: order.id, paymentProvider: 'paystack' });
  expect((await cart.scene()).cart.status).toBe('ordered');
  expect((await cart.order({ expectedTotal: order.totals.total })).order.id).toBe(order.id);
  await age(order.id, 60 * 24 * 30);
  await expect(cart.order({ expectedTotal: order.totals.total })).rejects.toMatchObject({ code: 'cart_closed' });
  expect(await ordersOf()).toMatchObject([{ id: order.id, lifecycle: 'pending' }]);
});

test('whoever turns from a provider to a transfer is done with the cart', async () => {
  const { cart, take } = await given();
  const { order } = await cart.online();
  expect((await cart.scene()).cart.status).toBe('open');
  expect((await cart.order()).order.id).toBe(order.id);
  expect((await cart.scene()).cart.status).toBe('ordered');
  await expect(take(2)).rejects.toMatchObject({ code: 'cart_closed' });
});

import { expect, test } from 'vitest';
import { eraseCustomer, exportCustomer } from '../../identity/customer-accounts/personal-data.service.ts';
import { logInCustomer } from '../../identity/customer-sessions/customer-login.flow.ts';
import type { Id } from '../../kernel/ids.ts';
import { newDiscount } from '../../pricing/discounts/discounts.contract.ts';
import { createDiscount } from '../../pricing/discounts/discounts.service.ts';
import { setEmail } from '../../sales/carts/carts.service.ts';
import { expireUnpaid } from '../../sales/checkout/unpaid-orders.flow.ts';
import { listOrdersOf } from '../../sales/orders/customer-orders.service.ts';
import { markPaid } from '../../sales/orders/paid.service.ts';
import { givenCheckoutShop } from '../../testing/checkout-shop.ts';
import { fakeCustomerTokens, givenCustomersOf } from '../../testing/customers.ts';
import { useDatabase } from '../../testing/database.ts';
import { PASSWORD } from '../../testing/people.ts';
import { countingAttempts } from '../../testing/ports.ts';
import { erasers, personalDataParts, whenVerified } from './customer-duties.ts';

const db = useDatabase();
const EMAIL = 'canary@example.com';

/** Somebody with an account, and a way to order with their address without logging in. */
async function given({ isVerified = true } = {}) {
  const shop = await givenCheckoutShop(db);
  const product = await shop.product({ title: 'Adire scarf', prices: { NGN: 1_000 }, variants: [{ onHand: 10 }] });
  const customers = givenCustomersOf(db, shop.companyId);
  const { id } = await customers.register({ email: EMAIL, firstName: 'Canary' });
  if (isVerified) await db.admin`update customers set email_verified_at = now() where id = ${id}`;
  const orderAsGuest = async (email = EMAIL) => {
    const cart = await shop.fullCart([{ variantId: product.variants[0] as Id<'var'> }]);
    await shop.as(cart.session, (ctx) => setEmail(ctx, cart.at, email));
    return (await cart.order()).order;
  };
  const logIn = () =>
    logInCustomer(
      db.app.run,
      { attempts: countingAttempts(), customerTokens: fakeCustomerTokens, whenVerified },
      customers.session,
      { email: EMAIL, password: PASSWORD },
    );
  const own = async () =>
    (await shop.as(shop.shopper(id), (ctx) => listOrdersOf(ctx, id, { limit: 20 }))).data.map((order) => order.id);
  const exported = async () => {
    const { orders } = (await shop.as(shop.system, (ctx) => exportCustomer(ctx, id, personalDataParts))) as unknown as {
      orders: { id: string }[];
    };
    return orders.map((order) => order.id);
  };
  const erase = () => shop.as(shop.system, (ctx) => eraseCustomer(ctx, id, erasers));
  const expire = async () => {
    await db.admin`update orders set expires_at = now() where company_id = ${shop.companyId} and lifecycle = 'pending'`;
    await expireUnpaid(db.app.run, { report: () => undefined }, shop.system);
  };
  return { shop, id, orderAsGuest, logIn, own, exported, erase, expire };
}

test('what a guest ordered after the address was proved becomes theirs with the next login', async () => {
  const { orderAsGuest, logIn, own } = await given();
  const order = await orderAsGuest();
  await orderAsGuest('somebody.else@example.com');
  expect(await own()).toEqual([]);
  await logIn();
  expect(await own()).toEqual([order.id]);
});

test('whoever has not proved the address is given nobody else’s orders: not by a login, an export or an erasure', async () => {
  const { shop, orderAsGuest, logIn, own, exported, erase } = await given({ isVerified: false });
  const order = await orderAsGuest();
  await logIn();
  expect([await own(), await exported()]).toEqual([[], []]);
  await erase();
  const [row] = await db.admin`select email from orders where company_id = ${shop.companyId}`;
  expect(row).toEqual({ email: order.email });
});

test('an export holds what was ordered as a guest since', async () => {
  const { orderAsGuest, exported } = await given();
  const order = await orderAsGuest();
  expect(await exported()).toEqual([order.id]);
});

test('an erasure takes the orders of a guest along, tells each anew, and leaves the address nowhere', async () => {
  const { shop, id, orderAsGuest, erase, expire } = await given();
  const tenth = { title: 'Ten off', method: 'automatic', kind: 'percentage', percentPpm: 100_000, class: 'order' };
  await shop.as(shop.system, (ctx) => createDiscount(ctx, newDiscount.parse(tenth)));
  const order = await orderAsGuest();
  const redeemed = () => db.admin`select email_key as email from discount_redemptions where order_id = ${order.id}`;
  expect(await redeemed()).toEqual([{ email: EMAIL }]);
  await expire();
  await erase();
  const [last] = await db.admin`select type, sequence, data->'order'->>'email' as email,
      data->'order'->>'customerId' as customer from events where aggregate_id = ${order.id} order by id desc limit 1`;
  expect(await redeemed()).toEqual([{ email: null }]);
  expect(last).toEqual({ type: 'order.updated', sequence: 3, email: `erased-${id}@invalid`, customer: id });
  const [row] = await db.admin`select event_sequence, email, shipping_address from orders where id = ${order.id}`;
  expect(row).toMatchObject({ event_sequence: 3, email: `erased-${id}@invalid` });
  expect(JSON.stringify(row)).not.toMatch(/Okafor|Marina|canary/);
});

test('nobody is erased while goods are still to reach them: the orders are named, and nothing is changed', async () => {
  const { shop, orderAsGuest, erase, expire } = await given();
  const waiting = await orderAsGuest();
  const refusal = await erase().catch((error: unknown) => error);
  expect(refusal).toMatchObject({ status: 409, code: 'orders_under_way' });
  expect(String(refusal)).toContain(waiting.number);
  const total = BigInt(waiting.totals.total.amount);
  const paid = { paidTotal: total, refundedTotal: 0n };
  await shop.as(shop.system, (ctx) => markPaid(ctx, waiting.id as Id<'ord'>, paid));
  await expire();
  await expect(erase()).rejects.toMatchObject({ code: 'orders_under_way' });
  const [row] = await db.admin`select email, shipping_address->>'line1' as line from orders where id = ${waiting.id}`;
  expect(row).toEqual({ email: EMAIL, line: '1 Marina' });
  // What was given back wholly is not sent any more.
  await shop.as(shop.system, (ctx) => markPaid(ctx, waiting.id as Id<'ord'>, { ...paid, refundedTotal: total }));
  expect(await erase()).toMatchObject({ status: 'erased' });
});

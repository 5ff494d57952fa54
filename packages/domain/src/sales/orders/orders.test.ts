import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { suspendCompany } from '../../company/companies/companies.service.ts';
import { isAskedTooOften } from '../../identity/sessions/account-tries.ts';
import { makeToken } from '../../identity/sessions/opaque-token.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { givenCheckoutShop } from '../../testing/checkout-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { countingAttempts, limitedAttempts } from '../../testing/ports.ts';
import { expireUnpaid } from '../checkout/unpaid-orders.flow.ts';
import { cancelLines } from './cancellation.service.ts';
import { claimGuestOrders, eraseOrdersOf, listOrdersOf, ordersOf } from './customer-orders.service.ts';
import { expireOrders } from './expiry.flow.ts';
import { countLines, recomputeOrder } from './order-changes.service.ts';
import { exportOrders } from './order-export.flow.ts';
import {
  addOrderLink,
  openOrder,
  openOrderLink,
  orderAccessOf,
  orderLinkVisitor,
  sweepOrderLinks,
} from './order-links.service.ts';
import { lookUpOrder } from './order-lookups.flow.ts';
import { addOrderNote, listOrders, showOrder, showTimeline, updateOrder } from './order-management.service.ts';
import { lockOrder } from './order-rows.service.ts';
import { ordersQuery } from './orders.contract.ts';
import { OrderLinkRefused } from './orders.errors.ts';
import { markPaid, reviveOrder } from './paid.service.ts';

const db = useDatabase();

const NOTHING_FAILS = {
  report: (error: unknown) => {
    throw error;
  },
};

async function given({ quantity = 2, onHand = 10 } = {}) {
  const shop = await givenCheckoutShop(db);
  const product = await shop.product({ title: 'Adire scarf', prices: { NGN: 1_001 }, variants: [{ onHand }] });
  const [variantId] = product.variants;
  if (!variantId) throw new Error('There is no variant');
  const cart = await shop.fullCart([{ variantId, quantity }]);
  const { order } = await cart.order();
  const id = order.id as Id<'ord'>; // what the view calls text
  const staff = { ...shop.system, actor: { type: 'staff', id: newId('stf') } as const };
  const asStaff = <T>(work: Parameters<typeof shop.as<T>>[1]) => shop.as(staff, work);
  const total = BigInt(order.totals.total.amount);
  return {
    ...{ shop, cart, order, id, staff, asStaff, variantId, total },
    pay: (paidTotal = total, refundedTotal = 0n) =>
      shop.as(shop.system, (ctx) => markPaid(ctx, id, { paidTotal, refundedTotal })),
    expire: async () => {
      await db.admin`update orders set expires_at = now() - interval '1 second' where id = ${id}`;
      await expireUnpaid(db.app.run, NOTHING_FAILS, shop.system);
    },
    stock: async () =>
      (
        await db.admin`select on_hand as "onHand", reserved from stock_levels
          where company_id = ${shop.companyId} and variant_id = ${variantId}`
      )[0],
    events: async () =>
      (await db.admin`select type from events where aggregate_id = ${id} order by id`).map((row) => row['type']),
    read: () => asStaff((ctx) => showOrder(ctx, id)),
  };
}

test('money told twice is told once; a part keeps the order waiting without an end, all of it opens it', async () => {
  const { pay, total, read, events } = await given();
  await pay(total - 1n);
  expect(await read()).toMatchObject({ lifecycle: 'pending', paymentStatus: 'partially_paid', expiresAt: null });
  for (let n = 0; n < 3; n++) await pay();
  expect(await read()).toMatchObject({ lifecycle: 'open', paymentStatus: 'paid', dueTotal: { amount: 0 } });
  await pay(total, 5n);
  expect(await read()).toMatchObject({ paymentStatus: 'partially_refunded', refundedTotal: { amount: 5 } });
  expect(await events()).toEqual(['order.placed', 'order.updated', 'order.paid', 'order.updated']);
});

test('an order nobody paid expires: its goods are free, and told once', async () => {
  const { shop, expire, stock, read, events, cart } = await given();
  await expire();
  await expireUnpaid(db.app.run, NOTHING_FAILS, shop.system);
  expect(await read()).toMatchObject({ lifecycle: 'expired' });
  expect(await stock()).toEqual({ onHand: 10, reserved: 0 });
  expect(await events()).toEqual(['order.placed', 'order.expired']);
  await expect(cart.order()).rejects.toMatchObject({ code: 'cart_closed' });
});

test('an order whose shopper is at the page of the provider is put off', async () => {
  const { shop, id, read } = await given();
  await db.admin`update orders set expires_at = now() where id = ${id}`;
  await expireOrders(db.app.run, NOTHING_FAILS, shop.system, sql<boolean>`true`);
  const { lifecycle, expiresAt } = await read();
  expect(lifecycle).toBe('pending');
  expect(Date.parse(expiresAt ?? '')).toBeGreaterThan(Date.now() + 60_000);
});

test('money that comes after the end opens the order again if its goods are still there', async () => {
  const { shop, id, pay, expire, read, stock } = await given();
  await expire();
  expect((await pay()).isLate).toBe(true);
  expect(await read()).toMatchObject({ lifecycle: 'expired', paymentStatus: 'paid' });
  expect(await shop.as(shop.system, (ctx) => reviveOrder(ctx, id))).toBe(true);
  expect(await read()).toMatchObject({ lifecycle: 'open', paymentStatus: 'paid' });
  expect(await stock()).toEqual({ onHand: 10, reserved: 2 });
});

test('money that comes after the end opens nothing when the goods are gone, or the cart has another order', async () => {
  const gone = await given({ quantity: 8 });
  await gone.expire();
  await (await gone.shop.fullCart([{ variantId: gone.variantId, quantity: 5 }])).order();
  await gone.pay();
  expect(await gone.shop.as(gone.shop.system, (ctx) => reviveOrder(ctx, gone.id))).toBe(false);
  expect(await gone.stock()).toEqual({ onHand: 10, reserved: 5 });
  const replaced = await given();
  await replaced.expire();
  // As an order leaves it that is paid on a provider's page.
  await db.admin`update carts set status = 'open' where id = ${replaced.cart.id}`;
  await replaced.cart.order();
  await replaced.pay();
  expect(await replaced.shop.as(replaced.shop.system, (ctx) => reviveOrder(ctx, replaced.id))).toBe(false);
  expect(await replaced.stock()).toEqual({ onHand: 10, reserved: 2 });
});

test('a hold that ran out while the order waited is taken again when it is paid, or the money is late', async () => {
  const kept = await given({ quantity: 8 });
  const letHoldsEnd = (id: string) =>
    db.admin`update stock_reservations set expires_at = now() - interval '1 minute' where owner_id = ${id}`;
  await letHoldsEnd(kept.id);
  const rival = await kept.shop.fullCart([{ variantId: kept.variantId, quantity: 2 }]);
  await rival.order();
  expect((await kept.pay()).isLate).toBe(false);
  expect(await kept.stock()).toEqual({ onHand: 10, reserved: 10 });
  const lost = await given({ quantity: 8 });
  await letHoldsEnd(lost.id);
  await (await lost.shop.fullCart([{ variantId: lost.variantId, quantity: 5 }])).order();
  expect((await lost.pay()).isLate).toBe(true);
  expect(await lost.read()).toMatchObject({ lifecycle: 'expired', paymentStatus: 'paid' });
  expect(await lost.stock()).toEqual({ onHand: 10, reserved: 5 });
});

test('units are called off line by line, their shares close to the total, and the last takes shipping along', async () => {
  const { id, order, pay, asStaff, stock, read, events } = await given({ quantity: 3 });
  await pay();
  const [line] = order.lines;
  const orderLineId = line?.id as Id<'oli'>;
  const cancel = (quantity: number) =>
    asStaff((ctx) =>
      cancelLines(ctx, id, { lines: [{ orderLineId, quantity }], restock: true, reason: 'wrong colour' }),
    );
  const first = await cancel(2);
  expect(first).toMatchObject({ isWhole: false, shipping: 0n });
  expect(await stock()).toEqual({ onHand: 10, reserved: 1 });
  expect(await read()).toMatchObject({ lifecycle: 'open', open: [{ fulfil: 1 }] });
  await expect(cancel(2)).rejects.toMatchObject({ status: 409, code: 'not_cancellable' });
  const last = await cancel(1);
  expect(last).toMatchObject({ isWhole: true, shipping: 1_500n });
  expect(first.total + last.total).toBe(BigInt(order.totals.total.amount));
  expect(await stock()).toEqual({ onHand: 10, reserved: 0 });
  expect(await read()).toMatchObject({ lifecycle: 'cancelled', cancelReason: 'wrong colour' });
  expect((await events()).slice(-2)).toEqual(['order.cancelled_in_part', 'order.cancelled']);
  await expect(cancel(1)).rejects.toMatchObject({ status: 409, code: 'order_move_not_allowed' });
});

test('what stands in a fulfilment is not called off, and goods that are lost leave the shelf', async () => {
  const { id, order, asStaff, stock } = await given({ quantity: 3 });
  const orderLineId = order.lines[0]?.id as Id<'oli'>;
  await asStaff(async (ctx) => {
    await lockOrder(ctx, id);
    await countLines(ctx, id, [{ orderLineId, fulfilled: 2 }]);
    await recomputeOrder(ctx, id, [{ kind: 'fulfilment_created' }]);
  });
  const { lines, isWhole } = await asStaff((ctx) => cancelLines(ctx, id, { restock: false, reason: 'broken' }));
  expect([lines.map(({ quantity }) => quantity), isWhole]).toEqual([[1], false]);
  expect(await stock()).toEqual({ onHand: 9, reserved: 2 });
});

test('an order is opened by its token, by a link until it ends, and by its customer; by nothing else', async () => {
  const { shop, order, id, cart } = await given();
  const open = (token: string | undefined, session = cart.session) =>
    shop.as(session, (ctx) => openOrder(ctx, id, orderAccessOf(session, token)));
  const nowhere = { status: 404, code: 'not_found' };
  expect((await open(order.token)).id).toBe(id);
  await expect(open(undefined)).rejects.toMatchObject(nowhere);
  await expect(open(`${order.token}x`)).rejects.toMatchObject(nowhere);
  const stranger = shop.shopper(await shop.customer());
  await expect(open(undefined, stranger)).rejects.toMatchObject(nowhere);
  const other = await givenCheckoutShop(db);
  await expect(
    other.as(other.shopper(), (ctx) => openOrder(ctx, id, orderAccessOf(other.shopper(), order.token))),
  ).rejects.toMatchObject(nowhere);
  const { token } = (await cart.order()).order;
  expect((await open(token)).id).toBe(id);
  await db.admin`update order_links set expires_at = now() where order_id = ${id}`;
  await expect(open(token)).rejects.toMatchObject(nowhere);
  expect(await shop.as(shop.system, sweepOrderLinks)).toBe(1);
});

test('a lookup mails a link when number and address fit, tells nobody, and is throttled', async () => {
  const { shop, order, id, cart } = await given();
  const ask = (number: string, email: string, attempts = countingAttempts()) =>
    lookUpOrder(db.app.run, attempts, cart.session, { number, email });
  const asked = () => db.admin`select data from events where type = 'order.link_requested' and aggregate_id = ${id}`;
  await ask(order.number, 'somebody@example.com');
  await ask('nothing', order.email);
  expect(await asked()).toHaveLength(0);
  await ask(order.number, order.email.toUpperCase());
  expect(await asked()).toHaveLength(1);
  expect(JSON.stringify(await asked())).not.toContain('token');
  const [{ count } = { count: 0 }] = await db.admin<
    { count: number }[]
  >`select count(*)::int as count from order_links`;
  expect(count).toBe(1);
  const limited = { ...limitedAttempts(), counted: [] };
  for (let n = 0; n < 6; n++) await ask(order.number, order.email, limited);
  expect((await asked()).length).toBe(6);
  // Whoever has links sent to somebody does not use up the mails that lead back into their account.
  const reset = { shop: shop.companyId, email: order.email, ip: cart.session.ip };
  expect(await isAskedTooOften(limited, 'customer_mail', reset)).toBe(false);
});

test('a mailed link leads nowhere while the shop is suspended, and one of a made-up company is no other', async () => {
  const { shop, id } = await given();
  const token = await shop.as(shop.shopper(), (ctx) => addOrderLink(ctx, id));
  const open = (link: string) => {
    const visitor = orderLinkVisitor(link, { requestId: 'test' });
    return db.app.run(visitor, (ctx) => openOrderLink(ctx, link));
  };
  expect((await open(token)).id).toBe(id);
  await expect(open(makeToken('olk', newId('com')).token)).rejects.toBeInstanceOf(OrderLinkRefused);
  await shop.as(shop.system, (ctx) => suspendCompany(ctx, 'a test'));
  await expect(open(token)).rejects.toBeInstanceOf(OrderLinkRefused);
});

test('the audit log has what became of an order and the names of what was changed, and nothing of who ordered', async () => {
  const { shop, order, id, pay, asStaff } = await given();
  await pay();
  await asStaff((ctx) => updateOrder(ctx, id, { phone: '+2348000000001', note: 'ring twice' }));
  const rows = await db.admin`select before, after from audit_entries
    where company_id = ${shop.companyId} and entity_id = ${id} order by id`;
  expect(rows.map(({ after }) => [after.lifecycle, after.paymentStatus, after.changed])).toEqual([
    ['open', 'paid', expect.arrayContaining(['paidTotal'])],
    ['open', 'paid', ['phone', 'note']],
  ]);
  expect(JSON.stringify(rows)).not.toMatch(/Okafor|Marina|2348000000001|ring twice/);
  expect(JSON.stringify(rows)).not.toContain(order.email);
});

test('orders of a guest become those of the customer who proved the address, and of nobody else', async () => {
  const { shop, order, id } = await given();
  const customerId = await shop.customer();
  const session = shop.shopper(customerId);
  const own = () => shop.as(session, (ctx) => listOrdersOf(ctx, customerId, { limit: 20 }));
  expect((await own()).data).toEqual([]);
  expect(await shop.as(session, (ctx) => claimGuestOrders(ctx, customerId, order.email))).toBe(1);
  expect(await shop.as(session, (ctx) => claimGuestOrders(ctx, customerId, order.email))).toBe(0);
  expect((await own()).data.map((one) => one.id)).toEqual([id]);
  const other = await shop.customer();
  expect(await shop.as(session, (ctx) => claimGuestOrders(ctx, other, order.email))).toBe(0);
});

test('an erased customer leaves amounts, taxes and the region of a sale behind, and no name', async () => {
  const { shop, order, id, read, asStaff, expire } = await given();
  await expire();
  const customerId = await shop.customer();
  await shop.as(shop.shopper(customerId), (ctx) => claimGuestOrders(ctx, customerId, order.email));
  const [name, held] = await asStaff((ctx) => ordersOf(ctx, customerId));
  expect([name, held.length]).toEqual(['orders', 1]);
  await db.admin`update orders set phone = '0803', customer_note = 'ring twice',
    shipping_address = '{"firstName":"Ada","lastName":"Okafor","line1":"1 Marina","city":"Lagos","region":"LA","postcode":"101241","country":"NG","phone":"0803"}'
    where id = ${id}`;
  for (let n = 0; n < 2; n++) await asStaff((ctx) => eraseOrdersOf(ctx, customerId));
  const after = await read();
  expect(JSON.stringify(after)).not.toMatch(/Ada|Okafor|Marina|0803|ring twice|101241/);
  expect(after.email).not.toBe(order.email);
  expect(after).toMatchObject({
    totals: order.totals,
    shippingAddress: { country: 'NG', region: 'LA', postcode: '101' },
  });
});

test('the list finds orders by what they are, in both orders, page by page, and counts when asked', async () => {
  const { shop, order, id, asStaff, variantId, pay } = await given();
  const second = (await (await shop.fullCart([{ variantId }])).order()).order;
  await pay();
  await asStaff((ctx) => updateOrder(ctx, id, { tags: ['VIP', 'vip', 'Gift'], note: 'Careful' }));
  const find = async (query: object) =>
    (await asStaff((ctx) => listOrders(ctx, ordersQuery.parse(query)))).data.map((one) => one.id);
  expect(await find({})).toEqual([second.id, id]);
  expect(await find({ sort: 'oldest' })).toEqual([id, second.id]);
  const queries: [object, string[]][] = [
    [{ lifecycle: 'open' }, [id]],
    [{ paymentStatus: 'unpaid' }, [second.id]],
    [{ fulfilmentStatus: 'none', tag: 'VIP' }, [id]],
    [{ tag: 'nothing' }, []],
    [{ q: order.number }, [id]],
    [{ q: order.email.slice(0, 20).toUpperCase() }, [id]],
    [{ q: '%' }, []],
    [{ currency: 'GHS' }, []],
    [{ needsReview: 'true' }, []],
    [{ placedFrom: '2999-01-01T00:00:00Z' }, []],
    [{ placedFrom: '2020-01-01T00:00:00Z', placedTo: '2999-01-01T00:00:00Z' }, [second.id, id]],
  ];
  for (const [query, expected] of queries) expect([query, await find(query)]).toEqual([query, expected]);
  const page = await asStaff((ctx) => listOrders(ctx, ordersQuery.parse({ limit: 1, count: 'true' })));
  expect(page).toMatchObject({ count: 2, page: { hasMore: true }, data: [{ id: second.id, units: 1 }] });
  const next = await asStaff((ctx) => listOrders(ctx, ordersQuery.parse({ limit: 1, after: page.page.next })));
  expect(next).toMatchObject({ page: { hasMore: false }, data: [{ id, tags: ['Gift', 'vip'] }] });
});

test('addresses are corrected until something was sent; somebody who read an older version is told', async () => {
  const { id, asStaff, order, read } = await given();
  const shippingAddress = { lastName: 'Bello', line1: '2 Broad St', city: 'Lagos', country: 'NG' };
  const { version } = await read();
  await expect(asStaff((ctx) => updateOrder(ctx, id, { note: 'x' }, version + 1))).rejects.toMatchObject({
    status: 412,
  });
  expect(await asStaff((ctx) => updateOrder(ctx, id, { shippingAddress }, version))).toMatchObject({
    shippingAddress,
    version: version + 1,
  });
  const orderLineId = order.lines[0]?.id as Id<'oli'>;
  await asStaff(async (ctx) => {
    await lockOrder(ctx, id);
    await countLines(ctx, id, [{ orderLineId, fulfilled: 1, shipped: 1 }]);
    await recomputeOrder(ctx, id);
  });
  await expect(asStaff((ctx) => updateOrder(ctx, id, { shippingAddress }))).rejects.toMatchObject({
    code: 'address_fixed',
  });
});

test('the history tells who did what, newest first, and takes notes', async () => {
  const { id, asStaff, pay, staff } = await given();
  await pay();
  const entry = await asStaff((ctx) => addOrderNote(ctx, id, { message: 'Called her' }));
  expect(entry).toMatchObject({ kind: 'note', message: 'Called her', actor: staff.actor });
  const { data } = await asStaff((ctx) => showTimeline(ctx, id, { limit: 10 }));
  expect(data.map(({ kind }) => kind)).toEqual(['note', 'paid', 'placed']);
});

test('the export is CSV that no spreadsheet computes, with amounts as decimals', async () => {
  const { shop, order, id, staff, asStaff } = await given();
  await asStaff((ctx) => updateOrder(ctx, id, { tags: ['=1+1'] }));
  let text = '';
  for await (const piece of await exportOrders(db.app.run, staff, { sort: 'newest' })) text += piece;
  const [head, row, end] = text.split('\r\n');
  expect(head).toMatch(/^number,id,placed,email,/);
  expect(row).toContain(`${order.number},${id},`);
  expect(row).toContain('NGN,35.02,0.00,0.00,NG,"\'=1+1"');
  expect(end).toBe('');
  const notes =
    await db.admin`select action from audit_entries where company_id = ${shop.companyId} and action = 'orders.exported'`;
  expect(notes).toHaveLength(1);
});

test("another company's orders are not there", async () => {
  const { id } = await given();
  const other = await givenCheckoutShop(db);
  const there = { status: 404, code: 'not_found' };
  await expect(other.as(other.system, (ctx) => showOrder(ctx, id))).rejects.toMatchObject(there);
  await expect(other.as(other.system, (ctx) => updateOrder(ctx, id, {}))).rejects.toMatchObject(there);
  await expect(
    other.as(other.system, (ctx) => markPaid(ctx, id, { paidTotal: 1n, refundedTotal: 0n })),
  ).rejects.toMatchObject(there);
  await expect(
    other.as(other.system, (ctx) => cancelLines(ctx, id, { restock: true, reason: 'x' })),
  ).rejects.toMatchObject(there);
});

import { expect, test } from 'vitest';
import type { Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { givenCheckoutGoods } from '../../testing/checkout-goods.ts';
import { givenCheckoutShop } from '../../testing/checkout-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { raiseVersion } from '../../testing/listed-goods.ts';
import { countingRun } from '../../testing/statement-count.ts';
import { addLine, changeLine } from '../carts/cart-lines.service.ts';
import type { CartScene } from '../carts/cart-scene.service.ts';
import { warningsOf } from '../carts/cart-warnings.ts';
import { markPaid } from '../orders/paid.service.ts';
import { checkout } from './checkout.flow.ts';
import { beginCheckout } from './checkout.service.ts';

const db = useDatabase();
const given = (onHand?: number, prices?: Record<string, number>) => givenCheckoutGoods(db, onHand, prices);

const portsOf = ({ provider, attempts }: Awaited<ReturnType<typeof givenCheckoutShop>>) => ({
  gateways: provider.gateways,
  attempts,
});

test('a cart becomes an order: numbered, with its goods held, its snapshot kept and its payment open', async () => {
  const { shop, variantId, ordersOf, stock, eventsOf } = await given();
  const cart = await shop.fullCart([{ variantId, quantity: 2 }]);
  await shop.set('orders', { numberPrefix: 'SK-', numberStart: 500 });
  await shop.set('payment', { manualInstructions: 'Pay into 0123.' });
  const { order, payment } = await cart.order();
  expect(order).toMatchObject({
    number: 'SK-500',
    lifecycle: 'pending',
    paymentStatus: 'unpaid',
    fulfilmentStatus: 'none',
    paymentProvider: 'manual',
    totals: { subtotal: { amount: 5_000 }, shipping: { amount: 1_500 }, total: { amount: 6_500, currency: 'NGN' } },
    lines: [
      { title: 'Adire scarf', quantity: 2, unitPrice: { amount: 2_500 }, total: { amount: 5_000 }, cancelled: 0 },
    ],
    shippingLines: [{ name: 'Courier', total: { amount: 1_500 } }],
    shippingAddress: { city: 'Lagos' },
  });
  expect(order.token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(payment).toMatchObject({
    provider: 'manual',
    status: 'pending',
    redirectUrl: null,
    instructions: 'Pay into 0123.',
  });
  expect(await ordersOf()).toMatchObject([{ number: 'SK-500', total: '6500' }]);
  expect(await stock()).toEqual({ onHand: 10, reserved: 2 });
  expect(await eventsOf()).toEqual(['order.placed 1']);
  const [event] =
    await db.admin`select data->'order'->>'number' as number, data->'order'->'totals'->'total'->>'amount' as total
    from events where company_id = ${shop.companyId} and type = 'order.placed'`;
  expect(event).toEqual({ number: 'SK-500', total: '6500' });
  const [held] = await db.admin`select expires_at > now() + interval '71 hours' as "isLong" from stock_reservations
    where company_id = ${shop.companyId}`;
  expect(held).toEqual({ isLong: true });
  const stored = await db.admin`select token_hash from orders where company_id = ${shop.companyId}`;
  expect(JSON.stringify(stored)).not.toContain(order.token);
});

test('numbers of a company follow each other, and a higher start takes over', async () => {
  const { shop, variantId } = await given();
  const numbers: string[] = [];
  for (const start of [1_001, 1_001, 5_000, 1_001]) {
    await shop.set('orders', { numberStart: start });
    numbers.push((await (await shop.fullCart([{ variantId }])).order()).order.number);
  }
  expect(numbers).toEqual(['1001', '1002', '5000', '5001']);
});

test('another total than the shopper was shown is refused with what changed, and nothing is placed', async () => {
  const { shop, variantId, ordersOf, stock } = await given();
  const cart = await shop.fullCart([{ variantId }]);
  const expectedTotal = await cart.total();
  await db.admin`update prices set amount = 3000 where company_id = ${shop.companyId} and variant_id = ${variantId}`;
  await raiseVersion(db, shop.companyId);
  await expect(cart.order({ expectedTotal })).rejects.toMatchObject({
    status: 409,
    code: 'total_changed',
    faults: [
      { pointer: '/expectedTotal', message: 'The total is 45.00 NGN now, not 40.00 NGN.' },
      { code: 'price_changed', message: 'Adire scarf costs 30.00 NGN now, not 25.00 NGN.' },
    ],
  });
  await expect(cart.order({ expectedTotal: { ...(await cart.total()), currency: 'GHS' } })).rejects.toMatchObject({
    code: 'total_changed',
  });
  expect(await ordersOf()).toEqual([]);
  expect(await stock()).toEqual({ onHand: 10, reserved: 0 });
});

test('all that is missing is named at once, each with its way out', async () => {
  const { shop, variantId } = await given();
  const session = shop.shopper();
  const cart = await shop.cart({}, session);
  await shop.as(session, (ctx) => addLine(ctx, cart.at, { variantId, quantity: 1 }));
  await shop.set('checkout', { allowGuests: false, requirePhone: true });
  const body = { paymentProvider: 'manual', expectedTotal: { amount: 2_500, currency: 'NGN' } } as const;
  const order = (asked: Session) => checkout(db.app.run, portsOf(shop), asked, cart.id, cart.access, body);
  await expect(order(shop.asking(session))).rejects.toMatchObject({
    status: 409,
    code: 'checkout_incomplete',
    faults: [
      { pointer: '/shippingAddress' },
      { pointer: '/shippingOption' },
      { pointer: '/email' },
      { pointer: '/customer' },
      { pointer: '/phone' },
    ],
  });
  await expect(order(session)).rejects.toMatchObject({ status: 400, code: 'idempotency_key_required' });
});

test("another company's cart, and a cart without its token, are not there", async () => {
  const { shop, variantId } = await given();
  const cart = await shop.fullCart([{ variantId }]);
  const other = await givenCheckoutShop(db);
  const body = { paymentProvider: 'manual', expectedTotal: await cart.total() } as const;
  const nowhere = { status: 404, code: 'not_found' };
  await expect(
    checkout(db.app.run, portsOf(shop), other.asking(other.shopper()), cart.id, cart.access, body),
  ).rejects.toMatchObject(nowhere);
  const noToken = { tokenHash: null, customerId: null };
  await expect(
    checkout(db.app.run, portsOf(shop), shop.asking(cart.session), cart.id, noToken, body),
  ).rejects.toMatchObject(nowhere);
});

test('nothing to pay needs no provider: the order is open at once, its goods held for good, its cart closed', async () => {
  const { shop, variantId, stock } = await given(10, { NGN: 0 });
  await db.admin`update shipping_rates set amount = 0 where company_id = ${shop.companyId}`;
  await raiseVersion(db, shop.companyId);
  const cart = await shop.fullCart([{ variantId }]);
  const { order, payment } = await cart.order({ paymentProvider: undefined });
  expect(order).toMatchObject({
    lifecycle: 'open',
    paymentStatus: 'not_required',
    expiresAt: null,
    paymentProvider: null,
  });
  expect(payment).toBeNull();
  expect((await cart.scene()).cart.status).toBe('ordered');
  expect(await stock()).toEqual({ onHand: 10, reserved: 1 });
});

test('something to pay needs a provider that the shop has, one that takes the currency', async () => {
  const { shop, variantId } = await given();
  const cart = await shop.fullCart([{ variantId }]);
  await expect(cart.order({ paymentProvider: undefined })).rejects.toMatchObject({ code: 'payment_provider_required' });
  await db.admin`delete from payment_providers where company_id = ${shop.companyId} and provider = 'manual'`;
  await expect(cart.order()).rejects.toMatchObject({ status: 422, code: 'payment_provider_not_set_up' });
  (shop.provider.gateway as { currencies: readonly string[] }).currencies = ['GHS'];
  await expect(cart.online()).rejects.toMatchObject({ status: 422, code: 'currency_not_charged' });
});

test('cash on delivery confirms the order at once and lets it wait without an end', async () => {
  const { shop, variantId } = await given();
  await shop.set('payment', { manualKind: 'cash_on_delivery' });
  const cart = await shop.fullCart([{ variantId }]);
  const { order, payment } = await cart.order();
  expect(order).toMatchObject({ lifecycle: 'open', paymentStatus: 'unpaid', expiresAt: null });
  expect(payment).toMatchObject({ provider: 'manual', status: 'pending' });
  const again = await cart.order({ expectedTotal: { amount: 1, currency: 'NGN' } });
  expect(again.order).toMatchObject({ id: order.id, lifecycle: 'open' });
  expect(again.order.token).not.toBe(order.token);
});

test.each([
  ['JPY', 1_250, 1_250 + 150],
  ['KWD', 1_234, 1_234 + 1_500],
])('an order in %s keeps its minor units', async (currency, price, total) => {
  const { shop, variantId } = await given(10, { [currency]: price });
  await shop.set('general', { currencies: [currency] });
  const cart = await shop.fullCart([{ variantId }], { start: { currency } });
  const { order } = await cart.order();
  expect(order.totals.total).toEqual({ amount: total, currency });
});

test('an online order gets the page of its provider, and after a decline a new one under a new reference', async () => {
  const { shop, variantId, ordersOf } = await given();
  const { provider } = shop;
  const cart = await shop.fullCart([{ variantId }]);
  provider.next.push('refused');
  await expect(cart.online()).rejects.toMatchObject({ status: 422, code: 'payment_refused' });
  const { order, payment } = await cart.online();
  expect(payment).toMatchObject({ provider: 'paystack', status: 'pending' });
  expect(payment?.redirectUrl).toMatch(/^https:\/\/pay\.example\.com\/patt-/);
  const byTransfer = await cart.order();
  expect(byTransfer.order.id).toBe(order.id);
  expect(byTransfer.payment).toMatchObject({ provider: 'manual', redirectUrl: null });
  expect(await ordersOf()).toHaveLength(1);
  expect(new Set(provider.started.map(({ reference }) => reference)).size).toBe(provider.started.length);
  expect(provider.started[0]?.metadata).toMatchObject({ orderId: order.id, orderNumber: order.number });
});

test('a provider that does not answer leaves the order waiting, and asking again with the same key goes on with it', async () => {
  const { shop, variantId, ordersOf, stock } = await given();
  const cart = await shop.fullCart([{ variantId }]);
  shop.provider.next.push('unreachable', 'unreachable');
  await expect(cart.online({}, 'k1')).rejects.toMatchObject({ status: 503, code: 'payment_unavailable' });
  const { payment } = await cart.online({}, 'k1');
  expect(payment?.redirectUrl).toMatch(/patt-/);
  shop.provider.next.push('unreachable');
  const cart2 = await shop.fullCart([{ variantId }]);
  expect((await cart2.online()).payment?.redirectUrl).toMatch(/patt-/);
  expect(await ordersOf()).toHaveLength(2);
  expect(await stock()).toMatchObject({ reserved: 2 });
});

test('a crash after the order was stored is taken up by the repeated request', async () => {
  const { shop, variantId, ordersOf } = await given();
  const cart = await shop.fullCart([{ variantId }]);
  const expectedTotal = await cart.total();
  const body = { paymentProvider: 'paystack', returnUrl: 'https://shop.example.com/', expectedTotal } as const;
  const asked = shop.asking(cart.session, 'k1');
  const first: Session = { ...asked, idempotency: asked.idempotency && { ...asked.idempotency, part: 'first' } };
  const chargeable = new Map([['paystack', ['NGN']]] as const);
  const begun = await db.app.run(first, (ctx) =>
    beginCheckout(ctx, { cartId: cart.id, access: cart.access, body, chargeable }),
  );
  await db.admin`update idempotency_keys set leased_until = now() where company_id = ${shop.companyId}`;
  const { order, payment } = await cart.online({ returnUrl: body.returnUrl }, 'k1');
  expect(order.id).toBe(begun.order.id);
  expect(payment?.redirectUrl).toMatch(/patt-/);
  expect(await ordersOf()).toHaveLength(1);
});

test('a cart that was changed becomes a new order; the old one is superseded and its goods go over', async () => {
  const { shop, variantId, ordersOf, stock, eventsOf } = await given(3);
  const cart = await shop.fullCart([{ variantId, quantity: 2 }]);
  const first = await cart.online();
  const [line] = (await cart.scene()).basket.lines;
  await shop.as(cart.session, (ctx) => changeLine(ctx, cart.at, line?.id as never, { quantity: 3 }));
  const second = await cart.online();
  expect(second.order.id).not.toBe(first.order.id);
  expect(await ordersOf()).toMatchObject([
    { id: first.order.id, lifecycle: 'cancelled', supersededBy: second.order.id },
    { id: second.order.id, lifecycle: 'pending', supersededBy: null },
  ]);
  expect(await stock()).toEqual({ onHand: 3, reserved: 3 });
  expect(await eventsOf()).toEqual(['order.placed 1', 'order.cancelled 2', 'order.placed 1']);
  await shop.as(cart.session, (ctx) => changeLine(ctx, cart.at, line?.id as never, { quantity: 4 }));
  await expect(cart.online()).rejects.toMatchObject({ code: 'insufficient_stock' });
  expect((await ordersOf())[1]).toMatchObject({ lifecycle: 'pending' });
  expect(await stock()).toEqual({ onHand: 3, reserved: 3 });
});

test('a paid order closes its cart, and checking out again answers that order', async () => {
  const { shop, variantId, ordersOf, eventsOf } = await given();
  const cart = await shop.fullCart([{ variantId }]);
  const { order } = await cart.order();
  const total = BigInt(order.totals.total.amount);
  const { isLate } = await shop.as(shop.system, (ctx) =>
    markPaid(ctx, order.id as Id<'ord'>, { paidTotal: total, refundedTotal: 0n }),
  );
  expect(isLate).toBe(false);
  expect((await cart.scene()).cart.status).toBe('ordered');
  const again = await cart.order({ expectedTotal: { amount: 7, currency: 'NGN' } });
  expect(again.order).toMatchObject({ id: order.id, lifecycle: 'open', paymentStatus: 'paid', expiresAt: null });
  expect((await cart.scene()).cart.status).toBe('ordered');
  expect(await ordersOf()).toHaveLength(1);
  expect(await eventsOf()).toEqual(['order.placed 1', 'order.paid 2']);
  const [held] = await db.admin`select expires_at from stock_reservations where company_id = ${shop.companyId}`;
  expect(held).toEqual({ expires_at: null });
});

test('browsers are sent back to the shop alone', async () => {
  const { shop, variantId } = await given();
  await shop.set('storefront', { url: 'https://shop.example.com/en', allowedOrigins: ['http://localhost'] });
  const cart = await shop.fullCart([{ variantId }]);
  await expect(cart.online({ returnUrl: undefined })).rejects.toMatchObject({
    status: 422,
    code: 'return_url_required',
  });
  for (const returnUrl of [
    'https://evil.example.com/',
    'http://shop.example.com/',
    'https://user:word@shop.example.com/',
    'javascript:alert(1)',
    '//shop.example.com',
    'https://shop.example.com.evil.example/',
  ])
    await expect(cart.online({ returnUrl })).rejects.toMatchObject({ status: 422, code: 'return_url_not_allowed' });
  await expect(cart.online({ returnUrl: 'http://localhost:3000/thanks' })).resolves.toBeDefined();
  await expect(cart.online({ returnUrl: 'https://shop.example.com/thanks' })).resolves.toBeDefined();
});

test('a whole checkout by transfer is nine statements, and at most twice as many where it takes the last of something', async () => {
  const { shop, variantId } = await given(100);
  const few = await shop.product({ variants: [{ onHand: 3 }] });
  const statementsOf = async (wanted: Id<'var'>) => {
    const cart = await shop.fullCart([{ variantId: wanted, quantity: 3 }]);
    const body = { paymentProvider: 'manual', expectedTotal: await cart.total() } as const;
    const { run, counted } = countingRun(db.app.run);
    await checkout(run, portsOf(shop), shop.asking(cart.session), cart.id, cart.access, body);
    return counted.statements;
  };
  expect(await statementsOf(variantId)).toBe(9);
  expect(await statementsOf(few.variants[0] as Id<'var'>)).toBeLessThanOrEqual(18);
});

test('what the unpaid order of a cart holds is there for that cart, and for no other', async () => {
  const { shop, variantId } = await given(2);
  const cart = await shop.fullCart([{ variantId, quantity: 2 }]);
  await cart.online();
  const other = await shop.fullCart([{ variantId }]);
  const availableOf = async ({ lines }: CartScene) => [...lines.values()].map(({ available }) => available);
  expect(await availableOf(await cart.scene())).toEqual([2]);
  expect(warningsOf(await cart.scene())).toEqual([]);
  expect(await availableOf(await other.scene())).toEqual([0]);
});

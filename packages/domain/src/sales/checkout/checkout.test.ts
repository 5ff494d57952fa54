import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { addressKey, limitOf } from '../../identity/sessions/attempts.ts';
import type { Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { newDiscount } from '../../pricing/discounts/discounts.contract.ts';
import { createDiscount } from '../../pricing/discounts/discounts.service.ts';
import { givenCheckoutShop } from '../../testing/checkout-shop.ts';
import { useDatabase } from '../../testing/database.ts';
import { raiseVersion } from '../../testing/listed-goods.ts';
import { gate, somebodyWaits } from '../../testing/lock-waits.ts';
import { warmUp } from '../../testing/people.ts';
import { countingRun } from '../../testing/statement-count.ts';
import { addCode } from '../carts/cart-codes.service.ts';
import { addLine, changeLine } from '../carts/cart-lines.service.ts';
import type { CartScene } from '../carts/cart-scene.service.ts';
import { warningsOf } from '../carts/cart-warnings.ts';
import { setEmail } from '../carts/carts.service.ts';
import { markPaid } from '../orders/paid.service.ts';
import { checkout } from './checkout.flow.ts';
import { beginCheckout } from './checkout.service.ts';

const db = useDatabase();

const portsOf = ({ provider, attempts }: Awaited<ReturnType<typeof givenCheckoutShop>>) => ({
  gateways: provider.gateways,
  attempts,
});

async function given(onHand = 10, prices: Record<string, number> = { NGN: 2_500 }) {
  const shop = await givenCheckoutShop(db);
  const product = await shop.product({ title: 'Adire scarf', prices, variants: [{ onHand }] });
  const [variantId] = product.variants;
  if (!variantId) throw new Error('There is no variant');
  const { companyId } = shop;
  const ordersOf = () => db.admin<
    { id: string; number: string; lifecycle: string; total: string; cartVersion: number; supersededBy: string | null }[]
  >`select id, number, lifecycle, total::text, cart_version as "cartVersion", superseded_by_id as "supersededBy"
    from orders where company_id = ${companyId} order by id`;
  const stock = async () => {
    const [level] = await db.admin<{ onHand: number; reserved: number }[]>`
      select on_hand as "onHand", reserved from stock_levels where company_id = ${companyId} and variant_id = ${variantId}`;
    return level;
  };
  const eventsOf = async () =>
    (
      await db.admin<{ type: string; sequence: number }[]>`
        select type, sequence from events where company_id = ${companyId} and type like 'order.%' order by id`
    ).map(({ type, sequence }) => `${type} ${sequence}`);
  return { shop, variantId, ordersOf, stock, eventsOf };
}

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

test('whoever is beaten to the goods by a moment is told what is left, and no number is lost', async () => {
  const { shop, variantId, ordersOf, stock } = await given(100);
  await warmUp(db);
  const [slow, quick] = [await shop.fullCart([{ variantId, quantity: 50 }]), await shop.fullCart([{ variantId }])];
  const first = await quick.order();
  // Sixty of those that are left are taken, and the checkout, which saw 99, waits for their level.
  const [held, taken] = [gate(), gate()];
  const holding = db.admin.begin(async (tx) => {
    await tx`update stock_levels set reserved = reserved + 60
      where company_id = ${shop.companyId} and variant_id = ${variantId}`;
    held.open();
    await taken.passed;
  });
  await held.passed;
  const refused = expect(slow.order()).rejects.toMatchObject({
    code: 'insufficient_stock',
    faults: [{ code: 'insufficient_stock', message: 'Adire scarf: 39 are left, not 50. Lower its quantity.' }],
  });
  await somebodyWaits(db);
  taken.open();
  await Promise.all([holding, refused]);
  expect(await stock()).toEqual({ onHand: 100, reserved: 61 });
  const next = await (await shop.fullCart([{ variantId }])).order();
  expect(Number(next.order.number)).toBe(Number(first.order.number) + 1);
  expect(await ordersOf()).toHaveLength(2);
});

test('whoever takes the last of something holds up nobody who orders something else', async () => {
  const { shop, variantId } = await given(1);
  const other = await shop.product({ variants: [{ onHand: 100 }] });
  await warmUp(db);
  const last = await shop.fullCart([{ variantId }]);
  const unrelated = await shop.fullCart([{ variantId: other.variants[0] as Id<'var'> }]);
  // An import, say, is about to tell what can be had of the product.
  const [held, told] = [gate(), gate()];
  const holding = db.admin.begin(async (tx) => {
    await tx`update product_availability set is_available = true where company_id = ${shop.companyId} and product_id =
      (select product_id from product_variants where id = ${variantId})`;
    held.open();
    await told.passed;
  });
  await held.passed;
  const waiting = last.order();
  await somebodyWaits(db);
  expect((await unrelated.order()).order.number).toBe('1001');
  told.open();
  await holding;
  expect((await waiting).order.number).toBe('1002');
});

test('of two checkouts at once, with one key or two, there is one order', async () => {
  const { shop, variantId, ordersOf, stock } = await given();
  await warmUp(db);
  for (const keys of [
    ['same', 'same'],
    ['one', 'two'],
  ]) {
    const cart = await shop.fullCart([{ variantId }]);
    const expectedTotal = await cart.total();
    const before = (await ordersOf()).length;
    const outcomes = await Promise.allSettled(keys.map((key) => cart.order({ expectedTotal }, `${cart.id}-${key}`)));
    const ids = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value.order.id : []));
    expect(new Set(ids).size).toBe(1);
    expect((await ordersOf()).length).toBe(before + 1);
  }
  expect(await stock()).toEqual({ onHand: 10, reserved: 2 });
});

test('40 buyers of 10: ten orders, thirty clear refusals, and the counters are right', async () => {
  const { shop, variantId, ordersOf, stock } = await given(10);
  const carts = [];
  for (let n = 0; n < 40; n++) carts.push(await shop.fullCart([{ variantId }]));
  const expectedTotal = await carts[0]?.total();
  await warmUp(db);
  const outcomes = await Promise.allSettled(carts.map((cart) => cart.order({ expectedTotal })));
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  expect(refused.map(({ code, status }) => `${status} ${code}`)).toEqual(Array(30).fill('409 insufficient_stock'));
  const placed = await ordersOf();
  expect(placed).toHaveLength(10);
  expect(new Set(placed.map(({ number }) => number)).size).toBe(10);
  expect(await stock()).toEqual({ onHand: 10, reserved: 10 });
}, 60_000);

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

test('a payment that arrives while the shopper checks out again ends in one paid order, however the two meet', async () => {
  const { shop, variantId, ordersOf, stock } = await given(100);
  await warmUp(db);
  for (let n = 0; n < 12; n++) {
    const cart = await shop.fullCart([{ variantId }]);
    const { order } = await cart.online();
    const expectedTotal = order.totals.total;
    const id = order.id as Id<'ord'>;
    const pay = shop.as(shop.system, async (ctx) => {
      // As a settlement does: payment, then order.
      await ctx.tx.execute(
        sql`select id from payments where company_id = ${shop.companyId} and order_id = ${id} for update`,
      );
      return markPaid(ctx, id, { paidTotal: BigInt(expectedTotal.amount), refundedTotal: 0n });
    });
    const [again, paid] = await Promise.allSettled([
      n % 2 ? cart.online({ expectedTotal }) : cart.order({ expectedTotal }),
      pay,
    ]);
    expect(paid).toMatchObject({ status: 'fulfilled', value: { isLate: false } });
    if (again.status === 'fulfilled') expect(again.value.order.id).toBe(id);
    // Between the two units of work of the second checkout the payment may be over.
    else expect(again.reason).toMatchObject({ status: 409 });
    const last = await cart.order({ expectedTotal });
    expect(last.order).toMatchObject({ id, lifecycle: 'open', paymentStatus: 'paid' });
    expect((await cart.scene()).cart.status).toBe('ordered');
  }
  expect(await ordersOf()).toHaveLength(12);
  expect(await stock()).toEqual({ onHand: 100, reserved: 12 });
}, 60_000);

/** A code that takes so much off the order, beside others of the kind. */
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

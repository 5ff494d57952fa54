import { seedAccess } from '@souk/domain/company/iam/access-seed.service';
import { mintKey } from '@souk/domain/identity/api-keys/api-keys.service';
import { allPermissions } from '@souk/domain/kernel/access';
import { type Id, newId } from '@souk/domain/kernel/ids';
import type { CheckoutView } from '@souk/domain/sales/checkout/checkout.contract';
import { workOnNotice } from '@souk/domain/sales/payments/notices.flow';
import { setUpPaymentProvider } from '@souk/domain/sales/payments/payment-providers.service';
import type { VerificationView } from '@souk/domain/sales/payments/payments.contract';
import { reconcileShare } from '@souk/domain/sales/payments/reconciliation.flow';
import { giveBack } from '@souk/domain/sales/payments/refunds.flow';
import { givenCheckoutShop } from '@souk/domain/testing/checkout-shop';
import { useDatabase } from '@souk/domain/testing/database';
import { countingRun } from '@souk/domain/testing/statement-count';
import { startPaystackSimulator } from '@souk/local/paystack-simulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootStorefront } from '../testing/boot-storefront.ts';

const SEED = 7;
const simulator = await startPaystackSimulator({
  seed: SEED,
  hookDelayMs: 1,
  hookRetryMs: [20, 20, 20],
  refundStepMs: 5,
});
const db = useDatabase();
const api = bootStorefront(db, { PAYSTACK_URL: simulator.url });
let address = '';
beforeAll(async () => {
  await api.app.listen(0, '127.0.0.1');
  address = await api.app.getUrl();
});
afterAll(() => simulator.close());

interface Problem {
  status: number;
  code: string;
}

let shops = 0;

/** A shop on the simulator, and carts in it that are ready to be paid. */
async function givenShop() {
  const shop = await givenCheckoutShop(db);
  const { run } = api.parts.database;
  const secretKey = `sk_live_${String(++shops).padStart(10, '0')}abcdef`;
  await run(shop.system, (ctx) => setUpPaymentProvider(ctx, 'paystack', { secretKey }));
  simulator.control.setWebhook(secretKey, `${address}/v1/hooks/${shop.companyId}/paystack`);
  const maker = { ...shop.system, permissions: new Set<string>(allPermissions().map(({ name }) => name)) };
  const { key } = await run(maker, async (ctx) => {
    await seedAccess(ctx);
    return mintKey(ctx, {
      name: 'A key',
      type: 'publishable',
      scopes: ['carts.write', 'checkout.write', 'orders.read'],
    });
  });
  const shirt = await shop.product({ title: 'Shirt', variants: [{ onHand: 100, prices: { NGN: 2_500 } }] });
  const variantId = shirt.variants[0] as Id<'var'>; // it has one
  const call = api.call;
  const begin = async () => {
    const cart = await shop.fullCart([{ variantId }]);
    const { status, body, text } = await call<CheckoutView>('POST', `/v1/carts/${cart.id}/checkout`, {
      key,
      headers: { 'x-cart-token': cart.token, 'idempotency-key': newId('evt') },
      body: {
        paymentProvider: 'paystack',
        returnUrl: 'https://shop.example/thanks',
        expectedTotal: await cart.total(),
      },
    });
    if (status !== 201 || !body.payment) throw new Error(text);
    const { order, payment } = body;
    const told = { 'x-order-token': order.token };
    return {
      order,
      payment,
      reference: referenceOf(payment.redirectUrl),
      show: () => call<CheckoutView['order']>('GET', `/v1/orders/${order.id}`, { key, headers: told }),
      verify: (headers: Record<string, string> = told) =>
        call<VerificationView & Problem>('POST', `/v1/payments/${payment.id}/verification`, { key, headers }),
    };
  };
  const { gateways } = api.parts;
  const { companyId } = shop.system;
  const work = async () => {
    await simulator.control.settled();
    while (await workOnNotice(run, gateways, shop.system));
  };
  const reconcile = async () => {
    await db.admin`update payment_attempts set next_check_at = now() where company_id = ${companyId} and next_check_at is not null`;
    await db.admin`update refunds set next_check_at = now() where company_id = ${companyId} and next_check_at is not null`;
    await db.admin`update payment_notices set due_at = now() where company_id = ${companyId} and status = 'waiting'`;
    while (await workOnNotice(run, gateways, shop.system));
    while (await reconcileShare(run, gateways, shop.system));
  };
  return { shop, key, secretKey, begin, work, reconcile, gateways, call };
}

/** The page's address ends with the access code; the newest charge with it is the one. */
const referenceOf = (redirectUrl: string | null | undefined): string => {
  const newest = simulator.control.charges().at(-1);
  if (!redirectUrl || !newest) throw new Error('Nothing was begun');
  return newest.reference;
};

test('a shopper pays on the page, the webhook settles, the browser that comes back changes nothing', async () => {
  const { begin, work } = await givenShop();
  const { reference, verify, show, payment } = await begin();
  expect(payment).toMatchObject({ status: 'pending', provider: 'paystack' });
  const page = await fetch(payment.redirectUrl ?? '');
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Pay')]);
  expect((await verify()).body).toMatchObject({ order: { paymentStatus: 'unpaid' }, payment: { status: 'pending' } });
  simulator.control.settle(reference, 'pay');
  await work();
  expect((await show()).body).toMatchObject({ lifecycle: 'open', paymentStatus: 'paid' });
  expect((await verify()).body).toMatchObject({ order: { paymentStatus: 'paid' }, payment: { status: 'paid' } });
  expect(
    (await db.admin`select id from events where type = 'order.paid' and aggregate_id = ${(await show()).body.id}`)
      .length,
  ).toBe(1);
});

test('a payment opens to whoever has the order, and to nobody else: the same bytes as one that is not there', async () => {
  const { begin, key, call } = await givenShop();
  const { verify, payment } = await begin();
  const nobody = await call<Problem>('POST', `/v1/payments/${newId('pay')}/verification`, { key });
  for (const headers of [{}, { 'x-order-token': 'guess' }] as Record<string, string>[]) {
    const { status, body } = await verify(headers);
    expect([status, { ...body, requestId: '' }]).toEqual([404, { ...nobody.body, requestId: '' }]);
  }
  const other = await givenShop();
  const foreign = await call<Problem>('POST', `/v1/payments/${payment.id}/verification`, { key: other.key });
  expect({ ...foreign.body, requestId: '' }).toEqual({ ...nobody.body, requestId: '' });
});

test('a webhook is taken with its signature only, as bytes of any type, and 256 KiB at most', async () => {
  const { shop, call } = await givenShop();
  const path = `/v1/hooks/${shop.companyId}/paystack`;
  const headers = { 'x-paystack-signature': '0'.repeat(128) };
  const send = (to: string, body: unknown, more = {}) =>
    call<Problem>('POST', to, { body, headers: { ...headers, ...more } });
  expect((await send(path, { event: 'charge.success' })).body.code).toBe('signature_invalid');
  expect((await call<Problem>('POST', path, {})).status).toBe(401);
  for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'a strange one'])
    expect([type, (await send(path, '{"broken', { 'content-type': type })).status]).toEqual([type, 401]);
  expect((await send(path, 'x'.repeat(262_145))).status).toBe(413);
  expect((await send(path, 'x'.repeat(262_144))).status).toBe(401);
  const nowhere = await send(`/v1/hooks/${newId('com')}/paystack`, {});
  expect([nowhere.status, nowhere.body.code]).toEqual([404, 'not_found']);
  for (const to of [
    '/v1/hooks/com_x/paystack',
    `/v1/hooks/${shop.companyId}/stripe`,
    `/v1/hooks/${shop.companyId}/manual`,
  ])
    expect({ ...(await send(to, {})).body, requestId: '' }).toEqual({ ...nowhere.body, requestId: '' });
  expect(await db.admin`select id from payment_notices where company_id = ${shop.companyId}`).toHaveLength(0);
  // Nobody makes another route take bytes by our own name for them.
  const strange = await call<Problem>('POST', `/v1/carts/${newId('cart')}/checkout`, {
    body: '{}',
    headers: { 'content-type': 'application/x-souk-bytes' },
  });
  expect([401, 415]).toContain(strange.status);
});

test('an answer that is lost after the provider began still gives a page that works', async () => {
  const { begin, work } = await givenShop();
  simulator.control.addFault({ on: 'initialize', kind: '500-after' });
  const { reference, show } = await begin();
  simulator.control.settle(reference, 'pay');
  await work();
  expect((await show()).body).toMatchObject({ paymentStatus: 'paid' });
});

test('whatever the provider does with its webhooks, every charge pays its order once and nothing else does', async () => {
  const { shop, begin, work, reconcile, gateways } = await givenShop();
  const { control } = simulator;
  control.addFault({ on: 'hook', kind: 'duplicate', times: 6, countMax: 4 });
  control.addFault({ on: 'hook', kind: 'reorder', times: 3, ms: 5 });
  control.addFault({ on: 'hook', kind: 'lost', times: 4 });
  control.addFault({ on: 'hook', kind: 'bad-signature', times: 2 });
  control.addFault({ on: 'hook', kind: 'wrong-amount', times: 2 });
  control.addFault({ on: 'verify', kind: '500-before', times: 3 });
  const begun = [];
  for (let at = 0; at < 14; at++) begun.push(await begin());
  for (const [at, { reference }] of begun.entries()) control.settle(reference, at % 4 === 3 ? 'decline' : 'pay');
  const ways = begun.slice(0, 6).map(({ verify }) => verify());
  await Promise.all([work(), work(), ...ways]);
  await work();
  await reconcile();
  await reconcile();
  control.clearFaults();
  for (const [at, { show, reference }] of begun.entries()) {
    const { body } = await show();
    const isPaid = at % 4 !== 3;
    expect([at, body.paymentStatus]).toEqual([at, isPaid ? 'paid' : 'unpaid']);
    expect(control.charge(reference).charges).toBe(isPaid ? 1 : 0);
  }
  expect(
    await db.admin`select number from orders where company_id = ${shop.system.companyId} and needs_review`,
  ).toEqual([]);
  const refunded = begun.slice(0, 3);
  const staff = { ...shop.system, actor: { type: 'staff', id: newId('stf') } as const };
  for (const { payment } of refunded) {
    const idempotency = { key: payment.id, route: 'r', digest: 'd' };
    const wish = { amount: 1_000, reason: 'A gesture' };
    const refund = await giveBack(
      api.parts.database.run,
      gateways,
      { ...staff, idempotency },
      payment.id as Id<'pay'>,
      wish,
    );
    expect(refund.status).toBe('pending');
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  await work();
  await reconcile();
  for (const { reference, show } of refunded) {
    expect((await show()).body).toMatchObject({ paymentStatus: 'partially_refunded' });
    expect(control.charge(reference).refunded).toBe(1_000);
  }
  const [sums] = await db.admin`select sum(captured)::int as captured, sum(refunded)::int as refunded,
    sum(refunds_total)::int as promised from payments where company_id = ${shop.companyId}`;
  expect(sums).toEqual({ captured: 11 * 4_000, refunded: 3_000, promised: 3_000 });
});

test('a charge whose amount, currency or mode is not ours never pays', async () => {
  const { begin, reconcile } = await givenShop();
  for (const kind of ['wrong-amount', 'wrong-currency', 'wrong-domain'] as const) {
    const { reference, show, verify } = await begin();
    simulator.control.addFault({ on: 'verify', kind, reference, times: 'always' });
    simulator.control.settle(reference, 'pay');
    await verify();
    await reconcile();
    expect((await show()).body).toMatchObject({ lifecycle: 'pending', paymentStatus: 'unpaid' });
  }
  simulator.control.clearFaults();
});

test('what a payment costs in statements besides its checkout stays small', async () => {
  const { shop, begin, gateways } = await givenShop();
  const { reference } = await begin();
  const { run, counted } = countingRun(api.parts.database.run);
  simulator.control.settle(reference, 'pay');
  await simulator.control.settled();
  expect(await workOnNotice(run, gateways, shop.system)).toBe(true);
  // Lease, attempt, credentials, settlement with order, stock, cart, events and audit.
  expect(counted.statements).toBeLessThanOrEqual(13);
});

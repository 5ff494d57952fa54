import { newId } from '@souk/domain/kernel/ids';
import { startPayment } from '@souk/domain/sales/payments/checkout-payment.flow';
import { setUpPaymentProvider } from '@souk/domain/sales/payments/payment-providers.service';
import { reconcileShare } from '@souk/domain/sales/payments/reconciliation.flow';
import { useDatabase } from '@souk/domain/testing/database';
import { givenOrder, type OrderWish } from '@souk/domain/testing/payable-orders';
import { startPaystackSimulator } from '@souk/local/paystack-simulator';
import { givenShopAtDoor } from '@souk/platform/testing/given-keys';
import { afterAll, expect, test } from 'vitest';
import { bootAdmin } from '../testing/boot-admin.ts';

const simulator = await startPaystackSimulator({ refundStepMs: null });
const db = useDatabase();
const admin = bootAdmin(db, { PAYSTACK_URL: simulator.url });
afterAll(() => simulator.close());

interface Refund {
  id: string;
  status: string;
  amount: { amount: number };
}
interface Payment {
  id: string;
  status: string;
  refundable: { amount: number };
  attempts: unknown[];
  transactions: unknown[];
  refunds: Refund[];
  code: string;
  data: { id: string }[];
  page: { next: string | null };
}

async function givenShop() {
  const shop = await givenShopAtDoor(db, admin);
  const { run } = admin.parts.database;
  const secretKey = `sk_live_${shop.companyId.slice(-12)}`;
  await run(shop.system, (ctx) => setUpPaymentProvider(ctx, 'paystack', { secretKey }));
  const { token } = await shop.loggedIn('owner');
  const reconcile = async () => {
    await db.admin`update payment_attempts set next_check_at = now() where company_id = ${shop.companyId} and next_check_at is not null`;
    await db.admin`update refunds set next_check_at = now() where company_id = ${shop.companyId} and next_check_at is not null`;
    while (await reconcileShare(run, admin.parts.gateways, shop.system));
  };
  const paid = async (wish: OrderWish = {}) => {
    const order = await givenOrder(db, shop.system, wish);
    const { paymentId, attemptId } = order;
    const start = { paymentId, attemptId, provider: 'paystack' as const, returnUrl: 'https://shop.example/thanks' };
    await startPayment(run, admin.parts.gateways, { ...shop.system, isShopper: true }, start);
    const reference = simulator.control.charges().at(-1)?.reference ?? '';
    simulator.control.settle(reference, 'pay');
    await reconcile();
    return { ...order, reference };
  };
  const call = <Body = Payment>(method: string, path: string, body?: unknown, key?: string) =>
    admin.call<Body>(method, path, {
      token,
      ...(body !== undefined && { body }),
      ...(key && { headers: { 'idempotency-key': key } }),
    });
  return { shop, token, paid, call, reconcile };
}

test('staff see a payment whole, list payments, and give back: previewed, once per key, followed to its end', async () => {
  const { paid, call, reconcile } = await givenShop();
  const { paymentId, reference, orderId, lineIds } = await paid({
    lines: [{ quantity: 3, total: 10_000n }],
    shipping: 700n,
  });
  const path = `/v1/payments/${paymentId}`;
  expect((await call('GET', path)).body).toMatchObject({
    status: 'paid',
    captured: { amount: 10_700 },
    attempts: [{ status: 'succeeded', reference }],
    transactions: [{ type: 'charge', status: 'succeeded', source: 'reconciler' }],
    refunds: [],
  });
  const wish = { lines: [{ orderLineId: lineIds[0], quantity: 1 }], shipping: true, reason: 'Broken' };
  expect((await call<Refund>('POST', `${path}/refund-preview`, wish)).body.amount.amount).toBe(4_033);
  expect((await call('POST', `${path}/refunds`, wish)).body).toMatchObject({
    status: 400,
    code: 'idempotency_key_required',
  });
  const first = await call<Refund>('POST', `${path}/refunds`, wish, 'r1');
  const again = await call<Refund>('POST', `${path}/refunds`, wish, 'r1');
  expect([first.status, first.body.status, again.text]).toEqual([201, 'pending', first.text]);
  expect(again.headers['idempotency-replayed']).toBe('true');
  const other = await call('POST', `${path}/refunds`, { amount: 1, reason: 'x' }, 'r1');
  expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  expect(simulator.control.charge(reference).refunds).toHaveLength(1);
  simulator.control.moveRefund(simulator.control.charge(reference).refunds[0]?.id ?? 0, 'processed');
  await reconcile();
  expect((await call<Refund>('GET', `/v1/refunds/${first.body.id}`)).body.status).toBe('succeeded');
  expect((await call('GET', `/v1/orders/${orderId}`)).body).toMatchObject({
    payment: { id: paymentId, status: 'partially_refunded', provider: 'paystack', refundable: { amount: 6_667 } },
    fulfilments: [],
  });
  const listed = await call('GET', `/v1/payments?orderId=${orderId}&status=partially_refunded&provider=paystack`);
  expect(listed.body.data).toMatchObject([{ id: paymentId, refundable: { amount: 6_667 } }]);
});

test('the list is paged, and unknown filters are refused', async () => {
  const { shop, call } = await givenShop();
  for (let at = 0; at < 3; at++) await givenOrder(db, shop.system);
  const first = (await call('GET', '/v1/payments?limit=2')).body;
  const rest = (await call('GET', `/v1/payments?limit=2&after=${first.page.next}`)).body;
  expect(new Set([...first.data, ...rest.data].map(({ id }) => id)).size).toBe(3);
  expect((await call('GET', '/v1/payments?state=x')).status).toBe(400);
});

test('two refunds of 60 of 100 at once over HTTP: one', async () => {
  const { paid, call } = await givenShop();
  const { paymentId, reference } = await paid();
  const give = (key: string) =>
    call<Refund>('POST', `/v1/payments/${paymentId}/refunds`, { amount: 6_000, reason: 'x' }, key);
  const both = await Promise.all([give('a'), give('b')]);
  expect(both.map(({ status }) => status).sort()).toEqual([201, 422]);
  expect(simulator.control.charge(reference).refunded).toBe(6_000);
});

test('cancelling a paid order gives its money back through the provider', async () => {
  const { paid, call, reconcile } = await givenShop();
  const { orderId, paymentId, reference } = await paid();
  const { status, body } = await call<{ order: { lifecycle: string }; refunds: Refund[] }>(
    'POST',
    `/v1/orders/${orderId}/cancellation`,
    { reason: 'Sold out' },
    'c1',
  );
  expect([status, body.order.lifecycle, body.refunds.length]).toEqual([201, 'cancelled', 1]);
  simulator.control.moveRefund(simulator.control.charge(reference).refunds[0]?.id ?? 0, 'processed');
  await reconcile();
  expect((await call('GET', `/v1/payments/${paymentId}`)).body).toMatchObject({ status: 'refunded' });
});

test('booking a transfer, giving back and looking have permissions of their own', async () => {
  const { shop } = await givenShop();
  const order = await givenOrder(db, shop.system, { provider: 'manual' });
  const path = `/v1/payments/${order.paymentId}`;
  const as = async (permissions: string[]) => (await shop.loggedInWith(permissions)).token;
  const send = (token: string, method: string, to: string, body?: unknown) =>
    admin.call<Payment>(method, to, {
      token,
      ...(body !== undefined && { body }),
      headers: { 'idempotency-key': newId('evt') },
    });
  const reader = await as(['payments.read']);
  expect((await send(reader, 'GET', path)).status).toBe(200);
  const settlement = { reference: 'TRF-1' };
  expect((await send(reader, 'POST', `${path}/manual-settlement`, settlement)).status).toBe(403);
  const settler = await as(['payments.read', 'payments.settle']);
  const settled = await send(settler, 'POST', `${path}/manual-settlement`, settlement);
  expect([settled.status, settled.body.status]).toEqual([201, 'paid']);
  expect((await send(settler, 'POST', `${path}/refunds`, { amount: 1, reason: 'x' })).status).toBe(403);
  const canceller = await as(['orders.read', 'orders.write']);
  const cancelled = await send(canceller, 'POST', `/v1/orders/${order.orderId}/cancellation`, { reason: 'x' });
  expect([cancelled.status, cancelled.body.code]).toEqual([403, 'permission_missing']);
});

test('payments, refunds and orders of another company are not there', async () => {
  const [mine, other] = [await givenShop(), await givenShop()];
  const { paymentId, orderId } = await mine.paid();
  const refund = await mine.call<Refund>(
    'POST',
    `/v1/payments/${paymentId}/refunds`,
    { amount: 100, reason: 'x' },
    'k',
  );
  const tries: [string, string, unknown][] = [
    ['GET', `/v1/payments/${paymentId}`, undefined],
    ['GET', `/v1/refunds/${refund.body.id}`, undefined],
    ['POST', `/v1/payments/${paymentId}/refund-preview`, { amount: 1 }],
    ['POST', `/v1/payments/${paymentId}/refunds`, { amount: 1, reason: 'x' }],
    ['POST', `/v1/payments/${paymentId}/manual-settlement`, { reference: 'x' }],
    ['POST', `/v1/orders/${orderId}/cancellation`, { reason: 'x' }],
  ];
  for (const [method, path, body] of tries)
    expect([path, (await other.call(method, path, body, newId('evt'))).status]).toEqual([path, 404]);
});

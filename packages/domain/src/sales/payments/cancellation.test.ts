import { expect, test } from 'vitest';
import { useDatabase } from '../../testing/database.ts';
import { FakeGateway } from '../../testing/fake-gateway.ts';
import { givenPaidOrder, staffOf, withKey } from '../../testing/paid-orders.ts';
import { booksOf, givenOrder, givenPayableShop } from '../../testing/payable-orders.ts';
import { newCancellation } from './cancellation.contract.ts';
import { cancel } from './cancellation.flow.ts';
import { startPayment } from './checkout-payment.flow.ts';
import { settleManually } from './manual.service.ts';
import { reconcileShare } from './reconciliation.flow.ts';
import { giveBack } from './refunds.flow.ts';

const db = useDatabase();

test('cancelling a unit whose money went back already gives nothing back; the order keeps what it owes', async () => {
  const { cancel: call, give, order, books } = await givenPaidOrder(db, { lines: [{ quantity: 2, total: 10_000n }] });
  const unit = [{ orderLineId: order.lineIds[0] ?? ('' as never), quantity: 1 }];
  await give({ lines: unit });
  expect((await call({ lines: unit })).refunds).toEqual([]);
  expect((await books()).payment).toMatchObject({ refunds_total: '5000' });
  expect((await call({ lines: unit })).refunds).toMatchObject([{ amount: { amount: 5_000 } }]);
  expect((await books()).payment).toMatchObject({ refunds_total: '10000', status: 'refunded' });
});

test('a cancellation that gives money back asks for an idempotency key; one that does not, does not', async () => {
  const { cancel: call, staff, books } = await givenPaidOrder(db);
  await expect(call({}, staff)).rejects.toMatchObject({ code: 'idempotency_key_required', status: 400 });
  expect(await books()).toMatchObject({ order: { lifecycle: 'open' }, refunds: [] });
  expect((await call({ refund: false }, staff)).order).toMatchObject({ lifecycle: 'cancelled' });
});

test('an order that was paid in two kinds goes back the ways it came', async () => {
  const system = await givenPayableShop(db);
  const { run } = db.app;
  const order = await givenOrder(db, system, { lines: [{ quantity: 4, total: 10_000n }], shipping: 600n });
  const staff = staffOf(system);
  await run(staff, (ctx) => settleManually(ctx, order.paymentId, { amount: 4_000, reference: 'A' }));
  const gateway = new FakeGateway();

  const start = { paymentId: order.paymentId, provider: 'paystack' as const, returnUrl: 'https://shop.example/thanks' };
  await startPayment(run, gateway.gateways, { ...system, isShopper: true }, start);
  gateway.move(gateway.references[0] ?? '', 'succeeded');

  await db.admin`update payment_attempts set next_check_at = now() where company_id = ${system.companyId} and next_check_at is not null`;
  await reconcileShare(run, gateway.gateways, system);
  expect((await booksOf(db, order)).payment).toMatchObject({ status: 'paid', captured: '10600' });
  const wish = newCancellation.parse({ reason: 'Sold out' });
  const { refunds } = await cancel(run, gateway.gateways, withKey(staff), order.orderId, wish);
  expect(refunds.map(({ provider, amount }) => [provider, amount.amount])).toEqual([
    ['paystack', 6_600],
    ['manual', 4_000],
  ]);
  expect(await booksOf(db, order)).toMatchObject({
    order: { lifecycle: 'cancelled', payment_status: 'refunded', refunded_total: '10600' },
    payment: { status: 'refunded', refunded: '10600' },
  });
  expect(gateway.givenBack).toBe(6_600n);
});

test('paid in part and given back, all of it is due again', async () => {
  const system = await givenPayableShop(db);
  const { run } = db.app;
  const order = await givenOrder(db, system, { provider: 'manual' });
  const staff = staffOf(system);
  const settle = (body: { amount?: number; reference: string }) =>
    run(staff, (ctx) => settleManually(ctx, order.paymentId, body));
  await settle({ amount: 6_000, reference: 'A' });
  const wish = { amount: 6_000, reason: 'Wrong account' };
  await giveBack(run, new FakeGateway().gateways, withKey(staff), order.paymentId, wish);
  expect((await booksOf(db, order)).payment).toMatchObject({ status: 'pending', refunded: '6000' });
  expect(await settle({ reference: 'B' })).toMatchObject({ status: 'paid', captured: { amount: 16_000 } });
  expect((await booksOf(db, order)).order).toMatchObject({ lifecycle: 'open', paid_total: '16000' });
  await expect(settle({ reference: 'C' })).rejects.toMatchObject({ code: 'payment_not_open' });
});

test('what staff give back by hand is done in the unit of work that writes it down, and a repeated request ends one that is not', async () => {
  const { run, staff, order, books, gateway } = await givenPaidOrder(db, { provider: 'manual' });
  const wish = { amount: 1_000, reason: 'x' };
  const session = withKey(staff);
  let units = 0;
  const dying: typeof run = (who, work) => (++units === 2 ? Promise.reject(new Error('died')) : run(who, work));
  await giveBack(dying, gateway.gateways, session, order.paymentId, wish).catch(() => undefined);
  expect((await books()).refunds).toMatchObject([{ status: 'succeeded' }]);
  await db.admin`update idempotency_keys set leased_until = now() - interval '1 second'`;
  expect(await giveBack(run, gateway.gateways, session, order.paymentId, wish)).toMatchObject({ status: 'succeeded' });
  expect((await books()).payment).toMatchObject({ refunded: '1000', refunds_total: '1000' });
});

import { expect, test } from 'vitest';
import type { Session } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { FakeGateway, hookOf } from '../../testing/fake-gateway.ts';
import { givenPaidOrder, staffOf, withKey } from '../../testing/paid-orders.ts';
import { booksOf, givenOrder, givenPayableShop, type OrderWish } from '../../testing/payable-orders.ts';
import { newCancellation } from './cancellation.contract.ts';
import { cancel } from './cancellation.flow.ts';
import { settleManually } from './manual.service.ts';
import { receiveHook, workOnNotice } from './notices.flow.ts';
import { giveBack } from './refunds.flow.ts';
import { requestRefund } from './refunds.service.ts';

const db = useDatabase();

const paidOrder = (wish: OrderWish = {}) => givenPaidOrder(db, wish);

const line = (orderLineId: Id<'oli'> | undefined, quantity: number) => ({
  orderLineId: orderLineId ?? newId('oli'),
  quantity,
});

test('a refund goes through ledger, payment, order and lines, and is told once', async () => {
  const { order, give, books, gateway } = await paidOrder({ lines: [{ quantity: 3, total: 10_000n }], shipping: 500n });
  const refund = await give({ lines: [line(order.lineIds[0], 1)], shipping: true, reason: 'Broken' });
  expect(refund).toMatchObject({ status: 'succeeded', amount: { amount: 3_833, currency: 'NGN' } });
  const { order: row, payment, ledger, events } = await books();
  expect(row).toMatchObject({ payment_status: 'partially_refunded', refunded_total: '3833' });
  expect(payment).toMatchObject({ status: 'partially_refunded', refunded: '3833', refunds_total: '3833' });
  expect(ledger.map(({ type, status, amount }) => [type, status, amount])).toEqual([
    ['charge', 'succeeded', '10500'],
    ['refund', 'succeeded', '3833'],
  ]);
  expect(events.filter((type) => type.startsWith('refund.'))).toEqual(['refund.created', 'refund.succeeded']);
  const [counted] =
    await db.admin`select refunded, refunded_total from order_lines where id = ${order.lineIds[0] ?? ''}`;
  expect(counted).toMatchObject({ refunded: 1, refunded_total: '3333' });
  expect(gateway.givenBack).toBe(3_833n);
});

test('units given back one by one close to the minor unit', async () => {
  for (const [currency, total] of [
    ['NGN', 10_000n],
    ['USD', 101n],
  ] as const) {
    const { order, give, books } = await paidOrder({ lines: [{ quantity: 3, total }], currency });
    for (let unit = 0; unit < 3; unit++) await give({ lines: [line(order.lineIds[0], 1)] });
    expect((await books()).payment).toMatchObject({ status: 'refunded', refunded: total.toString() });
    await expect(give({ lines: [line(order.lineIds[0], 1)] })).rejects.toMatchObject({ code: 'too_many_units' });
  }
});

test('two refunds of 60 of 100 at once: one goes through', async () => {
  const { give, books, gateway } = await paidOrder();
  const wish = { amount: 6_000, reason: 'Late' };
  const done = await Promise.allSettled([give(wish), give(wish)]);
  expect(done.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(done.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'refund_too_large' } });
  expect((await books()).payment).toMatchObject({ refunds_total: '6000', refunded: '6000' });
  expect(gateway.givenBack).toBe(6_000n);
});

test('a refund without an idempotency key is refused', async () => {
  const { give, staff } = await paidOrder();
  await expect(give({ amount: 1, reason: 'x' }, staff)).rejects.toMatchObject({ code: 'idempotency_key_required' });
});

test('a preview says what a refund comes to, and refuses what it would refuse', async () => {
  const { order, preview } = await paidOrder({ lines: [{ quantity: 3, total: 10_000n }], shipping: 500n });
  const seen = await preview({ lines: [line(order.lineIds[0], 3)], shipping: true });
  expect(seen).toMatchObject({ amount: { amount: 10_500 }, shipping: { amount: 500 }, refundable: { amount: 10_500 } });
  await expect(preview({ shipping: 501 })).rejects.toMatchObject({ code: 'refund_too_large' });
  await expect(preview({ amount: 10_501 })).rejects.toMatchObject({ code: 'refund_too_large' });
  await expect(preview({ lines: [line(undefined, 1)] })).rejects.toMatchObject({ code: 'invalid_input' });
  await expect(preview({ lines: [line(order.lineIds[0], 4)] })).rejects.toMatchObject({ code: 'too_many_units' });
});

test('what the provider refuses can be given back another way, and a failure later as well', async () => {
  const { give, gateway, reconcile, books } = await paidOrder();
  gateway.refuseRefund = { code: 'insufficient_balance', message: 'Not enough balance' };
  expect(await give({ amount: 10_000, reason: 'x' })).toMatchObject({ status: 'refused' });
  gateway.refuseRefund = undefined;
  gateway.refundState = 'pending';
  expect(await give({ amount: 10_000, reason: 'x' })).toMatchObject({ status: 'pending' });
  gateway.moveRefunds('failed');
  await reconcile();
  expect((await books()).payment).toMatchObject({ refunds_total: '0', refunded: '0', status: 'paid' });
  gateway.refundState = 'succeeded';
  expect(await give({ amount: 10_000, reason: 'x' })).toMatchObject({ status: 'succeeded' });
  expect((await books()).events.filter((type) => type === 'refund.failed')).toHaveLength(2);
});

test('a time-out after the provider began is looked up, never sent twice', async () => {
  const { give, gateway, reconcile, books } = await paidOrder();
  gateway.fail('refund', 'after');
  expect(await give({ amount: 4_000, reason: 'x' })).toMatchObject({ status: 'starting' });
  await reconcile();
  expect((await books()).refunds).toMatchObject([{ status: 'succeeded' }]);
  expect(gateway.calls.refund).toBe(1);
});

test('a time-out before the provider began is sent again, but not while the first may be on its way', async () => {
  const { system, give, gateway, reconcile, books } = await paidOrder();
  gateway.fail('refund', 'before');
  await give({ amount: 4_000, reason: 'x' });
  await reconcile();
  expect(gateway.calls.refund).toBe(1);
  await db.admin`update refunds set updated_at = now() - interval '11 minutes' where company_id = ${system.companyId}`;
  gateway.fail('findRefund', 'before');
  await reconcile();
  expect(gateway.calls.refund).toBe(1);
  await reconcile();
  expect(gateway.calls.refund).toBe(2);
  expect((await books()).refunds).toMatchObject([{ status: 'succeeded' }]);
});

test('a refund that was written down before a crash is sent by its worker, and a repeated request finds it', async () => {
  const { system, order, give, gateway, reconcile, books } = await paidOrder();
  const session = withKey(staffOf(system), 'k1');
  // The crash: between the first unit of work and the provider.
  await db.app.run({ ...session, idempotency: { ...must(session), part: 'first' } }, (ctx) =>
    requestRefund(ctx, order.paymentId, { amount: 4_000, reason: 'x' }),
  );
  await db.admin`update idempotency_keys set leased_until = now() - interval '1 second'`;
  expect(await give({ amount: 4_000, reason: 'x' }, session)).toMatchObject({ status: 'starting' });
  await db.admin`update refunds set updated_at = now() - interval '11 minutes' where company_id = ${system.companyId}`;
  await reconcile();
  expect((await books()).refunds).toMatchObject([{ status: 'succeeded', amount: '4000' }]);
  expect(gateway.calls.refund).toBe(1);
});

const must = ({ idempotency }: Session) => {
  if (!idempotency) throw new Error('The session has no claim');
  return idempotency;
};

test('a notice of a refund moves every open refund of its charge', async () => {
  const { system, give, gateway, books } = await paidOrder();
  gateway.refundState = 'pending';
  await give({ amount: 4_000, reason: 'x' });
  await give({ amount: 3_000, reason: 'y' });
  gateway.moveRefunds('succeeded');
  const { run } = db.app;
  const hook = { ...hookOf('refund.processed', gateway.references[0] ?? ''), provider: 'paystack', requestId: 'r' };
  await receiveHook(run, gateway.gateways, { ...hook, companyId: system.companyId });
  while (await workOnNotice(run, gateway.gateways, system));
  expect((await books()).payment).toMatchObject({ refunded: '7000', status: 'partially_refunded' });
});

test('a refund that needs the merchant keeps its amount, flags the order, and may still end', async () => {
  const { give, gateway, reconcile, books } = await paidOrder();
  gateway.refundState = 'needs_attention';
  expect(await give({ amount: 4_000, reason: 'x' })).toMatchObject({ status: 'needs_attention' });
  expect(await books()).toMatchObject({
    order: { needs_review: true },
    payment: { refunds_total: '4000', refunded: '0' },
  });
  gateway.moveRefunds('succeeded');
  await reconcile();
  expect((await books()).payment).toMatchObject({ refunded: '4000' });
});

test('cancelling a paid order gives all of it back, shipping too', async () => {
  const { cancel, books, gateway } = await paidOrder({ lines: [{ quantity: 2, total: 10_001n }], shipping: 500n });
  const { order, refunds } = await cancel();
  expect(order).toMatchObject({ lifecycle: 'cancelled' });
  expect(refunds).toMatchObject([{ amount: { amount: 10_501 }, cause: 'cancellation' }]);
  expect(await books()).toMatchObject({
    order: { lifecycle: 'cancelled', payment_status: 'refunded', refunded_total: '10501' },
    payment: { status: 'refunded', refunded: '10501' },
  });
  expect(gateway.givenBack).toBe(10_501n);
});

test('a part of an order is cancelled, and the rest closes to the minor unit', async () => {
  const { cancel, give, order, books } = await paidOrder({ lines: [{ quantity: 3, total: 10_000n }], shipping: 500n });
  await give({ amount: 100, reason: 'A gesture' });
  await give({ lines: [line(order.lineIds[0], 1)] });
  await cancel({ lines: [line(order.lineIds[0], 2)] });
  await cancel();
  const { order: row, payment } = await books();
  expect(row).toMatchObject({ lifecycle: 'cancelled', payment_status: 'refunded', refunded_total: '10500' });
  expect(payment).toMatchObject({ refunds_total: '10500', status: 'refunded' });
});

test('a cancelled order without a refund keeps its money; one that was never paid asks for nothing', async () => {
  const paid = await paidOrder();
  expect((await paid.cancel({ refund: false })).refunds).toEqual([]);
  expect((await paid.books()).payment).toMatchObject({ refunds_total: '0', status: 'paid' });
  const system = await givenPayableShop(db);
  const order = await givenOrder(db, system);
  const gateway = new FakeGateway();
  const wish = newCancellation.parse({ reason: 'Changed mind' });
  await cancel(db.app.run, gateway.gateways, staffOf(system), order.orderId, wish);
  expect(await booksOf(db, order)).toMatchObject({
    order: { lifecycle: 'cancelled', payment_status: 'unpaid' },
    payment: { status: 'cancelled', captured: '0' },
  });
});

test('whoever may not give money back may cancel, and not give money back by it', async () => {
  const { cancel: call, staff, books } = await paidOrder();
  const session = withKey({ ...staff, permissions: new Set(['orders.write']) });
  await expect(call({}, session)).rejects.toMatchObject({ code: 'permission_missing' });
  expect((await books()).order).toMatchObject({ lifecycle: 'open' });
  expect((await call({ refund: false }, { ...session, idempotency: undefined })).order).toMatchObject({
    lifecycle: 'cancelled',
  });
});

test('the same cancellation of a part twice cancels it once', async () => {
  const { system, cancel: call, order, gateway } = await paidOrder({ lines: [{ quantity: 3, total: 9_000n }] });
  const session = withKey(staffOf(system), 'c1');
  const wish = { lines: [line(order.lineIds[0], 1)] };
  const first = await call(wish, session);
  await expect(call(wish, { ...session, idempotency: { ...must(session) } })).rejects.toMatchObject({
    answer: JSON.parse(JSON.stringify(first)),
  });
  expect(gateway.givenBack).toBe(3_000n);
});

test('a transfer pays in parts, never too much, each receipt once; it opens the order and goes back by hand', async () => {
  const system = await givenPayableShop(db);
  const order = await givenOrder(db, system, { provider: 'manual' });
  const staff = staffOf(system);
  const settle = (body: { amount?: number; reference: string }) =>
    db.app.run(staff, (ctx) => settleManually(ctx, order.paymentId, body));
  await settle({ amount: 4_000, reference: 'A' });
  expect((await booksOf(db, order)).order).toMatchObject({ lifecycle: 'pending', payment_status: 'partially_paid' });
  await expect(settle({ amount: 4_000, reference: 'A' })).rejects.toMatchObject({ code: 'reference_used' });
  await expect(settle({ amount: 6_001, reference: 'B' })).rejects.toMatchObject({ code: 'more_than_due' });
  expect(await settle({ reference: 'B' })).toMatchObject({ status: 'paid', captured: { amount: 10_000 } });
  expect((await booksOf(db, order)).order).toMatchObject({ lifecycle: 'open', payment_status: 'paid' });
  await expect(settle({ reference: 'C' })).rejects.toMatchObject({ code: 'payment_not_open' });
  const gateway = new FakeGateway();
  const refund = await giveBack(db.app.run, gateway.gateways, withKey(staff), order.paymentId, {
    amount: 10_000,
    reason: 'x',
  });
  expect(refund).toMatchObject({ status: 'succeeded', provider: 'manual' });
  expect(gateway.calls.refund).toBe(0);
});

test('money for a cancelled order is refused with the way out, and taken down when staff insist', async () => {
  const system = await givenPayableShop(db);
  const [old, anew] = [
    await givenOrder(db, system, { provider: 'manual', lifecycle: 'cancelled' }),
    await givenOrder(db, system, { provider: 'manual' }),
  ];
  const staff = staffOf(system);
  const settle = (body: { reference: string; force?: boolean }) =>
    db.app.run(staff, (ctx) => settleManually(ctx, old.paymentId, body));
  await expect(settle({ reference: 'A' })).rejects.toMatchObject({ status: 409, code: 'order_cancelled' });
  await db.admin`update orders set superseded_by_id = ${anew.orderId} where id = ${old.orderId}`;
  const refusal = await settle({ reference: 'A' }).catch((error: unknown) => error);
  expect(String(refusal)).toContain(`POST /v1/payments/${anew.paymentId}/manual-settlement`);
  expect(await booksOf(db, old)).toMatchObject({ payment: { captured: '0' } });
  expect(await settle({ reference: 'A', force: true })).toMatchObject({ captured: { amount: 10_000 } });
  expect((await booksOf(db, old)).order).toMatchObject({ lifecycle: 'cancelled', needs_review: true });
});

test('an order paid in part owes less when a part is cancelled, and only what is too much goes back', async () => {
  const system = await givenPayableShop(db);
  const order = await givenOrder(db, system, { provider: 'manual', lines: [{ quantity: 4, total: 10_000n }] });
  const staff = staffOf(system);
  await db.app.run(staff, (ctx) => settleManually(ctx, order.paymentId, { amount: 6_000, reference: 'A' }));
  const gateway = new FakeGateway();
  const wish = (units: number) =>
    newCancellation.parse({ reason: 'x', lines: [{ orderLineId: order.lineIds[0], quantity: units }] });
  await cancel(db.app.run, gateway.gateways, withKey(staff), order.orderId, wish(1));
  expect(await booksOf(db, order)).toMatchObject({ payment: { amount: '7500', refunds_total: '0' } });
  await cancel(db.app.run, gateway.gateways, withKey(staff), order.orderId, wish(1));
  expect(await booksOf(db, order)).toMatchObject({ payment: { amount: '6000', refunded: '1000', captured: '6000' } });
});

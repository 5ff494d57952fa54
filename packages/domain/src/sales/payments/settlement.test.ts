import { expect, test } from 'vitest';
import { useDatabase } from '../../testing/database.ts';
import { FakeGateway, TEST_SECRET } from '../../testing/fake-gateway.ts';
import { booksOf, givenOrder, givenPayableShop } from '../../testing/payable-orders.ts';
import { givenShopperAtPage, RETURN, shopperOf } from '../../testing/paying-shopper.ts';
import { leaseAttempts } from './attempts.service.ts';
import { startPayment } from './checkout-payment.flow.ts';
import type { ChargeFacts } from './gateway.ts';
import { reconcileShare } from './reconciliation.flow.ts';
import { planCheck } from './reconciliation.service.ts';
import { settle } from './settlement.service.ts';

const db = useDatabase();
const atThePage = () => givenShopperAtPage(db);

const PAID = {
  order: { lifecycle: 'open', payment_status: 'paid', paid_total: '10000', needs_review: false },
  payment: { status: 'paid', captured: '10000', refunds_total: '0' },
};

test('what the browser, the webhook and the reconciler say is one payment, in any order and any number of times', async () => {
  const { gateway, reference, send, work, reconcile, comeBack, books } = await atThePage();
  gateway.move(reference, 'succeeded');
  for (let time = 0; time < 3; time++) await send('charge.success', reference, { time });
  const ways = [work, comeBack, reconcile, work, comeBack];
  await Promise.all(ways.map((way) => way()));
  await reconcile();
  const { order, payment, ledger, events } = await books();
  expect({ order, payment }).toMatchObject(PAID);
  expect(ledger).toEqual([{ type: 'charge', status: 'succeeded', amount: '10000' }]);
  expect(events.filter((type) => type === 'order.paid')).toHaveLength(1);
  expect(events.filter((type) => type === 'payment.captured')).toHaveLength(1);
});

test('with every webhook lost the reconciler settles', async () => {
  const { gateway, reference, reconcile, books } = await atThePage();
  await reconcile();
  expect((await books()).order).toMatchObject({ lifecycle: 'pending', payment_status: 'unpaid' });
  gateway.move(reference, 'succeeded');
  await reconcile();
  expect(await books()).toMatchObject(PAID);
});

const LIES: [string, (facts: ChargeFacts) => ChargeFacts][] = [
  ['another amount', (facts) => ({ ...facts, amount: { amountMinor: 9_999n, currency: 'NGN' } })],
  ['another currency', (facts) => ({ ...facts, amount: { amountMinor: 10_000n, currency: 'GHS' } })],
  ['play money', (facts) => ({ ...facts, mode: 'test' })],
  ['no amount', (facts) => ({ ...facts, amount: null })],
  ['no name', (facts) => ({ ...facts, providerReference: null })],
  ['another reference', (facts) => ({ ...facts, reference: 'patt-other' })],
];

test.each(LIES)('a success with %s never pays: it waits for somebody to look, once', async (_, lie) => {
  const { gateway, reference, send, work, reconcile, comeBack, books } = await atThePage();
  gateway.move(reference, 'succeeded');
  gateway.distort = lie;
  await send('charge.success', reference);
  await work();
  await comeBack();
  await reconcile();
  const { order, payment, ledger, events } = await books();
  expect(order).toMatchObject({ lifecycle: 'pending', payment_status: 'unpaid', paid_total: '0', needs_review: true });
  expect(payment).toMatchObject({ status: 'review', captured: '0' });
  expect(ledger.map(({ status }) => status)).toEqual(['failed']);
  expect(events.filter((type) => type === 'payment.review_needed')).toHaveLength(1);
});

test('money in another currency stands in the ledger in its own, and the shopper can still pay', async () => {
  const { gateway, order, reference, again, comeBack, books } = await atThePage();
  gateway.move(reference, 'succeeded');
  gateway.distort = (facts) => ({ ...facts, amount: { amountMinor: 10_000n, currency: 'GHS' } });
  await comeBack();
  expect((await books()).payment).toMatchObject({ status: 'review' });
  const rows = await db.admin`select currency from payment_transactions where payment_id = ${order.paymentId}`;
  expect(rows.map(({ currency }) => currency)).toEqual(['GHS']);
  gateway.distort = undefined;
  gateway.move(reference, 'failed');
  await again({ attemptId: null });
  gateway.move(gateway.references[1] ?? '', 'succeeded');
  expect((await comeBack()).order.paymentStatus).toBe('paid');
  expect((await books()).payment).toMatchObject({ status: 'paid', captured: '10000' });
});

test('what was learnt while a provider was asked stands: a paid attempt neither lapses nor is asked about again', async () => {
  const { system, gateway, reference, comeBack, books } = await atThePage();
  const { run } = db.app;
  await db.admin`update payment_attempts set created_at = now() - interval '73 hours', next_check_at = now()
    where company_id = ${system.companyId}`;
  const [attempt] = await run(system, (ctx) => leaseAttempts(ctx, 1));
  if (!attempt) throw new Error('It is due');
  gateway.move(reference, 'succeeded');
  await comeBack();
  for (const age of [0, 73]) {
    const createdAt = new Date(Date.now() - age * 3_600_000).toISOString();
    await run(system, (ctx) => planCheck(ctx, { ...attempt, createdAt }, undefined));
    expect((await books()).attempts).toMatchObject([{ status: 'succeeded', next_check_at: null }]);
  }
});

test('a time-out after the provider has begun still gives a working page, under a new reference', async () => {
  const system = await givenPayableShop(db);
  const gateway = new FakeGateway();
  const { paymentId, attemptId } = await givenOrder(db, system);
  const start = { paymentId, attemptId, provider: 'paystack' as const, returnUrl: RETURN };
  gateway.fail('start', 'after');
  const { redirectUrl } = await startPayment(db.app.run, gateway.gateways, shopperOf(system), start);
  const [first, second] = gateway.references;
  expect(redirectUrl).toBe(`https://pay.example/${second}`);
  expect(first).not.toBe(second);
  expect(gateway.calls.start).toBe(2);
});

test('a time-out of an attempt that was paid all the same settles it', async () => {
  const { system, gateway, order, books } = await atThePage();
  gateway.fail('start', 'after');
  gateway.distort = (facts) => ({ ...facts, state: 'succeeded' });
  const wish = { paymentId: order.paymentId, provider: 'paystack' as const, returnUrl: `${RETURN}?again` };
  const paid = await startPayment(db.app.run, gateway.gateways, shopperOf(system), wish);
  expect(paid).toMatchObject({ status: 'paid', redirectUrl: null });
  expect((await books()).order).toMatchObject({ payment_status: 'paid' });
});

test('a provider that stays away is 503, and everything begun stays watched', async () => {
  const system = await givenPayableShop(db);
  const gateway = new FakeGateway();
  const order = await givenOrder(db, system);
  const { paymentId, attemptId } = order;
  gateway.fail('start', 'before', 'before');
  const start = { paymentId, attemptId, provider: 'paystack' as const, returnUrl: RETURN };
  const begun = startPayment(db.app.run, gateway.gateways, shopperOf(system), start);
  await expect(begun).rejects.toMatchObject({ status: 503, code: 'payment_unavailable' });
  const { attempts } = await booksOf(db, order);
  expect(attempts.map(({ status, next_check_at }) => [status, next_check_at !== null])).toEqual([
    ['starting', true],
    ['starting', true],
  ]);
});

test('a refusal of the provider is told, and another try is another attempt', async () => {
  const { gateway, again, books } = await atThePage();
  gateway.refuseStart = { code: 'invalid_email', message: 'Invalid Email Address Passed' };
  await expect(again({ attemptId: null, returnUrl: `${RETURN}?2` })).rejects.toMatchObject({ code: 'payment_refused' });
  gateway.refuseStart = undefined;
  await again({ attemptId: null, returnUrl: `${RETURN}?3` });
  expect((await books()).attempts.map(({ status }) => status)).toEqual(['pending', 'refused', 'pending']);
});

test('a page that is still good is shown again rather than another one opened', async () => {
  const { gateway, again } = await atThePage();
  const { redirectUrl } = await again({ attemptId: null });
  expect(redirectUrl).toBe(`https://pay.example/${gateway.references[0]}`);
  expect(gateway.calls.start).toBe(1);
});

test('after a decline the order waits and another attempt pays it', async () => {
  const { gateway, again, reference, comeBack, books } = await atThePage();
  gateway.move(reference, 'failed');
  expect((await comeBack()).payment.status).toBe('pending');
  expect((await books()).events).toContain('payment.failed');
  await again({ attemptId: null });
  gateway.move(gateway.references[1] ?? '', 'succeeded');
  expect((await comeBack()).order.paymentStatus).toBe('paid');
});

test('two attempts both paid, at once: one order, one refund of the second', async () => {
  const { gateway, again, reconcile, comeBack, work, send, books } = await atThePage();
  await again({ attemptId: null, returnUrl: `${RETURN}?2` });
  for (const reference of gateway.references) gateway.move(reference, 'succeeded');
  for (const reference of gateway.references) await send('charge.success', reference);
  await Promise.all([comeBack(), work(), comeBack(), work()]);
  await reconcile();
  await reconcile();
  const { order, payment, refunds } = await books();
  expect(order).toMatchObject({ payment_status: 'paid', paid_total: '10000', refunded_total: '0' });
  expect(payment).toMatchObject({ status: 'paid', captured: '20000', refunds_total: '10000', refunded: '10000' });
  expect(refunds).toMatchObject([{ status: 'succeeded', amount: '10000', cause: 'second_payment' }]);
  expect(gateway.givenBack).toBe(10_000n);
});

test('of two charges the one that went back is no news when its provider calls it reversed; the other one is', async () => {
  const { gateway, again, reconcile, comeBack, work, send, books, order } = await atThePage();
  await again({ attemptId: null, returnUrl: `${RETURN}?2` });
  for (const reference of gateway.references) gateway.move(reference, 'succeeded');
  await comeBack();
  await reconcile();
  await reconcile();
  const [back] = await db.admin`select a.reference from refunds r join payment_attempts a on a.id = r.attempt_id
    where r.payment_id = ${order.paymentId}`;
  const tellReversed = async (reference: string) => {
    gateway.move(reference, 'reversed');
    await send('charge.success', reference, { time: 2 });
    await work();
  };
  const gone = String(back?.['reference']);
  await tellReversed(gone);
  expect((await books()).order).toMatchObject({ payment_status: 'paid', needs_review: false });
  await tellReversed(gateway.references.find((reference) => reference !== gone) ?? '');
  expect((await books()).order).toMatchObject({ payment_status: 'paid', needs_review: true });
});

test('money that comes after the order expired opens it again where its goods are there', async () => {
  const { gateway, order, reference, reconcile, books } = await atThePage();
  await db.admin`update orders set lifecycle = 'expired' where id = ${order.orderId}`;
  gateway.move(reference, 'succeeded');
  await reconcile();
  expect(await books()).toMatchObject(PAID);
});

test('money that comes for a cancelled order goes back, and somebody has to look', async () => {
  const { gateway, order, reference, reconcile, books } = await atThePage();
  await db.admin`update orders set lifecycle = 'cancelled' where id = ${order.orderId}`;
  gateway.move(reference, 'succeeded');
  for (let time = 0; time < 3; time++) await reconcile();
  const { order: row, payment, refunds } = await books();
  expect(row).toMatchObject({ lifecycle: 'cancelled', payment_status: 'refunded', needs_review: true });
  expect(payment).toMatchObject({ status: 'refunded', captured: '10000', refunded: '10000' });
  expect(refunds).toMatchObject([{ cause: 'late_payment', status: 'succeeded' }]);
  expect(gateway.calls.refund).toBe(1);
});

test('an attempt its provider never heard of lapses; one that left the page stays watched and may still pay', async () => {
  const { system, gateway, order, reference, reconcile, books } = await atThePage();
  gateway.fail('start', 'before', 'before');
  const wish = { paymentId: order.paymentId, provider: 'paystack' as const, returnUrl: `${RETURN}?2` };
  await startPayment(db.app.run, gateway.gateways, shopperOf(system), wish).catch(() => undefined);
  await db.admin`update payment_attempts set created_at = now() - interval '1 hour' where company_id = ${system.companyId}`;
  gateway.move(reference, 'abandoned');
  await reconcile();
  const { attempts } = await books();
  expect(attempts.map(({ status, next_check_at }) => [status, next_check_at !== null])).toEqual([
    ['abandoned', true],
    ['lapsed', false],
    ['lapsed', false],
  ]);
  gateway.move(reference, 'succeeded');
  await reconcile();
  expect(await books()).toMatchObject(PAID);
});

test('after three days nobody is asked any more', async () => {
  const { system, reconcile, books } = await atThePage();
  await db.admin`update payment_attempts set created_at = now() - interval '73 hours' where company_id = ${system.companyId}`;
  await reconcile();
  expect((await books()).attempts).toMatchObject([{ status: 'lapsed', next_check_at: null }]);
});

test('two workers never ask about the same attempt at once, and one that dies delays it by a minute only', async () => {
  const { system, gateway, reference } = await atThePage();
  await db.admin`update payment_attempts set next_check_at = now() where company_id = ${system.companyId}`;
  await Promise.all([1, 2, 3].map(() => reconcileShare(db.app.run, gateway.gateways, system)));
  expect(gateway.calls.verify).toBe(1);
  const [row] = await db.admin<{ seconds: number }[]>`
    select extract(epoch from next_check_at - now())::float8 as seconds from payment_attempts where reference = ${reference}`;
  expect(row?.seconds).toBeGreaterThan(30);
});

test('one charge of the provider never pays two orders', async () => {
  const { system, gateway, reference, books } = await atThePage();
  const other = await givenOrder(db, system);
  gateway.move(reference, 'succeeded');
  const facts = await gateway.verify({ secretKey: TEST_SECRET, mode: 'live' }, reference);
  const [row] = await db.admin`select reference from payment_attempts where payment_id = ${other.paymentId}`;
  const otherReference = String(row?.['reference']);
  const tell = (about: string) =>
    db.app.run(system, (ctx) =>
      settle(ctx, { provider: 'paystack', reference: about, facts: { ...facts, reference: about }, source: 'hook' }),
    );
  expect((await tell(reference))?.outcome).toBe('paid');
  expect((await tell(otherReference))?.outcome).toBe('mismatch');
  expect((await tell(otherReference))?.outcome).toBe('known');
  expect(await books()).toMatchObject(PAID);
  expect(await booksOf(db, other)).toMatchObject({ payment: { captured: '0', status: 'review' } });
});

test('the ledger only grows', async () => {
  const { system } = await atThePage();
  for (const sql of ['delete from payment_transactions', 'update payment_transactions set amount = 1'])
    await expect(db.app.run(system, (ctx) => ctx.tx.execute(sql))).rejects.toThrow();
});

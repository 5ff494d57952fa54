import { expect, test } from 'vitest';
import { useDatabase } from '../../testing/database.ts';
import { hookOf } from '../../testing/fake-gateway.ts';
import { givenPaidOrder } from '../../testing/paid-orders.ts';
import { receiveHook, workOnNotice } from './notices.flow.ts';
import { reconcileShare } from './reconciliation.flow.ts';
import { leaseRefunds, noteSent } from './refund-sending.service.ts';
import { followRefund } from './refunds.flow.ts';

const db = useDatabase();

/** A refund whose request never reached the provider, so long ago that it may be sent again. */
async function lostRefund() {
  const paid = await givenPaidOrder(db);
  paid.gateway.fail('refund', 'before');
  const { id } = await paid.give({ amount: 4_000, reason: 'x' });
  const makeDue = () => db.admin`update refunds set next_check_at = now(), updated_at = now() - interval '11 minutes'
    where company_id = ${paid.system.companyId}`;
  await makeDue();
  const tellOfRefund = async () => {
    const { run, gateway, system } = paid;
    const hook = { ...hookOf('refund.processed', gateway.references[0] ?? ''), provider: 'paystack', requestId: 'r' };
    await receiveHook(run, gateway.gateways, { ...hook, companyId: system.companyId });
    while (await workOnNotice(run, gateway.gateways, system));
  };
  return { ...paid, id, makeDue, tellOfRefund };
}

test('two workers that hold the same refund send it once, however late the first one is', async () => {
  const { run, system, gateway, makeDue, books } = await lostRefund();
  const lease = () => run(system, (ctx) => leaseRefunds(ctx, 3));
  const [slow] = await lease();
  await makeDue();
  const [quick] = await lease();
  if (!slow || !quick) throw new Error('Both have it');
  // Both look before either has sent.
  gateway.findRefund = () => Promise.resolve(undefined);
  await Promise.all([quick, slow].map((refund) => followRefund(run, gateway.gateways, system, refund)));
  await followRefund(run, gateway.gateways, system, slow);
  expect(gateway.calls.refund).toBe(2); // the lost one, and this
  expect(gateway.givenBack).toBe(4_000n);
  expect((await books()).refunds).toMatchObject([{ status: 'succeeded' }]);
});

test('a refund that somebody has taken up since may not be sent', async () => {
  const { run, system, makeDue } = await lostRefund();
  const [old] = await run(system, (ctx) => leaseRefunds(ctx, 3));
  await makeDue();
  const [now] = await run(system, (ctx) => leaseRefunds(ctx, 3));
  if (!old || !now) throw new Error('Both have it');
  expect(await run(system, (ctx) => noteSent(ctx, old))).toBe(false);
  expect(await run(system, (ctx) => noteSent(ctx, now))).toBe(true);
});

test('a webhook asks about refunds and never sends one: the reconciler does, once, also at the same time', async () => {
  const { run, system, gateway, tellOfRefund, books } = await lostRefund();
  await tellOfRefund();
  expect(gateway.calls.refund).toBe(1);
  await Promise.all([tellOfRefund(), reconcileShare(run, gateway.gateways, system)]);
  expect(gateway.givenBack).toBe(4_000n);
  expect((await books()).refunds).toMatchObject([{ status: 'succeeded' }]);
});

test('a refund that cannot be worked on is told of, put off, and keeps no other one waiting', async () => {
  const { run, system, gateway, give, makeDue, books } = await lostRefund();
  gateway.fail('refund', 'before');
  await give({ amount: 1_000, reason: 'y' });
  await makeDue();
  const [broken] = (await books()).refunds;
  await db.admin`update refunds set attempt_id = null, next_check_at = now() - interval '1 minute' where id = ${broken?.id ?? ''}`;
  const told: unknown[] = [];
  await reconcileShare(run, gateway.gateways, system, (error) => told.push(error));
  expect(told).toHaveLength(1);
  expect((await books()).refunds.map(({ status }) => status)).toEqual(['starting', 'succeeded']);
  const [due] =
    await db.admin`select next_check_at > now() + interval '61 seconds' as later from refunds where id = ${broken?.id ?? ''}`;
  expect(due).toEqual({ later: true });
});

test('a refund that needs the merchant is asked about less and less, and leaves no note per question', async () => {
  const { run, system, gateway, give } = await givenPaidOrder(db);
  gateway.refundState = 'needs_attention';
  const { id } = await give({ amount: 4_000, reason: 'x' });
  gateway.moveRefunds('pending');
  const notes = async () =>
    (await db.admin`select count(*)::int as count from audit_entries where company_id = ${system.companyId}`)[0];
  const before = await notes();
  await db.admin`update refunds set next_check_at = now(), checks = 4 where id = ${id}`;
  await reconcileShare(run, gateway.gateways, system);
  const [row] =
    await db.admin`select status, next_check_at > now() + interval '20 minutes' as later from refunds where id = ${id}`;
  expect(row).toEqual({ status: 'needs_attention', later: true });
  gateway.refunds.splice(
    0,
    1,
    ...gateway.refunds.map((one) => ({
      ...one,
      amount: { amountMinor: 1n, currency: 'NGN' },
      state: 'succeeded' as const,
    })),
  );
  for (let time = 0; time < 3; time++) {
    await db.admin`update refunds set next_check_at = now() where id = ${id}`;
    await reconcileShare(run, gateway.gateways, system);
  }
  // One for the news that another amount went back, and none for the same news again.
  expect(Number((await notes())?.['count']) - Number(before?.['count'])).toBe(1);
});

import { expect, test } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { hookOf } from '../../testing/fake-gateway.ts';
import { givenPayableShop } from '../../testing/payable-orders.ts';
import { givenShopperAtPage } from '../../testing/paying-shopper.ts';
import { receiveHook, workOnNotice } from './notices.flow.ts';
import { companiesWithDueNotices, sweepNotices } from './notices.service.ts';
import { companiesWithDueChecks } from './reconciliation.service.ts';

const db = useDatabase();
const atThePage = () => givenShopperAtPage(db);

const PAID = {
  order: { lifecycle: 'open', payment_status: 'paid', paid_total: '10000', needs_review: false },
  payment: { status: 'paid', captured: '10000', refunds_total: '0' },
};

test('a webhook that says paid is believed only when the provider says so when asked', async () => {
  const { reference, send, work, books } = await atThePage();
  await send('charge.success', reference);
  await work();
  expect((await books()).payment).toMatchObject({ status: 'pending', captured: '0' });
});

test('a webhook that is forged is refused and leaves nothing; the same one twice is one; a strange one is ignored', async () => {
  const { system, gateway, reference, send, work } = await atThePage();
  const { run } = db.app;
  const from = { companyId: system.companyId, provider: 'paystack', requestId: 'r' };
  const forged = { ...hookOf('charge.success', reference, 'sk_live_anotherkey00000'), ...from };
  await expect(receiveHook(run, gateway.gateways, forged)).rejects.toMatchObject({ status: 401 });
  const notices = () => db.admin`select status from payment_notices where company_id = ${system.companyId} order by id`;
  expect(await notices()).toHaveLength(0);
  for (const address of [
    { companyId: newId('com') },
    { companyId: 'com_x' },
    { provider: 'manual' },
    { provider: 'x' },
  ])
    await expect(receiveHook(run, gateway.gateways, { ...forged, ...address })).rejects.toMatchObject({
      status: 404,
      message: 'There is no such hook.',
    });
  await send('charge.success', reference);
  await send('charge.success', reference);
  await send('charge.success', 'patt-of-nobody');
  await work();
  expect((await notices()).map(({ status }) => status)).toEqual(['done', 'ignored']);
});

test('a webhook of another company settles nothing of this one', async () => {
  const { gateway, reference, books } = await atThePage();
  const other = await givenPayableShop(db);
  gateway.move(reference, 'succeeded');
  const hook = { ...hookOf('charge.success', reference), provider: 'paystack', requestId: 'r' };
  await receiveHook(db.app.run, gateway.gateways, { ...hook, companyId: other.companyId });
  while (await workOnNotice(db.app.run, gateway.gateways, other));
  expect((await books()).payment).toMatchObject({ captured: '0' });
});

test('while the provider is away a webhook waits and is tried again', async () => {
  const { system, gateway, reference, send, work, books } = await atThePage();
  gateway.move(reference, 'succeeded');
  await send('charge.success', reference);
  gateway.fail('verify', 'before');
  await work();
  expect((await books()).payment).toMatchObject({ status: 'pending' });
  await db.admin`update payment_notices set due_at = now() where company_id = ${system.companyId}`;
  await work();
  expect(await books()).toMatchObject(PAID);
});

test('the relay sees in which companies something waits, and nothing else of it', async () => {
  const { system, reference, send } = await atThePage();
  const { companyId } = system;
  await send('charge.success', reference);
  await db.admin`update payment_attempts set next_check_at = now() where company_id = ${companyId}`;
  const { unscoped } = db.relay;
  expect(await unscoped((tx) => companiesWithDueNotices(tx, 1_000))).toContain(companyId);
  expect(await unscoped((tx) => companiesWithDueChecks(tx, 1_000))).toContain(companyId);
  expect(await unscoped((tx) => companiesWithDueChecks(tx, 1_000, companyId))).not.toContain(companyId);
  for (const table of ['payment_notices', 'payment_attempts', 'refunds'])
    await expect(unscoped((tx) => tx.execute(`select id from ${table}`))).rejects.toThrow();
});

test('notices that were dealt with are forgotten after a month', async () => {
  const { system, reference, send, work } = await atThePage();
  await send('charge.success', reference);
  await work();
  const old = () => db.app.run(system, (ctx) => sweepNotices(ctx, 10));
  expect(await old()).toBe(0);
  await db.admin`update payment_notices set created_at = now() - interval '31 days' where company_id = ${system.companyId}`;
  expect(await old()).toBe(1);
});

test('several webhooks are worked on side by side; one that fails is told of, put off, and given up in the end', async () => {
  const { system, gateway, reference, again, send, books } = await atThePage();
  const { companyId } = system;
  await again({ attemptId: null, returnUrl: 'https://shop.example/2' });
  const [, broken = ''] = gateway.references;
  gateway.move(reference, 'succeeded');
  gateway.distort = (facts) => {
    if (facts.reference === broken) throw new Error('a fault of ours');
    return facts;
  };
  await send('charge.success', broken);
  await send('charge.success', reference);
  const told: unknown[] = [];
  const workOnce = () => workOnNotice(db.app.run, gateway.gateways, system, (error) => told.push(error));
  expect(await workOnce()).toBe(true);
  expect([gateway.calls.verify, told.length]).toEqual([2, 1]);
  expect(await books()).toMatchObject(PAID);
  const rows = () =>
    db.admin`select status, attempts, due_at > now() as later from payment_notices where company_id = ${companyId} order by id`;
  expect(await rows()).toMatchObject([{ status: 'waiting', later: true }, { status: 'done' }]);
  await db.admin`update payment_notices set due_at = now(), attempts = 29 where company_id = ${companyId} and status = 'waiting'`;
  await workOnce();
  expect((await rows())[0]).toMatchObject({ status: 'failed', attempts: 30 });
});

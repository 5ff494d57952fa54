import { expect, onTestFinished, test, vi } from 'vitest';
import { CommitUnknown, DatabaseUnavailable } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { FakeSender, gate, refused, statusOf, WebhookShop } from '../../testing/webhook-shop.ts';
import { ATTEMPTS_MAX, BREAKER_FAILURES } from './retry-schedule.ts';
import { holdEndpoint, LANES, LEASE_SECONDS, takeDeliveries } from './taking.service.ts';
import { updateEndpoint } from './webhook-endpoints.service.ts';

const db = useDatabase();
const MINUTE = 60;
const HOUR = 3_600;
const DAY = 24 * HOUR;

const turn = (shop: WebhookShop, ...rest: Parameters<WebhookShop['turn']>) => shop.turn(...rest);
const take = (shop: WebhookShop, endpoint: Id<'wep'>) => shop.take(endpoint);
const counts = (shop: WebhookShop) => shop.counts();

async function shopWith(events: number, more: Parameters<WebhookShop['endpoint']>[0] = {}) {
  const shop = new WebhookShop(db);
  const endpoint = await shop.endpoint(more);
  const ids = await shop.announced(events);
  await shop.relayed();
  return { shop, endpoint, ids, sender: new FakeSender() };
}

test('everything that is due is delivered once, signed so that the independent library verifies it', async () => {
  const { shop, endpoint, ids, sender } = await shopWith(25);
  const { outcomes, isLeft } = await turn(shop, endpoint, sender);
  expect(outcomes).toEqual(Array.from({ length: 25 }, () => 'succeeded'));
  expect(isLeft).toBe(false);
  expect(sender.ids().toSorted()).toEqual(ids);
  for (const request of sender.sent) {
    const id = request.headers['webhook-id'];
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(shop.verified(endpoint, request)).toMatchObject({
      id,
      type: 'order.paid',
      timestamp: at,
      sequence: ids.indexOf(id as Id<'evt'>) + 1,
    });
    expect(JSON.parse(request.body)).not.toHaveProperty('test');
  }
  expect(await counts(shop)).toEqual({ succeeded: 25 });
  const attempts = await shop.attempts();
  expect(attempts).toHaveLength(25);
  expect(attempts[0]).toMatchObject({ number: 1, status_code: 200, error: null, response_body: 'thanks' });
  expect((await turn(shop, endpoint, sender)).outcomes).toEqual([]);
});

test('a made-up event says so, and every attempt has the same bytes', async () => {
  const shop = new WebhookShop(db);
  const endpoint = await shop.endpoint();
  await shop.announced(1, { isTest: true, endpointId: endpoint, data: { b: 1, a: { z: 'é', aa: [1.5, null] } } });
  await shop.relayed();
  const sender = new FakeSender();
  sender.answer = () => statusOf(500);
  for (let tried = 0; tried < 3; tried++) {
    await turn(shop, endpoint, sender);
    await shop.later(DAY);
  }
  expect(sender.sent).toHaveLength(3);
  expect(new Set(sender.sent.map(({ body }) => body)).size).toBe(1);
  expect(new Set(sender.ids()).size).toBe(1);
  expect(JSON.parse(sender.sent[0]?.body ?? '')).toMatchObject({ test: true, data: { a: { z: 'é' } } });
});

test('no more than two requests are under way to an endpoint, however many workers there are', async () => {
  const { shop, endpoint, sender } = await shopWith(30);
  sender.answer = async () => {
    await new Promise((resolve) => setTimeout(resolve, 15));
    return statusOf(204);
  };
  await Promise.all(Array.from({ length: 6 }, () => turn(shop, endpoint, sender)));
  await turn(shop, endpoint, sender);
  expect(sender.mostAtOnce).toBe(LANES);
  expect(sender.sent).toHaveLength(30);
  expect(await counts(shop)).toEqual({ succeeded: 30 });
});

test('takers that meet at an endpoint take turns: the second sees what the first took', async () => {
  const { shop, endpoint } = await shopWith(10);
  const [hasTaken, mayCommit] = [gate(), gate()];
  const first = db.app.run(shop.session, async (ctx) => {
    await holdEndpoint(ctx, endpoint);
    const taken = await takeDeliveries(ctx, endpoint, LANES);
    hasTaken.open();
    await mayCommit.opened;
    return taken;
  });
  await hasTaken.opened;
  const second = take(shop, endpoint);
  expect(await Promise.race([second, new Promise((resolve) => setTimeout(resolve, 300, 'waits'))])).toBe('waits');
  mayCommit.open();
  expect(await first).toHaveLength(LANES);
  expect(await second).toEqual([]);
});

test('what fails is tried again on the schedule, and given up after the twelfth time', async () => {
  const { shop, endpoint, ids, sender } = await shopWith(1);
  sender.answer = () => statusOf(500);
  const waits: number[] = [];
  for (let tried = 1; tried <= ATTEMPTS_MAX; tried++) {
    expect((await turn(shop, endpoint, sender)).outcomes).toEqual([tried < ATTEMPTS_MAX ? 'postponed' : 'failed']);
    expect((await turn(shop, endpoint, sender)).outcomes).toEqual([]); // not before its time
    const [delivery] = await shop.deliveries();
    expect(delivery).toMatchObject({ attempts: tried, last_status_code: 500 });
    waits.push(delivery?.due_in ?? 0);
    await shop.later(Math.max(0, delivery?.due_in ?? 0) + 2 * MINUTE);
  }
  expect(waits.slice(0, -1).reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(95 * HOUR);
  expect(await counts(shop)).toEqual({ failed: 1 });
  expect(sender.ids()).toEqual(Array.from({ length: ATTEMPTS_MAX }, () => ids[0]));
  const attempts = await shop.attempts();
  expect(attempts.map(({ number }) => number)).toEqual(Array.from({ length: ATTEMPTS_MAX }, (_, at) => at + 1));
  expect(attempts[0]).toMatchObject({ error: expect.stringContaining('500'), response_body: 'status 500' });
});

test.each([
  [199, 'postponed'],
  [200, 'succeeded'],
  [299, 'succeeded'],
  [301, 'postponed'],
  [404, 'postponed'],
  [500, 'postponed'],
])('an answer of %i counts as %s', async (statusCode, outcome) => {
  const { shop, endpoint, sender } = await shopWith(1);
  sender.answer = () => statusOf(statusCode);
  expect((await turn(shop, endpoint, sender)).outcomes).toEqual([outcome]);
});

test('a server that is asked too often is let be for as long as it says, all of it', async () => {
  const { shop, endpoint, sender } = await shopWith(5);
  sender.answer = () => statusOf(429, 200);
  await turn(shop, endpoint, sender);
  expect(sender.sent.length).toBeLessThanOrEqual(LANES);
  const { paused_for } = await shop.endpointRow(endpoint);
  expect(paused_for).toBeGreaterThan(190);
  const postponed = (await shop.deliveries()).filter(({ attempts }) => attempts > 0);
  for (const { due_in } of postponed) expect(due_in).toBeGreaterThan(190);
  sender.answer = () => statusOf(200);
  await shop.later(100);
  expect((await turn(shop, endpoint, sender)).outcomes).toEqual([]);
  await shop.later(101);
  await turn(shop, endpoint, sender);
  expect(await counts(shop)).toEqual({ succeeded: 5 });
});

test('a server that is gone is asked no more, and what waits is kept for when it is back', async () => {
  const { shop, endpoint, sender } = await shopWith(6);
  sender.answer = () => statusOf(410);
  await turn(shop, endpoint, sender);
  expect(await shop.endpointRow(endpoint)).toMatchObject({ status: 'disabled', disabled_reason: 'gone' });
  expect(sender.sent.length).toBeLessThanOrEqual(LANES);
  expect(await counts(shop)).toEqual({ pending: 6 });
  await shop.later(DAY);
  expect((await turn(shop, endpoint, sender)).outcomes).toEqual([]);
  const told = await db.admin`select data from events
    where company_id = ${shop.companyId} and type = 'webhook_endpoint.disabled'`;
  expect(told).toMatchObject([{ data: { reason: 'gone', endpoint: { id: endpoint } } }]);
});

test('after ten failures in a row one delivery a minute tries, and the others keep their attempts', async () => {
  const { shop, endpoint, sender } = await shopWith(200);
  sender.answer = refused;
  await turn(shop, endpoint, sender);
  const before = sender.sent.length;
  expect(before).toBeGreaterThanOrEqual(BREAKER_FAILURES);
  expect(before).toBeLessThan(BREAKER_FAILURES + LANES);
  for (let minute = 1; minute <= 5; minute++) {
    await shop.later(MINUTE - 2);
    expect((await turn(shop, endpoint, sender)).outcomes).toEqual([]);
    await shop.later(3);
    await Promise.all([turn(shop, endpoint, sender), turn(shop, endpoint, sender), turn(shop, endpoint, sender)]);
    expect(sender.sent).toHaveLength(before + minute);
  }
  await shop.later(MINUTE + 1);
  expect(await take(shop, endpoint)).toMatchObject([{ isProbe: true }]); // by a worker that dies of it
  await shop.later(LEASE_SECONDS + 1);
  expect((await turn(shop, endpoint, sender)).outcomes).toEqual([]);
  const untried = (await shop.deliveries()).filter(({ attempts }) => attempts === 0);
  expect(untried.length).toBeGreaterThanOrEqual(200 - before - 6);

  sender.answer = () => statusOf(200);
  await shop.later(MINUTE + 1);
  await turn(shop, endpoint, sender); // the probe closes the circuit, and all that waits is due
  await shop.later(MINUTE + 1); // what was to be tried within a minute
  await turn(shop, endpoint, sender);
  expect(await counts(shop)).toEqual({ succeeded: 200 });
  expect(await shop.endpointRow(endpoint)).toMatchObject({
    failures_in_a_row: 0,
    failing_since: null,
    paused_for: null,
  });
});

test('sporadic failures neither open the circuit nor switch an endpoint off', async () => {
  const { shop, endpoint, sender } = await shopWith(60);
  sender.answer = () => statusOf(sender.sent.length % 3 === 0 ? 200 : 500);
  for (let day = 0; day < 8; day++) {
    await turn(shop, endpoint, sender);
    await shop.later(DAY);
    await shop.announced(3);
    await shop.relayed();
  }
  expect((await shop.endpointRow(endpoint)).status).toBe('enabled');
});

test('a dead endpoint is asked at most once a minute, switched off after five days, and then has everything', async () => {
  const { shop, endpoint, sender } = await shopWith(40);
  sender.answer = refused;
  let days = 0;
  const sentOn: number[] = [];
  while ((await shop.endpointRow(endpoint)).status === 'enabled') {
    const before = sender.sent.length;
    for (let hour = 0; hour < 24; hour += 6) {
      await shop.announced(5);
      await shop.relayed();
      await turn(shop, endpoint, sender);
      await shop.later(6 * HOUR);
    }
    sentOn.push(sender.sent.length - before);
    days += 1;
    expect(days).toBeLessThan(9);
  }
  expect(days).toBeGreaterThanOrEqual(5);
  expect(days).toBeLessThanOrEqual(6);
  for (const count of sentOn.slice(1)) expect(count).toBeLessThanOrEqual(4); // one for each time anybody looked
  expect(await shop.endpointRow(endpoint)).toMatchObject({ status: 'disabled', disabled_reason: 'failing' });
  const waiting = (await shop.deliveries()).length;
  expect(await counts(shop)).toEqual({ pending: waiting });

  sender.answer = () => statusOf(200);
  sender.sent.length = 0;
  await db.app.run(shop.session, (ctx) => updateEndpoint(ctx, endpoint, { status: 'enabled' }));
  await turn(shop, endpoint, sender);
  expect(await counts(shop)).toEqual({ succeeded: waiting });
  expect(new Set(sender.ids()).size).toBe(waiting);
});

test('in strict order the next goes out only after the one before was taken', async () => {
  const { shop, endpoint, ids, sender } = await shopWith(6, { isOrdered: true });
  sender.answer = ({ headers }) => statusOf(headers['webhook-id'] === ids[2] && sender.sent.length < 5 ? 500 : 200);
  await Promise.all([turn(shop, endpoint, sender), turn(shop, endpoint, sender)]);
  expect(sender.mostAtOnce).toBe(1);
  expect(sender.ids()).toEqual(ids.slice(0, 3));
  await shop.later(HOUR);
  await turn(shop, endpoint, sender);
  expect(sender.ids()).toEqual([...ids.slice(0, 3), ids[2]]);
  await shop.later(HOUR);
  await turn(shop, endpoint, sender);
  expect(sender.ids()).toEqual([...ids.slice(0, 3), ids[2], ...ids.slice(2)]);
  expect(await counts(shop)).toEqual({ succeeded: 6 });
});

test('in strict order nothing overtakes an event that is still to be fanned out', async () => {
  const shop = new WebhookShop(db);
  const endpoint = await shop.endpoint({ isOrdered: true });
  const [first, second] = await shop.announced(2);
  await db.admin`update events set dispatched_at = now() where company_id = ${shop.companyId} and id = ${first ?? ''}`;
  await shop.relayed();
  await db.admin`update events set dispatched_at = null where company_id = ${shop.companyId} and id = ${first ?? ''}`;
  const sender = new FakeSender();
  await turn(shop, endpoint, sender);
  expect(sender.ids()).toEqual([]);
  await shop.relayed();
  await turn(shop, endpoint, sender);
  expect(sender.ids()).toEqual([first, second]);
});

test('what a worker held that died is taken anew when its lease ends, and counts as tried', async () => {
  const { shop, endpoint, ids, sender } = await shopWith(3);
  expect(await take(shop, endpoint)).toHaveLength(2); // and dies
  expect((await turn(shop, endpoint, sender)).outcomes).toEqual([]); // its lanes are taken
  await shop.later(LEASE_SECONDS + 1);
  await turn(shop, endpoint, sender);
  expect(sender.ids().toSorted()).toEqual(ids);
  expect((await shop.deliveries()).map(({ attempts }) => attempts).toSorted()).toEqual([1, 2, 2]);
});

test('a request that takes longer than a lease keeps it: nobody else sends the same', async () => {
  const { shop, endpoint, sender } = await shopWith(1);
  const { open: go, opened: held } = gate();
  onTestFinished(go);
  sender.answer = async () => {
    await held;
    return statusOf(200);
  };
  const first = turn(shop, endpoint, sender);
  await vi.waitFor(() => expect(sender.sent).toHaveLength(1));
  await shop.later(LEASE_SECONDS - 1); // almost over, and and renewed meanwhile
  await vi.waitFor(async () => expect((await shop.deliveries())[0]?.due_in).toBeGreaterThan(LEASE_SECONDS - 2), 5_000);
  expect((await turn(shop, endpoint, sender)).outcomes).toEqual([]);
  go();
  expect((await first).outcomes).toEqual(['succeeded']);
  expect(sender.sent).toHaveLength(1);
});

test('a worker that lost its lease logs what it sent, and leaves the rest to whoever holds it now', async () => {
  const { shop, endpoint, sender } = await shopWith(1);
  sender.answer = async () => {
    if (sender.sent.length > 1) return statusOf(200);
    await shop.later(LEASE_SECONDS + 1); // the worker was asleep
    expect((await turn(shop, endpoint, sender)).outcomes).toEqual(['succeeded']);
    return statusOf(500);
  };
  expect((await turn(shop, endpoint, sender)).outcomes).toEqual(['lost']);
  expect(await shop.deliveries()).toMatchObject([{ status: 'succeeded', last_status_code: 200 }]);
  expect((await shop.attempts()).map(({ status_code }) => status_code).toSorted()).toEqual([200, 500]);
});

test('an attempt that cannot be recorded at once is recorded later, once, and not made again', async () => {
  const { shop, endpoint, sender } = await shopWith(1);
  let calls = 0;
  const run: typeof db.app.run = async (session, work) => {
    calls += 1;
    if (calls === 2) throw new DatabaseUnavailable('away');
    const done = await db.app.run(session, work);
    if (calls === 3) throw new CommitUnknown(); // it was kept, and the answer was lost
    return done;
  };
  await turn(shop, endpoint, sender, { run });
  expect(sender.sent).toHaveLength(1);
  expect(await counts(shop)).toEqual({ succeeded: 1 });
  expect(await shop.attempts()).toHaveLength(1);
});

test('a turn ends after its time and says that there is more; what was taken and not begun is given back', async () => {
  const { shop, endpoint, sender } = await shopWith(30);
  let isStopping = false;
  sender.answer = async () => {
    if (sender.sent.length >= 4) isStopping = true;
    return statusOf(200);
  };
  expect(await turn(shop, endpoint, sender, { isStopping: () => isStopping })).toMatchObject({ isLeft: true });
  expect(sender.sent.length).toBeLessThan(4 + LANES);
  const rest = (await shop.deliveries()).filter(({ status }) => status === 'pending');
  expect(rest).toHaveLength(30 - sender.sent.length);
  for (const one of rest) expect(one).toMatchObject({ attempts: 0, is_leased: false });
  expect(rest.every(({ due_in }) => due_in <= 0)).toBe(true);
  expect(await turn(shop, endpoint, sender, { forMs: 0 })).toMatchObject({ isLeft: true, outcomes: [] });
});

test('a worker that is asked to stop has written down what it sent before its turn is over', async () => {
  const { shop, endpoint, sender } = await shopWith(1);
  let isStopping = false;
  sender.answer = async () => {
    isStopping = true;
    return statusOf(200);
  };
  const run: typeof db.app.run = async (session, work) => {
    if (isStopping) await new Promise((resolve) => setTimeout(resolve, 200)); // the database takes its time
    return db.app.run(session, work);
  };
  const { outcomes } = await turn(shop, endpoint, sender, { run, isStopping: () => isStopping });
  expect(outcomes).toEqual(['succeeded']);
  expect(await counts(shop)).toEqual({ succeeded: 1 });
});

test('a secret that cannot be read fails the attempt, says nothing of the endpoint, and is reported', async () => {
  const { shop, endpoint, sender } = await shopWith(1);
  await db.admin`update company_secrets set sealed = 'v1.broken' where company_id = ${shop.companyId}`;
  const { outcomes, faults } = await turn(shop, endpoint, sender);
  expect([outcomes, faults.length, sender.sent.length]).toEqual([['postponed'], 1, 0]);
  expect(await shop.endpointRow(endpoint)).toMatchObject({ failures_in_a_row: 0, failing_since: null });
  expect(await shop.deliveries()).toMatchObject([{ last_error: expect.stringContaining('our side') }]);
});

test('a success that changes nothing of the endpoint does not write its row', async () => {
  const { shop, endpoint, sender } = await shopWith(20);
  await turn(shop, endpoint, sender);
  const [row] = await db.admin`select xmin::text as xmin from webhook_endpoints where id = ${endpoint}`;
  await shop.announced(20);
  await shop.relayed();
  await turn(shop, endpoint, sender);
  expect(await counts(shop)).toEqual({ succeeded: 40 });
  expect((await shop.endpointRow(endpoint)).last_success_at).not.toBeNull();
  // Locked meanwhile, which leaves the version of the row as it is.
  expect((await db.admin`select xmin::text as xmin from webhook_endpoints where id = ${endpoint}`)[0]).toEqual(row);
});

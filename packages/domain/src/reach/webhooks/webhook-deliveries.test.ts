import { expect, test } from 'vitest';
import type { Run } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop, warmUp } from '../../testing/people.ts';
import { givenWebhooks } from '../../testing/webhooks.ts';
import { newRedelivery } from './redeliveries.contract.ts';
import { redeliverMany } from './redeliveries.flow.ts';
import { REDELIVERIES_MAX } from './redeliveries.service.ts';
import { deliveriesQuery } from './webhook-deliveries.contract.ts';
import { getDelivery, listDeliveries, redeliver } from './webhook-deliveries.service.ts';
import {
  DeliveryUnderWay,
  EndpointDeleted,
  EndpointDisabled,
  TooManyRedeliveries,
} from './webhook-endpoints.errors.ts';
import { deleteEndpoint, updateEndpoint } from './webhook-endpoints.service.ts';

const db = useDatabase();
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const run: Run = (session, work) => db.app.run(session, work);
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

async function given() {
  const shop = await givenShop(db);
  const session = await shop.as(await shop.hire('owner'));
  const webhooks = givenWebhooks(db, session);
  return {
    ...shop,
    ...webhooks,
    session,
    list: async (query: object = {}) =>
      (await run(session, (ctx) => listDeliveries(ctx, deliveriesQuery.parse(query)))).data,
    get: (id: Id<'whd'>) => run(session, (ctx) => getDelivery(ctx, id)),
    redeliver: (id: Id<'whd'>) => run(session, (ctx) => redeliver(ctx, id)),
    many: (wish: object) => redeliverMany(db.app.run, session, newRedelivery.parse(wish)),
    statuses: async (endpointId: string) => {
      const counts: Record<string, number> = {};
      for (const { status } of await webhooks.deliveries(endpointId)) counts[status] = (counts[status] ?? 0) + 1;
      return counts;
    },
  };
}

test('a delivery is shown with its attempts and with what is sent', async () => {
  const { endpoint, events, deliver, get, companyId } = await given();
  const { id: endpointId } = await endpoint();
  const [eventId] = await events(1);
  const [id] = await deliver(endpointId, [eventId], {
    status: 'failed',
    attempts: 2,
    last_status_code: 500,
    last_error: 'No.',
  });
  if (!id || !eventId) throw new Error('Nothing was made');
  const attempt = {
    company_id: companyId,
    delivery_id: id,
    duration_ms: 12,
    status_code: 500,
    error: 'No.',
    response_body: 'oops',
  };
  await db.admin`insert into webhook_attempts ${db.admin([2, 1].map((number) => ({ ...attempt, id: newId('wha'), number, started_at: new Date() })))}`;
  expect(await get(id)).toMatchObject({
    id,
    endpointId,
    eventId,
    eventType: 'order.paid',
    status: 'failed',
    attemptCount: 2,
    nextAttemptAt: null,
    lastStatusCode: 500,
    attempts: [{ number: 1, durationMs: 12, statusCode: 500, error: 'No.', responseBody: 'oops' }, { number: 2 }],
    payload: { id: eventId, type: 'order.paid', sequence: 1, data: {} },
  });
});

test('the log is read newest first, page by page, and by endpoint, event, type, status and time', async () => {
  const { endpoint, events, deliver, list, session } = await given();
  const [one, two] = [await endpoint(), await endpoint()];
  const paid = await events(3);
  const placed = await events(2, { type: 'order.placed' });
  await deliver(one.id, paid, { status: 'succeeded' });
  await deliver(one.id, placed, { status: 'failed' });
  await deliver(two.id, paid);
  const log = await list({ endpointId: one.id });
  expect(log.map(({ eventId }) => eventId).sort()).toEqual([...paid, ...placed]);
  // The time of an event is the beginning of the id; within a millisecond any order will do.
  expect(log.map(({ id }) => id)).toEqual(log.map(({ id }) => id).sort((a, b) => (a < b ? 1 : -1)));
  expect(await list({ eventId: paid[0] })).toHaveLength(2);
  expect(await list({ eventType: 'order.placed' })).toHaveLength(2);
  expect(await list({ eventType: 'order.*' })).toHaveLength(8);
  expect(await list({ status: 'failed' })).toHaveLength(2);
  expect(await list({ status: 'pending', endpointId: two.id })).toHaveLength(3);
  expect(await list({ createdGte: ago(HOUR_MS) })).toHaveLength(8);
  expect(await list({ createdLte: ago(HOUR_MS) })).toHaveLength(0);
  const first = await run(session, (ctx) => listDeliveries(ctx, deliveriesQuery.parse({ limit: 5 })));
  const rest = await run(session, (ctx) => listDeliveries(ctx, { limit: 5, after: first.page.next ?? '' }));
  expect(new Set([...first.data, ...rest.data].map(({ id }) => id)).size).toBe(8);
});

test("another company's deliveries are neither seen nor sent again", async () => {
  const { endpoint, events, deliver, deliveries } = await given();
  const { id: endpointId } = await endpoint();
  const [id] = await deliver(endpointId, await events(1), { status: 'failed' });
  if (!id) throw new Error('Nothing was made');
  const other = await given();
  expect(await other.list()).toEqual([]);
  expect(await other.list({ endpointId })).toEqual([]);
  await expect(other.get(id)).rejects.toBeInstanceOf(NotFound);
  await expect(other.redeliver(id)).rejects.toBeInstanceOf(NotFound);
  const refusals = [{ status: 'failed' }, { since: ago(HOUR_MS) }, { since: ago(HOUR_MS), dryRun: true }];
  for (const wish of refusals)
    await expect(other.many({ endpointId, ...wish })).rejects.toMatchObject({ faults: [{ pointer: '/endpointId' }] });
  expect(await deliveries(endpointId)).toMatchObject([{ status: 'failed', redeliveries: 0 }]);
});

test('one is sent again whatever became of it, its attempts begin anew, and one in hand of a worker is left alone', async () => {
  const { endpoint, events, deliver, redeliver: again, deliveries, auditOf } = await given();
  const { id: endpointId } = await endpoint();
  const [a, b, c, d] = await events(4);
  const later = new Date(Date.now() + HOUR_MS);
  const [failed] = await deliver(endpointId, [a], { status: 'failed', attempts: 12, ended_at: new Date() });
  const [succeeded] = await deliver(endpointId, [b], { status: 'succeeded', attempts: 1 });
  const [waiting] = await deliver(endpointId, [c], { attempts: 5, due_at: later });
  const [held] = await deliver(endpointId, [d], { attempts: 5, due_at: later, leased_until: later });
  if (!failed || !succeeded || !waiting || !held) throw new Error('Nothing was made');
  for (const id of [failed, succeeded, waiting]) {
    db.committed.length = 0;
    expect(await again(id)).toMatchObject({ status: 'pending', attemptCount: 0, redeliveries: 1, endedAt: null });
    expect(db.committed).toMatchObject([{ nudged: true }]);
    expect(await auditOf(id)).toEqual(['webhook_delivery.asked_again']);
  }
  await expect(again(held)).rejects.toBeInstanceOf(DeliveryUnderWay);
  expect((await deliveries(endpointId)).map(({ is_due, attempts }) => [is_due, attempts])).toEqual([
    [true, 0],
    [true, 0],
    [true, 0],
    [false, 5],
  ]);
});

test('nothing is sent again to an endpoint that is switched off or deleted', async () => {
  const { session, endpoint, events, deliver, redeliver: again, many, statuses } = await given();
  const { id: endpointId } = await endpoint();
  const [id] = await deliver(endpointId, await events(1), { status: 'failed' });
  if (!id) throw new Error('Nothing was made');
  await run(session, (ctx) => updateEndpoint(ctx, endpointId, { status: 'disabled' }));
  await expect(again(id)).rejects.toBeInstanceOf(EndpointDisabled);
  await expect(many({ endpointId, status: 'failed' })).rejects.toBeInstanceOf(EndpointDisabled);
  await run(session, (ctx) => deleteEndpoint(ctx, endpointId));
  await expect(again(id)).rejects.toBeInstanceOf(EndpointDeleted);
  await expect(many({ endpointId, status: 'failed' })).rejects.toBeInstanceOf(InvalidInput);
  expect(await statuses(endpointId)).toEqual({ failed: 1 });
});

test('ten thousand and more that failed are put back by one request, made-up ones and those of others are not', async () => {
  const { endpoint, events, deliver, many, statuses, auditOf } = await given();
  const [one, other] = [await endpoint(), await endpoint()];
  const failed = { status: 'failed', attempts: 12 };
  await deliver(one.id, await events(12_500), failed);
  await deliver(one.id, await events(2), { status: 'succeeded' });
  await deliver(one.id, await events(3, { isTest: true }), failed);
  await deliver(one.id, await events(4, { type: 'order.placed' }), failed);
  await deliver(other.id, await events(5), failed);
  const wish = { endpointId: one.id, status: 'failed' };
  expect(await many({ ...wish, dryRun: true })).toEqual({ endpointId: one.id, dryRun: true, count: 12_504 });
  expect(await many({ ...wish, until: ago(HOUR_MS) })).toMatchObject({ count: 0 });
  expect(await many({ ...wish, eventType: 'order.placed' })).toMatchObject({ count: 4 });
  expect(await many(wish)).toEqual({ endpointId: one.id, dryRun: false, count: 12_500 });
  expect(await statuses(one.id)).toEqual({ pending: 12_504, succeeded: 2, failed: 3 });
  expect(await statuses(other.id)).toEqual({ failed: 5 });
  expect(await many(wish)).toMatchObject({ count: 0 });
  expect(await auditOf(one.id)).toContain('webhook_deliveries.asked_again');
});

test('everything since a time is what it got and what it never got, each once; a second request adds nothing', async () => {
  const { endpoint, events, deliver, many, deliveries } = await given();
  const { id: endpointId } = await endpoint();
  const got = await events(2);
  const givenUp = await events(1);
  const underWay = await events(1);
  const missed = await events(12_000, { type: 'order.placed' });
  await events(3, { isTest: true });
  await events(3, { type: 'product.updated' });
  await deliver(endpointId, got, { status: 'succeeded', attempts: 1 });
  await deliver(endpointId, givenUp, { status: 'failed', attempts: 12 });
  const [held] = await deliver(endpointId, underWay, { attempts: 3 });
  const since = { endpointId, since: ago(HOUR_MS) };
  expect(await many({ ...since, dryRun: true })).toMatchObject({ count: 12_003 });
  expect(await deliveries(endpointId)).toHaveLength(4);
  await warmUp(db);
  const counts = await Promise.all([many(since), many(since)]);
  // Of two at once each row is put back by one of them.
  expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(12_003);
  const rows = await deliveries(endpointId);
  const wanted = [...got, ...givenUp, ...underWay, ...missed];
  expect(rows.map(({ event_id }) => event_id)).toEqual(wanted);
  expect(new Set(rows.map(({ status, is_due }) => `${status} ${is_due}`))).toEqual(new Set(['pending true']));
  expect(rows.find(({ id }) => id === held)).toMatchObject({ attempts: 3, redeliveries: 0 });
  expect(await many(since)).toMatchObject({ count: 0 });
  expect(await many({ ...since, eventType: 'product.updated' })).toMatchObject({ count: 0 });
});

test('one time and one kind of event narrow what is sent again', async () => {
  const { endpoint, events, many } = await given();
  const { id: endpointId } = await endpoint();
  await events(3);
  await events(2, { type: 'order.placed' });
  expect(await many({ endpointId, since: ago(DAY_MS), until: ago(HOUR_MS), dryRun: true })).toMatchObject({ count: 0 });
  expect(await many({ endpointId, since: ago(DAY_MS), eventType: 'order.placed', dryRun: true })).toMatchObject({
    count: 2,
  });
  await expect(many({ endpointId, since: ago(31 * DAY_MS) })).rejects.toMatchObject({
    faults: [{ pointer: '/since', code: 'too_long_ago' }],
  });
  for (const wish of [{ endpointId }, { endpointId, since: ago(1), until: ago(DAY_MS) }])
    expect(newRedelivery.safeParse(wish).success).toBe(false);
});

test('more than one request may put back is refused, and nothing of it is done', async () => {
  const { endpoint, events, many, deliveries } = await given();
  const { id: endpointId } = await endpoint();
  await events(REDELIVERIES_MAX + 1);
  await expect(many({ endpointId, since: ago(HOUR_MS) })).rejects.toBeInstanceOf(TooManyRedeliveries);
  expect(await deliveries(endpointId)).toHaveLength(0);
});

test('a request that is repeated under its key puts nothing back twice, and gets its answer', async () => {
  const { session, endpoint, events, deliveries } = await given();
  const { id: endpointId } = await endpoint();
  await events(5);
  const wish = newRedelivery.parse({ endpointId, since: ago(HOUR_MS) });
  const claimed = () => ({ ...session, idempotency: { key: 'once', route: 'POST /x', digest: 'a' } });
  const answer = await redeliverMany(db.app.run, claimed(), wish);
  await db.admin`update webhook_deliveries set status = 'succeeded', ended_at = now() where endpoint_id = ${endpointId}`;
  await expect(redeliverMany(db.app.run, claimed(), wish)).rejects.toMatchObject({ answer });
  expect(new Set((await deliveries(endpointId)).map(({ status }) => status))).toEqual(new Set(['succeeded']));
});

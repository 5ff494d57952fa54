import { expect, test } from 'vitest';
import type { Run } from '../../kernel/ctx.ts';
import { dispatchEvents } from '../../kernel/dispatch.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import { eventOf } from '../../kernel/events.ts';
import type { Id } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop } from '../../testing/people.ts';
import { givenWebhooks } from '../../testing/webhooks.ts';
import { fanOut } from './fan-out.service.ts';
import { announceTestEvent, sendTestEvent } from './test-events.service.ts';
import { getDelivery } from './webhook-deliveries.service.ts';
import { EndpointDisabled } from './webhook-endpoints.errors.ts';
import { deleteEndpoint, updateEndpoint } from './webhook-endpoints.service.ts';

const db = useDatabase();
const run: Run = (session, work) => db.app.run(session, work);

async function given() {
  const shop = await givenShop(db);
  const session = await shop.as(await shop.hire('owner'));
  // What there was to tell so far is told.
  const relay = () =>
    run(shop.system, (ctx) =>
      dispatchEvents(ctx, async (inner, waiting) => void (await fanOut(inner, waiting)), { max: 500 }),
    );
  return {
    ...shop,
    ...givenWebhooks(db, session),
    session,
    relay,
    send: (id: Id<'wep'>, type?: string) =>
      run(session, (ctx) => sendTestEvent(ctx, id, type === undefined ? {} : { type })),
    announce: (type: string) => run(session, (ctx) => announceTestEvent(ctx, { type })),
  };
}

test('a test event goes to the one endpoint it was made for, once, marked, as the sample of its type', async () => {
  const { session, endpoint, relay, send, deliveries, auditOf } = await given();
  const [one, other] = [await endpoint({ events: ['order.*'] }), await endpoint({ events: ['*'] })];
  await relay();
  const before = await deliveries(other.id);
  db.committed.length = 0;
  const sent = await send(one.id, 'order.paid');
  expect(db.committed).toMatchObject([{ nudged: true }]);
  expect(sent).toMatchObject({ type: 'order.paid', endpointCount: 1 });
  const shown = async () => run(session, (ctx) => getDelivery(ctx, sent.deliveryId ?? 'whd_'));
  expect(await shown()).toMatchObject({
    status: 'pending',
    eventId: sent.eventId,
    payload: { test: true, type: 'order.paid' },
  });
  expect((await shown()).payload.data).toEqual(
    JSON.parse(JSON.stringify(eventOf('order.paid')?.data.parse(eventOf('order.paid')?.sample))),
  );
  await relay();
  await relay();
  expect((await deliveries(one.id)).filter(({ event_id }) => event_id === sent.eventId)).toMatchObject([
    { id: sent.deliveryId },
  ]);
  expect(await deliveries(other.id)).toEqual(before);
  expect(await auditOf(sent.eventId)).toEqual(['test_event.sent']);
});

test('without a type it is the first that the endpoint wants, and with one it may be any', async () => {
  const { endpoint, send } = await given();
  const { id } = await endpoint({ events: ['refund.*', 'order.paid'] });
  expect((await send(id)).type).toBe('refund.created');
  expect((await send(id, 'product.updated')).type).toBe('product.updated');
});

test('announced to all, it reaches those that want its type and are enabled', async () => {
  const { session, endpoint, relay, announce, deliveries } = await given();
  const [wants, all, off, not] = [
    await endpoint({ events: ['order.*'] }),
    await endpoint({ events: ['*'] }),
    await endpoint({ events: ['order.paid'] }),
    await endpoint({ events: ['refund.*'] }),
  ];
  await run(session, (ctx) => updateEndpoint(ctx, off.id, { status: 'disabled' }));
  await relay();
  const sent = await announce('order.paid');
  expect(sent).toMatchObject({ type: 'order.paid', endpointCount: 2, deliveryId: null });
  await relay();
  const got = await Promise.all(
    [wants, all, off, not].map(async ({ id }) =>
      (await deliveries(id)).some(({ event_id }) => event_id === sent.eventId),
    ),
  );
  expect(got).toEqual([true, true, false, false]);
});

test('a type there is none of is refused with what may have been meant, and nothing is stored', async () => {
  const { endpoint, send, announce, companyId } = await given();
  const { id } = await endpoint();
  const refusals = await Promise.allSettled([send(id, 'order.payed'), announce('order.payed'), announce('order.*')]);
  for (const refusal of refusals) expect(refusal.status === 'rejected' && refusal.reason).toBeInstanceOf(InvalidInput);
  expect(refusals[0]).toHaveProperty('reason.message', expect.stringContaining('order.paid'));
  expect(refusals[0]).toHaveProperty('reason.faults.0.pointer', '/type');
  expect(await db.admin`select 1 from events where company_id = ${companyId} and is_test`).toHaveLength(0);
});

test('an endpoint that is off is not tried, and one of another company or deleted is not there', async () => {
  const { session, endpoint, send } = await given();
  const { id } = await endpoint();
  await run(session, (ctx) => updateEndpoint(ctx, id, { status: 'disabled' }));
  await expect(send(id)).rejects.toBeInstanceOf(EndpointDisabled);
  await expect((await given()).send(id)).rejects.toBeInstanceOf(NotFound);
  await run(session, (ctx) => deleteEndpoint(ctx, id));
  await expect(send(id)).rejects.toBeInstanceOf(NotFound);
});

import { expect, test } from 'vitest';
import type { Ctx } from '../../kernel/ctx.ts';
import { dispatchEvents, type WaitingEvent } from '../../kernel/dispatch.ts';
import { type Id, idOf } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { FakeSender, WebhookShop } from '../../testing/webhook-shop.ts';
import { deliverTurn } from './delivery.flow.ts';
import { fanOut } from './fan-out.service.ts';
import { sendTestEvent } from './test-events.service.ts';

const db = useDatabase();
const reached = async (shop: WebhookShop) =>
  (await shop.deliveries()).map(({ endpoint_id, event_id }) => ({ endpoint: endpoint_id, event: event_id }));

test('each event has one delivery for each endpoint that wants its type', async () => {
  const shop = new WebhookShop(db);
  const all = await shop.endpoint();
  const orders = await shop.endpoint({ eventTypes: ['refund.succeeded', 'order.*'] });
  const paid = await shop.endpoint({ eventTypes: ['order.paid'] });
  await shop.endpoint({ eventTypes: ['orders.paid', 'order', 'paid', 'order.pai'] });
  const [one] = await shop.announced(1, { type: 'order.paid' });
  const [two] = await shop.announced(1, { type: 'order.shipped' });
  const [three] = await shop.announced(1, { type: 'ordering.begun' });
  expect((await shop.relayed()).toSorted()).toEqual([all, orders, paid].toSorted());
  const expected = [
    ...[all, orders, paid].map((endpoint) => ({ endpoint, event: one })),
    ...[all, orders].map((endpoint) => ({ endpoint, event: two })),
    { endpoint: all, event: three },
  ];
  expect(await reached(shop)).toEqual(expected);
});

test('ids of deliveries are ids, sort as their events do, and are the same for the same pair', async () => {
  const shop = new WebhookShop(db);
  await shop.endpoint();
  await shop.endpoint();
  await shop.announced(3);
  await shop.relayed();
  const ids = (await shop.deliveries()).map(({ id }) => id);
  for (const id of ids) expect(idOf('whd').parse(id)).toBe(id);
  expect(new Set(ids).size).toBe(6);
  await db.admin`update events set dispatched_at = null where company_id = ${shop.companyId}`;
  expect(await shop.relayed()).toEqual([]); // all there already
  expect((await shop.deliveries()).map(({ id }) => id)).toEqual(ids);
});

test('endpoints that are disabled or deleted get nothing, nor do those of other companies', async () => {
  const [shop, other] = [new WebhookShop(db), new WebhookShop(db)];
  await other.endpoint();
  await shop.endpoint({ status: 'disabled', disabledReason: 'by_hand', disabledAt: '2026-01-01T00:00:00.000Z' });
  await shop.endpoint({ deletedAt: '2026-01-01T00:00:00.000Z' });
  await shop.announced();
  expect(await shop.relayed()).toEqual([]);
  expect([...(await reached(shop)), ...(await reached(other))]).toEqual([]);
});

test('a made-up event goes to the endpoint it is meant for, whatever that wants, or to all that want its type', async () => {
  const shop = new WebhookShop(db);
  const [meant, other] = [await shop.endpoint({ eventTypes: ['refund.*'] }), await shop.endpoint()];
  const [forOne] = await shop.announced(1, { isTest: true, endpointId: meant });
  const [forAll] = await shop.announced(1, { isTest: true });
  await shop.relayed();
  expect(await reached(shop)).toEqual([
    { endpoint: meant, event: forOne },
    { endpoint: other, event: forAll },
  ]);
});

test('an endpoint is rung for because of a made-up event, also when that was put on its way at once', async () => {
  const shop = new WebhookShop(db);
  const meant = await shop.endpoint({ eventTypes: ['order.*'] });
  await db.app.run(shop.session, (ctx) => sendTestEvent(ctx, meant, { type: 'webhook_endpoint.created' }));
  expect(await shop.relayed()).toEqual([meant]);
  expect(await reached(shop)).toHaveLength(1);
});

test('in strict order nothing waits behind an event that has its delivery, though the event itself waits for its mail', async () => {
  const shop = new WebhookShop(db);
  const endpoint = await shop.endpoint({ isOrdered: true });
  const ids = await shop.announced(2);
  const [first, second] = ids;
  const consume = async (ctx: Ctx, waiting: readonly WaitingEvent[]) => void (await fanOut(ctx, waiting));
  await db.app.run(shop.session, (ctx) => dispatchEvents(ctx, consume, { max: 1, only: first, isLeftWaiting: true }));
  await db.app.run(shop.session, (ctx) => dispatchEvents(ctx, consume, { max: 1, only: second }));
  const sender = new FakeSender();
  const ports = { sender, report: () => undefined };
  await deliverTurn(db.app.run, ports, shop.session, endpoint, { forMs: 5_000 });
  expect(sender.ids()).toEqual(ids);
});

test('a relay that dies before its commit leaves no delivery, and the event waits', async () => {
  const shop = new WebhookShop(db);
  await shop.endpoint();
  const ids: Id<'evt'>[] = await shop.announced(2);
  const dying = db.app.run(shop.session, async (ctx) => {
    await dispatchEvents(ctx, async (inner, waiting) => void (await fanOut(inner, waiting)), { max: 10 });
    throw new Error('killed');
  });
  await expect(dying).rejects.toThrow('killed');
  expect(await shop.deliveries()).toHaveLength(0);
  await shop.relayed();
  expect((await reached(shop)).map(({ event }) => event)).toEqual(ids);
});

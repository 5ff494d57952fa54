import { expect, test } from 'vitest';
import type { Run } from '../../kernel/ctx.ts';
import { EVENTS_KEPT_DAYS, sweepEvents } from '../../kernel/dispatch.ts';
import { newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop } from '../../testing/people.ts';
import { givenWebhooks } from '../../testing/webhooks.ts';
import { deleteEndpoint, rotateSecret } from './webhook-endpoints.service.ts';
import { forgetDeliveries, sweepEndpoints } from './webhook-sweeping.service.ts';

const db = useDatabase();
const DAY_MS = 86_400_000;
const run: Run = (session, work) => db.app.run(session, work);

async function given() {
  const shop = await givenShop(db);
  const count = async (table: 'events' | 'webhook_deliveries' | 'webhook_attempts' | 'webhook_endpoints') => {
    const [row] = await db.admin<{ n: number }[]>`
      select count(*)::int as n from ${db.admin(table)} where company_id = ${shop.companyId}`;
    return row?.n;
  };
  const sweep = () => run(shop.system, sweepEndpoints);
  return { ...shop, ...givenWebhooks(db, shop.system), count, sweep };
}

test('deliveries and their attempts go with their events, also those that are still on their way', async () => {
  const { system, endpoint, events, deliver, count, companyId } = await given();
  const { id } = await endpoint();
  const waiting = await deliver(id, await events(2));
  const done = await deliver(id, await events(2), { status: 'succeeded' });
  const attempt = { company_id: companyId, number: 1, started_at: new Date(), duration_ms: 1 };
  const rows = [...waiting, ...done].map((deliveryId) => ({ ...attempt, id: newId('wha'), delivery_id: deliveryId }));
  await db.admin`insert into webhook_attempts ${db.admin(rows)}`;
  await db.admin`update events set dispatched_at = now() where company_id = ${companyId}`;
  const sweepAt = (now: number) =>
    run(system, (ctx) => sweepEvents({ ...ctx, now: new Date(now) }, 100, forgetDeliveries));
  expect(await sweepAt(Date.now() + (EVENTS_KEPT_DAYS - 1) * DAY_MS)).toBe(0);
  expect([await count('webhook_deliveries'), await count('webhook_attempts')]).toEqual([4, 4]);
  await sweepAt(Date.now() + (EVENTS_KEPT_DAYS + 1) * DAY_MS);
  expect([await count('events'), await count('webhook_deliveries'), await count('webhook_attempts')]).toEqual([
    0, 0, 0,
  ]);
  expect(await count('webhook_endpoints')).toBe(1);
});

test('a deleted endpoint is removed when nothing is left of its deliveries; what came to it late is ended', async () => {
  const { system, endpoint, events, deliver, deliveries, sweep, count, companyId } = await given();
  const [empty, full, live] = [await endpoint(), await endpoint(), await endpoint()];
  const [eventId] = await events(1);
  for (const { id } of [empty, full]) await run(system, (ctx) => deleteEndpoint(ctx, id));
  await deliver(full.id, [eventId]);
  expect(await sweep()).toBe(true);
  expect(await sweep()).toBe(false);
  expect(await deliveries(full.id)).toMatchObject([{ status: 'failed' }]);
  const left = async () =>
    (await db.admin`select id from webhook_endpoints where company_id = ${companyId} order by id`).map(
      (row) => row['id'],
    );
  expect(await left()).toEqual([full.id, live.id]);
  await run(system, (ctx) => forgetDeliveries(ctx, eventId ? [eventId] : []));
  await sweep();
  expect(await left()).toEqual([live.id]);
  expect(await count('webhook_deliveries')).toBe(0);
});

test('a secret whose overlap is over is forgotten, and one that still signs is not', async () => {
  const { system, endpoint, sweep, companyId } = await given();
  const [over, still] = [await endpoint(), await endpoint()];
  for (const { id } of [over, still]) await run(system, (ctx) => rotateSecret(ctx, id, { overlapHours: 1 }));
  await db.admin`update webhook_endpoints set previous_secret_until = now() where id = ${over.id}`;
  await sweep();
  const names = await db.admin`select name from company_secrets where company_id = ${companyId} order by name`;
  expect(names.map(({ name }) => name)).toEqual(
    [`webhook-endpoint.${over.id}`, `webhook-endpoint.${still.id}`, `webhook-endpoint.${still.id}.previous`].sort(),
  );
});

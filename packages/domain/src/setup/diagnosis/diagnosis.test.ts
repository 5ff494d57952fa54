import { expect, test } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop } from '../../testing/people.ts';
import { givenWebhooks } from '../../testing/webhooks.ts';
import { backlogOf, databaseTime, endpointsGivenUp, wallsOf } from './diagnosis.service.ts';

const db = useDatabase();

test('the relay role sees how much waits for a worker, and for how long', async () => {
  const shop = await givenShop(db);
  const webhooks = givenWebhooks(db, shop.system);
  const endpoint = await webhooks.endpoint();
  const off = await webhooks.endpoint();
  const [late, other, third] = await webhooks.events(3);
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  await webhooks.deliver(endpoint.id, [late], { due_at: minutesAgo(7) });
  await webhooks.deliver(endpoint.id, [other], { due_at: minutesAgo(-7) });
  await webhooks.deliver(off.id, [third], { due_at: minutesAgo(70) });
  await db.admin`update webhook_endpoints set status = 'disabled', disabled_at = now(), disabled_reason = 'gone' where id = ${off.id}`;
  const { deliveries, events, audit } = await db.relay.unscoped(backlogOf);
  // Not what is due later, nor what waits for an endpoint that takes nothing.
  expect(deliveries.count).toBe(1);
  expect(deliveries.oldestSeconds).toBeGreaterThanOrEqual(420);
  expect(deliveries.oldestSeconds).toBeLessThan(480);
  expect(events.count).toBeGreaterThan(0);
  expect(events.oldestSeconds).toBeLessThan(60);
  expect(audit.count).toBeGreaterThan(0);
  await db.admin`update events set dispatched_at = now()`;
  expect((await db.relay.unscoped(backlogOf)).events).toEqual({ count: 0, oldestSeconds: null });
});

test('in strict order only the delivery whose turn it is counts as waiting', async () => {
  const before = (await db.relay.unscoped(backlogOf)).deliveries.count;
  const webhooks = givenWebhooks(db, (await givenShop(db)).system);
  const endpoint = await webhooks.endpoint({ ordered: true });
  const [first, second, third] = await webhooks.events(3);
  await webhooks.deliver(endpoint.id, [first], { due_at: new Date(Date.now() + 600_000).toISOString() });
  await webhooks.deliver(endpoint.id, [second, third]);
  // The first waits for its next attempt, and the others for the first.
  expect((await db.relay.unscoped(backlogOf)).deliveries.count).toBe(before);
  await db.admin`update webhook_deliveries set due_at = now() where event_id = ${String(first)}`;
  expect((await db.relay.unscoped(backlogOf)).deliveries.count).toBe(before + 1);
});

test('endpoints that were given up are named, and not what staff switched off or deleted', async () => {
  const shop = await givenShop(db);
  const webhooks = givenWebhooks(db, shop.system);
  const [gone, failing, byHand, deleted] = [
    await webhooks.endpoint(),
    await webhooks.endpoint(),
    await webhooks.endpoint(),
    await webhooks.endpoint(),
  ];
  const off = (id: string, reason: string) =>
    db.admin`update webhook_endpoints set status = 'disabled', disabled_at = now(), disabled_reason = ${reason} where id = ${id}`;
  await Promise.all([
    off(gone.id, 'gone'),
    off(failing.id, 'failing'),
    off(byHand.id, 'by_hand'),
    off(deleted.id, 'gone'),
  ]);
  await db.admin`update webhook_endpoints set deleted_at = now() where id = ${deleted.id}`;
  const found = (await db.relay.unscoped((tx) => endpointsGivenUp(tx, 100))).filter(
    ({ companyId }) => companyId === shop.companyId,
  );
  expect(new Map(found.map(({ id, reason }) => [id, reason]))).toEqual(
    new Map([
      [gone.id, 'gone'],
      [failing.id, 'failing'],
    ]),
  );
  expect(await db.relay.unscoped((tx) => endpointsGivenUp(tx, 1))).toHaveLength(1);
});

test('a table of companies without its wall is named', async () => {
  expect((await db.app.unscoped(wallsOf)).open).toEqual([]);
  const name = `open_${newId('com').slice(-8)}`;
  await db.admin.unsafe(`create table ${name} (company_id text)`);
  const { open, serverVersion } = await db.app.unscoped(wallsOf);
  expect(open).toEqual([name]);
  expect(serverVersion).toBeGreaterThanOrEqual(150_000);
  await db.admin.unsafe(`drop table ${name}`);
});

test('the time of the database is told in milliseconds', async () => {
  expect(Math.abs((await db.app.unscoped(databaseTime)) - Date.now())).toBeLessThan(60_000);
});

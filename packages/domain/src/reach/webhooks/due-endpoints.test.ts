import { type SQLWrapper, sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { Id } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { WebhookShop } from '../../testing/webhook-shop.ts';
import { endpointsDue } from './due-endpoints.service.ts';

const db = useDatabase();

async function shopWith(count: number, more: Parameters<WebhookShop['endpoint']>[0] = {}) {
  const shop = new WebhookShop(db);
  const endpoint = await shop.endpoint(more);
  await shop.announced(count);
  await shop.relayed();
  const set = (column: 'due_at' | 'leased_until', at: number, interval: string) => db.admin`
    update webhook_deliveries set ${db.admin(column)} = now() + ${interval}::interval where company_id = ${shop.companyId}
      and event_id = (select event_id from webhook_deliveries where company_id = ${shop.companyId} order by event_id offset ${at} limit 1)`;
  return { shop, endpoint, set };
}
const look = (limit = 1_000, after?: Parameters<typeof endpointsDue>[2]) =>
  db.relay.unscoped((tx) => endpointsDue(tx, limit, after));
const waitingAt = async (endpoint: Id<'wep'>) =>
  (await look()).due.filter(({ endpointId }) => endpointId === endpoint).map(({ waitingSeconds }) => waitingSeconds);

test('the relay role sees which endpoints something can be sent to, and not the others', async () => {
  const due = await shopWith(2);
  const off = await shopWith(1);
  await db.admin`update webhook_endpoints set status = 'disabled', disabled_at = now() where id = ${off.endpoint}`;
  const paused = await shopWith(1, { pausedUntil: '2999-01-01T00:00:00.000Z' });
  const later = await shopWith(1);
  await later.set('due_at', 0, '1 hour');
  const inHand = await shopWith(1);
  await inHand.set('leased_until', 0, '6 seconds');
  const done = await shopWith(1);
  await db.admin`update webhook_deliveries set status = 'succeeded', ended_at = now() where endpoint_id = ${done.endpoint}`;
  await due.set('due_at', 1, '-90 seconds');
  const [seconds] = await waitingAt(due.endpoint);
  expect(seconds).toBeGreaterThan(89);
  for (const { endpoint } of [off, paused, later, inHand, done]) expect(await waitingAt(endpoint)).toEqual([]);
});

test('in strict order only the oldest counts: an endpoint whose oldest waits for its retry has nothing due', async () => {
  const { endpoint, set } = await shopWith(3, { isOrdered: true });
  await set('due_at', 1, '-2 days');
  await set('due_at', 0, '1 hour');
  expect(await waitingAt(endpoint)).toEqual([]);
  await set('due_at', 0, '-5 seconds');
  const [seconds] = await waitingAt(endpoint);
  expect(seconds).toBeGreaterThan(4);
  expect(seconds).toBeLessThan(86_400);
  await set('leased_until', 0, '6 seconds');
  expect(await waitingAt(endpoint)).toEqual([]);
});

test('all of them are found, a stretch at a time, however little is due in a stretch', async () => {
  const shops = [await shopWith(1), await shopWith(2), await shopWith(1), await shopWith(1)];
  await shops[1]?.set('due_at', 0, '1 hour');
  await shops[1]?.set('due_at', 1, '1 hour');
  const found: Id<'wep'>[] = [];
  let after: Parameters<typeof endpointsDue>[2];
  do {
    const { due, last } = await look(2, after);
    expect(due.length).toBeLessThanOrEqual(2);
    found.push(...due.map(({ endpointId }) => endpointId));
    after = last;
  } while (after);
  expect(found).toEqual((await look()).due.map(({ endpointId }) => endpointId));
  expect(found).toEqual(expect.arrayContaining([0, 2, 3].map((at) => shops[at]?.endpoint)));
  expect(found).not.toContain(shops[1]?.endpoint);
});

test('neither endpoints with nothing on its way nor long backlogs are walked through', async () => {
  const loud = await shopWith(2_000);
  await db.admin`insert into webhook_endpoints (company_id, id, url, event_types)
    select ${loud.shop.companyId}, 'wep_' || lpad(n::text, 26, '0'), 'https://example.com', '[]' from generate_series(1, 5000) n`;
  await db.admin`analyze webhook_endpoints, webhook_deliveries`;
  let pages = 0;
  await db.relay.unscoped((tx) => {
    const explained = async (statement: SQLWrapper) => {
      const [row] = await tx.execute<Explained>(sql`explain (analyze, buffers, format json) ${statement}`);
      const plan = row?.['QUERY PLAN'][0]?.Plan;
      pages = (plan?.['Shared Hit Blocks'] ?? Number.NaN) + (plan?.['Shared Read Blocks'] ?? Number.NaN);
      return [];
    };
    return endpointsDue({ execute: explained } as unknown as typeof tx, 1_000); // the one method it uses
  });
  expect(pages).toBeGreaterThan(0);
  expect(pages).toBeLessThan(100);
});

type Explained = { 'QUERY PLAN': { Plan: Record<'Shared Hit Blocks' | 'Shared Read Blocks', number> }[] };

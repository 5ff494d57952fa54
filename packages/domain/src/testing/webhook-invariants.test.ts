import { beforeAll, expect, test } from 'vitest';
import { deliverTurn } from '../reach/webhooks/delivery.flow.ts';
import { useDatabase } from './database.ts';
import { WEBHOOK_INVARIANTS } from './webhook-invariants.ts';
import { FakeSender, statusOf, WebhookShop } from './webhook-shop.ts';

const db = useDatabase();

/** Deliveries that went well, that wait and that were given up, and a made-up event for one endpoint. */
beforeAll(async () => {
  const shop = new WebhookShop(db);
  const endpoint = await shop.endpoint({ eventTypes: ['order.*'] });
  const other = await shop.endpoint({ eventTypes: ['order.paid'] });
  await db.admin`update webhook_endpoints set updated_at = now() - interval '1 s'`;
  const ids = await shop.announced(6);
  await shop.announced(1, { type: 'product.created' });
  await shop.announced(1, { isTest: true, endpointId: other, type: 'product.created' });
  await shop.relayed();
  const sender = new FakeSender();
  const report = () => undefined;
  sender.answer = ({ headers }) => statusOf(headers['webhook-id'] === ids[0] ? 500 : 200);
  for (const id of [endpoint, other])
    await deliverTurn(db.app.run, { sender, report }, shop.session, id, { forMs: 60_000 });
  await db.admin`update webhook_deliveries set attempts = 12, status = 'failed', ended_at = now()
    where status = 'pending' and endpoint_id = ${other}`;
});

/** The names of those that are broken, asked inside a transaction that is undone. */
async function brokenAfter(change = 'select 1'): Promise<string[]> {
  const broken: string[] = [];
  await db.admin
    .begin(async (sql) => {
      await sql.unsafe(change);
      for (const [name, text] of Object.entries(WEBHOOK_INVARIANTS))
        if ((await sql.unsafe(text)).length > 0) broken.push(name.split(' ')[0] ?? name);
      throw new Error('undone');
    })
    .catch((error: unknown) => {
      if (!(error instanceof Error && error.message === 'undone')) throw error;
    });
  return broken;
}

test('webhooks that work break none', async () => {
  expect(await brokenAfter()).toEqual([]);
});

test.each([
  ['I6', `delete from webhook_attempts; delete from webhook_deliveries where status = 'succeeded'`],
  ['I6', `update webhook_deliveries set event_type = 'order.shipped'`],
  [
    'I6',
    `update events set dispatched_at = null; update webhook_deliveries set created_at = now() - interval '1 hour'`,
  ],
  ['I6', `update events set endpoint_id = (select min(id) from webhook_endpoints) where is_test`],
  ['I7', `delete from webhook_attempts where status_code = 200`],
  ['I7', `update webhook_deliveries set status = 'failed', last_error = 'x' where status = 'succeeded'`],
  ['I7', `update webhook_deliveries set attempts = 0 where status = 'succeeded'`],
  ['I7', `update webhook_deliveries set ended_at = null`],
  ['I7', `update webhook_deliveries set last_error = null where status = 'failed'`],
  [
    'I13',
    `update webhook_endpoints set failures_in_a_row = 0;
    update webhook_deliveries set due_at = now() - interval '2 minutes' where status = 'pending'`,
  ],
])('%s is broken by: %s', async (name, change) => {
  expect(await brokenAfter(change)).toContain(name);
});

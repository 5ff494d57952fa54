import { expect, test, vi } from 'vitest';
import { useDatabase } from '../../testing/database.ts';
import { givenShop } from '../../testing/people.ts';
import { givenWebhooks } from '../../testing/webhooks.ts';
import { newRedelivery } from './redeliveries.contract.ts';
import { redeliverMany } from './redeliveries.flow.ts';

const db = useDatabase();

test('made-up events are left out by asking for these few, not by reading all events of the time', async () => {
  const shop = await givenShop(db);
  const { endpoint, events, deliver } = givenWebhooks(db, shop.system);
  const { id: endpointId } = await endpoint();
  const real = await events(10_000);
  const madeUp = await events(3, { isTest: true });
  await deliver(endpointId, [...real.slice(0, 5), ...madeUp], { status: 'failed', ended_at: new Date() });
  await db.admin`analyze events, webhook_deliveries`;
  const looksAt = async (index: string) =>
    Number((await db.admin`select idx_scan from pg_stat_user_indexes where indexrelname = ${index}`)[0]?.['idx_scan']);
  // The database tells what was used with the end of a later transaction.
  await vi.waitFor(
    async () => {
      const wish = newRedelivery.parse({ endpointId, status: 'failed', dryRun: true });
      expect((await redeliverMany(db.app.run, shop.system, wish)).count).toBe(5);
      expect(await looksAt('events_made_up')).toBeGreaterThan(0);
    },
    { timeout: 10_000, interval: 300 },
  );
});

import { setTimeout as pause } from 'node:timers/promises';
import { type CompanyId, newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { readWorkerConfig } from '@souk/platform/config';
import { createLoggers } from '@souk/platform/logger';
import { processMetrics } from '@souk/platform/metrics';
import { workerMetrics } from '@souk/platform/queue-metrics';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startLoops } from './worker-loops.ts';
import { openWorkerParts } from './worker-parts.ts';

const db = useDatabase();

test('a mail that somebody asked for again is rung for as soon as a worker is woken, not with the next look around', async () => {
  const env = { NODE_ENV: 'test', DATABASE_URL: db.urls.app, DATABASE_RELAY_URL: db.urls.relay, METRICS_PORT: '0' };
  const keys = `test:${Buffer.alloc(32, 7).toString('base64')}`;
  const config = readWorkerConfig({ ...env, MASTER_KEYS: keys });
  const parts = await openWorkerParts(config, createLoggers({ level: 'silent', process: 'test' }));
  const rung: CompanyId[] = [];
  const bells = {
    notifications: async (companyId: CompanyId) => rung.push(companyId) > 0,
    webhooks: async () => true,
  };
  const loops = startLoops(parts, bells, workerMetrics(processMetrics('worker', parts.app.pool)));
  onTestFinished(async () => {
    await loops.stop();
    await parts.close();
  });
  await pause(1_000); // the first look around, of one in five seconds
  const [companyId, eventId] = [newId('com'), newId('evt')];
  await db.admin`insert into events (company_id, id, type, version, aggregate_id, sequence, data, dispatched_at)
    values (${companyId}, ${eventId}, 'order.paid', 1, 'ord_1', 1, '{}', now())`;
  await db.admin`insert into notifications (company_id, id, event_id, template, recipient)
    values (${companyId}, ${newId('ntf')}, ${eventId}, 'order-confirmation', 'ada@example.com')`;
  loops.wake();
  await vi.waitFor(() => expect(rung).toContain(companyId), { timeout: 3_000, interval: 20 });
});

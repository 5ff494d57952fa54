import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { systemSession } from '@souk/domain/kernel/ctx';
import { type Database, openDatabase } from '@souk/domain/kernel/database';
import { type CompanyId, newId } from '@souk/domain/kernel/ids';
import { events } from '@souk/domain/kernel/outbox.schema';
import { useMasterKeys } from '@souk/domain/kernel/sealing';
import { giveSecret } from '@souk/domain/reach/webhooks/endpoint-secrets.service';
import { webhookEndpoints } from '@souk/domain/reach/webhooks/webhooks.schema';
import { findRedis } from '@souk/local/redis';
import { createLoggers } from '@souk/platform/logger';
import { nudger } from '@souk/platform/queue-nudge';
import { openRedis } from '@souk/platform/redis';
import { sql } from 'drizzle-orm';
import { type Deployment, startBare } from './deployment.ts';
import { familyMs, processorMs } from './processor-time.ts';
import { alternate, type Outcome } from './rounds.ts';

const EVENTS = 500;
const RECEIVERS = 4;
const RATIO_GOAL = 0.5;
const PACED_EVENTS = 500;
const PACED_EVERY_MS = 20;
const P99_GOAL_MS = 400;
/** Of another company, to a server that takes a request and never answers. */
const LOUD_DELIVERIES = 2_000;
/** What a company may wait longer beside it: so many times, or so many milliseconds. */
const BESIDE_TIMES = 1.3;
const BESIDE_MS = 100;
const WAIT_MS = 120_000;
const CACHE = path.resolve(import.meta.dirname, '../../../.data/cache');
/** About what an order's event holds. */
const DATA = { order: { id: 'ord_1', note: 'x'.repeat(600) } };

interface Told {
  urls: string[];
  count: number;
  ms: number;
  latencies: number[];
}

/** Deliveries of one worker to four servers on this machine, on either queue, against two transactions and a POST each. */
export async function benchWebhooks(deployment: Deployment): Promise<Outcome[]> {
  useMasterKeys(deployment.masterKeys);
  const receivers = await startBare('webhook-receivers', []);
  const told = async (reset = false) =>
    (await (await fetch(`${receivers.url}/${reset ? 'reset' : ''}`)).json()) as Told;
  const { urls } = await told();
  const bare = await startBare('bare-webhooks', [deployment.superuserUrl, ...urls]);
  const redis = await findRedis({ fetch: true, cacheDir: CACHE });
  const stores: { name: string; redisUrl?: string }[] = [{ name: 'PostgreSQL' }];
  if (redis.found) stores.push({ name: 'Redis', redisUrl: redis.url });
  else process.stderr.write(`Webhooks are measured with their queue on PostgreSQL only: ${redis.reason}\n`);
  try {
    const outcomes: Outcome[] = [];
    for (const store of stores) outcomes.push(...(await benchStore(deployment, store, urls, told, bare.url)));
    return outcomes;
  } finally {
    if (redis.found) await redis.stop();
    await Promise.all([receivers.stop(), bare.stop()]);
  }
}

async function benchStore(
  deployment: Deployment,
  { name, redisUrl }: { name: string; redisUrl?: string },
  urls: readonly string[],
  told: (reset?: boolean) => Promise<Told>,
  bareUrl: string,
): Promise<Outcome[]> {
  const { log } = createLoggers({ level: 'silent', process: 'bench' });
  const redis = redisUrl ? openRedis(redisUrl, log, 'publisher') : undefined;
  const nudge = nudger(redis, log);
  const database = openDatabase({ url: deployment.databaseUrl, size: 4, onCommitted: nudge });
  const company = await deployment.register(`bench-webhooks-${name.toLowerCase()}`);
  await endpoints(database, company.id, urls);
  // Only in development is this machine asked.
  const worker = await deployment.startWorker({
    NODE_ENV: 'development',
    FETCH_ALLOW_LOOPBACK: 'true',
    LOG_LEVEL: 'warn',
    ...(redisUrl && { REDIS_URL: redisUrl }),
  });
  try {
    let [count, worked, served] = [0, 0, 0];
    const [ours = Number.NaN, base = Number.NaN] = await alternate([
      async () => {
        const before = [await processorMs(worker.pid), await familyMs(deployment.postmasterPid)] as const;
        const rate = await delivered(database, company.id, told);
        worked += (await processorMs(worker.pid)) - before[0];
        served += (await familyMs(deployment.postmasterPid)) - before[1];
        count += EVENTS * RECEIVERS;
        return rate;
      },
      async () => Number(await (await fetch(`${bareUrl}?count=${EVENTS}`)).text()),
    ]);
    await leaveOne(database, company.id);
    const { p50, p99 } = await paced(database, company.id, told);
    const beside = await besideLoud(deployment, database, `bench-loud-${name.toLowerCase()}`, () =>
      paced(database, company.id, told),
    );
    return [
      {
        name: `webhooks delivered to ${RECEIVERS} servers by one worker, queue on ${name} (bare: two transactions and a POST)`,
        ours,
        bare: base,
        unit: 'deliveries/s',
        goal: RATIO_GOAL,
        note: `processor per delivery: worker ${(worked / count).toFixed(2)} ms, PostgreSQL ${(served / count).toFixed(2)} ms`,
      },
      {
        name: `from commit to the first attempt at ${1_000 / PACED_EVERY_MS} events/s, to one server, 99th percentile, queue on ${name} (bare: the goal)`,
        ours: p99,
        bare: P99_GOAL_MS,
        unit: 'ms',
        goal: 1,
        isLatency: true,
        note: `median ${p50} ms`,
      },
      {
        name: `the same beside ${LOUD_DELIVERIES.toLocaleString('en')} deliveries of another company to a server that hangs (bare: ${BESIDE_TIMES} times, or ${BESIDE_MS} ms more)`,
        ours: beside.p99,
        bare: Math.max(p99 * BESIDE_TIMES, p99 + BESIDE_MS),
        unit: 'ms',
        goal: 1,
        isLatency: true,
        note: `median ${beside.p50} ms`,
      },
    ];
  } finally {
    await worker.stop();
    await database.close();
    redis?.disconnect();
  }
}

async function endpoints(database: Database, companyId: CompanyId, urls: readonly string[]): Promise<void> {
  await database.run(systemSession(companyId, 'bench'), async (ctx) => {
    for (const url of urls) {
      const id = newId('wep');
      await ctx.tx.insert(webhookEndpoints).values({ companyId, id, url, eventTypes: ['*'] });
      await giveSecret(ctx, id);
    }
  });
}

/** A backlog of events, from the first arrival to the last. */
async function delivered(
  database: Database,
  companyId: CompanyId,
  told: (reset?: boolean) => Promise<Told>,
): Promise<number> {
  await told(true);
  await announce(database, companyId, EVENTS);
  const { count, ms } = await arrived(EVENTS * RECEIVERS, told);
  return (count * 1_000) / ms;
}

/** Events at an even pace to one endpoint, and the milliseconds from their commit to their arrival. */
async function paced(
  database: Database,
  companyId: CompanyId,
  told: (reset?: boolean) => Promise<Told>,
): Promise<{ p50: number; p99: number }> {
  await told(true);
  const begun = performance.now();
  for (let at = 0; at < PACED_EVENTS; at++) {
    const wait = begun + at * PACED_EVERY_MS - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    await announce(database, companyId, 1);
  }
  const { latencies } = await arrived(PACED_EVENTS, told);
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

/** Does something while the worker is flooded by another company whose server never answers. */
async function besideLoud<T>(
  deployment: Deployment,
  database: Database,
  handle: string,
  work: () => Promise<T>,
): Promise<T> {
  let asked = 0;
  const hanging = createServer(() => {
    asked++;
  });
  hanging.listen(0, '127.0.0.1');
  await once(hanging, 'listening');
  try {
    const loud = await deployment.register(handle);
    await endpoints(database, loud.id, [`http://127.0.0.1:${(hanging.address() as AddressInfo).port}`]);
    await announce(database, loud.id, LOUD_DELIVERIES);
    const result = await work();
    if (asked === 0) throw new Error('nothing was sent to the server that hangs');
    return result;
  } finally {
    hanging.closeAllConnections();
    hanging.close();
  }
}

/** Switches all endpoints off but one. */
const leaveOne = (database: Database, companyId: CompanyId) =>
  database.run(systemSession(companyId, 'bench'), (ctx) =>
    ctx.tx.execute(sql`update webhook_endpoints set status = 'disabled', disabled_reason = 'by_hand', disabled_at = now()
      where company_id = ${companyId} and id > (select min(id) from webhook_endpoints where company_id = ${companyId})`),
  );

async function announce(database: Database, companyId: CompanyId, count: number): Promise<void> {
  const rows = Array.from({ length: count }, (_, at) => ({
    companyId,
    id: newId('evt'),
    type: 'order.paid',
    version: 1,
    aggregateId: 'ord_1',
    sequence: at,
    isTest: true, // so that nobody is written to
    data: DATA,
  }));
  await database.run(systemSession(companyId, 'bench'), async (ctx) => {
    await ctx.tx.insert(events).values(rows);
    ctx.nudge();
  });
}

async function arrived(count: number, told: (reset?: boolean) => Promise<Told>): Promise<Told> {
  const until = Date.now() + WAIT_MS;
  while (Date.now() < until) {
    const now = await told();
    if (now.count >= count) return now;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${(await told()).count} of ${count} webhooks arrived within ${WAIT_MS / 1_000} s`);
}

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { useDatabase } from '@souk/domain/testing/database';
import { WebhookShop } from '@souk/domain/testing/webhook-shop';
import { freePort } from '@souk/local/ports';
import { readWorkerConfig } from '@souk/platform/config';
import { createLoggers } from '@souk/platform/logger';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { startWorker } from './worker.ts';

// A database of its own in Redis: other test files have queues of the same names.
const REDIS_URL = process.env['SOUK_TEST_REDIS_URL'] && new URL('/5', process.env['SOUK_TEST_REDIS_URL']).href;
const ROOT = path.resolve(import.meta.dirname, '../../..');
const db = useDatabase();
const loggers = createLoggers({ level: process.env['SOUK_TEST_LOG'] ?? 'silent', process: 'test' });

const stores: { name: string; redisUrl?: string }[] = [{ name: 'PostgreSQL' }];
if (REDIS_URL) stores.push({ name: 'Redis', redisUrl: REDIS_URL });
else console.warn('SOUK_TEST_REDIS_URL is not set: webhooks are tested with their queue on PostgreSQL only.');

const settings = async (redisUrl?: string) => ({
  NODE_ENV: 'test',
  DATABASE_URL: db.urls.app,
  DATABASE_RELAY_URL: db.urls.relay,
  ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
  METRICS_PORT: String(await freePort()),
  MASTER_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
  FETCH_ALLOW_LOOPBACK: 'true',
});

async function start(redisUrl?: string) {
  const env = await settings(redisUrl);
  const worker = await startWorker(readWorkerConfig(env), loggers);
  onTestFinished(() => worker.stop());
  return {
    worker,
    metrics: () => fetch(`http://127.0.0.1:${env.METRICS_PORT}/metrics`).then((answer) => answer.text()),
  };
}

interface Received {
  readonly id: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly at: number;
}

/** A merchant's server. `answer`: what it does with a request; without it says that it was taken. */
async function receiver(answer?: (one: Received, response: http.ServerResponse) => void) {
  const got: Received[] = [];
  const open = { now: 0, most: 0, ended: 0 };
  const server = http.createServer((request, response) => {
    const pieces: Buffer[] = [];
    open.most = Math.max(open.most, ++open.now);
    response.once('close', () => {
      open.now -= 1;
      open.ended += 1;
    });
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const one = { id: headers['webhook-id'] ?? '', headers, body: Buffer.concat(pieces).toString(), at: Date.now() };
      got.push(one);
      if (answer) answer(one, response);
      else response.end('ok');
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(close);
  return { got, open, close, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

const waiting = async ({ companyId }: WebhookShop) =>
  Number(
    (
      await db.admin`select count(*) from webhook_deliveries where company_id = ${companyId} and status = 'pending'`
    )[0]?.['count'],
  );
const unrelayed = async ({ companyId }: WebhookShop) =>
  Number(
    (await db.admin`select count(*) from events where company_id = ${companyId} and dispatched_at is null`)[0]?.[
      'count'
    ],
  );

describe.each(stores)('with its queue on $name', ({ redisUrl }) => {
  test('an event becomes a signed request to the endpoint that wants it, without anybody asking', async () => {
    const { got, url } = await receiver();
    const { metrics } = await start(redisUrl);
    const shop = new WebhookShop(db);
    const endpoint = await shop.endpoint({ url, eventTypes: ['order.*'] });
    const ids = await shop.announced(40);
    await shop.announced(3, { type: 'product.created' });
    await vi.waitFor(() => expect(got.length).toBeGreaterThanOrEqual(40), { timeout: 10_000, interval: 20 });
    await vi.waitFor(async () => expect([await waiting(shop), await unrelayed(shop)]).toEqual([0, 0]), 5_000);
    expect(got.map(({ id }) => id).toSorted()).toEqual(ids);
    for (const one of got) expect(shop.verified(endpoint, { ...one, url })).toMatchObject({ id: one.id });
    expect(await metrics()).toMatch(/souk_webhook_attempts_total\{[^}]*outcome="succeeded"[^}]*\} 40/);
  });

  test('two workers deliver each event once', async () => {
    const { got, url } = await receiver();
    await Promise.all([start(redisUrl), start(redisUrl)]);
    const shops = Array.from({ length: 4 }, () => new WebhookShop(db));
    for (const shop of shops) await shop.endpoint({ url });
    const ids = (await Promise.all(shops.map((shop) => shop.announced(30)))).flat();
    await vi.waitFor(() => expect(got.length).toBeGreaterThanOrEqual(120), { timeout: 15_000, interval: 20 });
    for (const shop of shops) await vi.waitFor(async () => expect(await waiting(shop)).toBe(0), 5_000);
    expect(got.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  });

  test('what is due though nobody rang for it is delivered within seconds', async () => {
    const { got, url } = await receiver();
    const shop = new WebhookShop(db);
    await shop.endpoint({ url });
    const ids = await shop.announced(5);
    await shop.relayed(); // by a relay that died before it rang
    if (redisUrl) await flushed(redisUrl);
    await start(redisUrl);
    await vi.waitFor(() => expect(got).toHaveLength(5), { timeout: 10_000, interval: 20 });
    expect(got.map(({ id }) => id).toSorted()).toEqual(ids);
  });

  test.each([1, 6])(
    'webhooks of %i companies to a server that hangs, thousands of them, keep no other company waiting',
    async (companies) => {
      const hanging = await receiver(() => undefined);
      const { got, url } = await receiver();
      await start(redisUrl);
      const quiet = new WebhookShop(db);
      await quiet.endpoint({ url });
      const solo = await firstAttempt(quiet, got, hanging);

      const loud = Array.from({ length: companies }, () => new WebhookShop(db));
      for (const shop of loud) {
        for (let at = 0; at < 20; at++) await shop.endpoint({ url: hanging.url });
        await shop.announced(100); // to twenty endpoints: 2,000 deliveries
      }
      const filled = Math.min(4 * companies, 24) * 2; // two requests to each endpoint that has its turn
      let before = 0;
      const settled = () => {
        const isSettled = hanging.open.now === before;
        before = hanging.open.now;
        expect([isSettled, before >= filled]).toEqual([true, true]);
      };
      await vi.waitFor(settled, { timeout: 12_000, interval: 1_000 });
      const beside: Awaited<ReturnType<typeof firstAttempt>>[] = [];
      for (let at = 0; at < 3; at++) beside.push(await firstAttempt(quiet, got, hanging));
      const times = beside.map(({ ms }) => ms).join(', ');
      console.info(`first attempt alone: ${solo.ms} ms; beside ${companies} × 2,000 to a hanging server: ${times} ms`);
      // None waited for a request of theirs to end, and none for the next ones to begin.
      for (const { ended, begun } of beside) expect([ended, begun < 2 * 8 * companies]).toEqual([0, true]);
      await vi.waitFor(async () => expect(await waiting(quiet)).toBe(0), 5_000);
      for (const shop of loud) expect(await waiting(shop)).toBeGreaterThan(500);
      expect(hanging.open.most).toBeLessThanOrEqual(2 * 8 * companies); // their share of a worker, not all of their endpoints
      hanging.close(); // or the stop would wait for what hangs
    },
    60_000,
  );

  test('a stop lets what is under way end, and leaves nothing taken', async () => {
    const { got, url } = await receiver((_one, response) => void setTimeout(() => response.end('ok'), 300));
    const { worker } = await start(redisUrl);
    const shop = new WebhookShop(db);
    await shop.endpoint({ url });
    await shop.announced(20);
    await vi.waitFor(() => expect(got.length).toBeGreaterThanOrEqual(2), { timeout: 10_000, interval: 10 });
    await worker.stop();
    const taken = (await shop.deliveries()).filter(({ is_leased }) => is_leased);
    expect(taken).toEqual([]);
    expect((await shop.deliveries()).filter(({ status }) => status === 'succeeded')).toHaveLength(got.length);
    await start(redisUrl);
    await vi.waitFor(async () => expect(await waiting(shop)).toBe(0), { timeout: 15_000, interval: 50 });
    expect(new Set(got.map(({ id }) => id)).size).toBe(got.length);
    expect(got).toHaveLength(20);
  });

  test('a worker that is killed delays what it held by ten seconds at most, and loses nothing', async () => {
    let isHanging = true;
    const { got, url } = await receiver((_one, response) => {
      if (!isHanging) response.end('ok');
    });
    const folder = await builtWorker();
    const env = await settings(redisUrl);
    const shop = new WebhookShop(db);
    await shop.endpoint({ url });
    const ids = await shop.announced(30);
    const first = runWorker(folder, env);
    await vi.waitFor(() => expect(got).toHaveLength(2), { timeout: 20_000, interval: 20 });
    await pause(3_000); // its leases were renewed
    first.kill('SIGKILL');
    await once(first, 'exit');
    const killedAt = Date.now();
    isHanging = false;
    got.length = 0;
    await start(redisUrl);
    await vi.waitFor(() => expect(got.length).toBeGreaterThan(0), { timeout: 15_000, interval: 20 });
    const resumed = Date.now() - killedAt;
    await vi.waitFor(async () => expect(await waiting(shop)).toBe(0), { timeout: 15_000, interval: 50 });
    console.info(`resumed ${resumed} ms after the kill`);
    expect(resumed).toBeLessThan(12_000);
    expect(got.map(({ id }) => id).toSorted()).toEqual(ids);
  }, 90_000);
});

/**
 * How long an event takes from its commit to its arrival, in milliseconds, and what became of the requests at another
 * server meanwhile.
 */
async function firstAttempt(
  shop: WebhookShop,
  got: readonly Received[],
  elsewhere: { readonly got: readonly Received[]; readonly open: { readonly ended: number } },
): Promise<{ ms: number; ended: number; begun: number }> {
  const [id] = await shop.announced(1);
  const committed = Date.now();
  const before = { ended: elsewhere.open.ended, begun: elsewhere.got.length };
  await vi.waitFor(() => expect(got.map((one) => one.id)).toContain(id), { timeout: 25_000, interval: 5 });
  const ms = (got.find((one) => one.id === id)?.at ?? Number.NaN) - committed;
  return { ms, ended: elsewhere.open.ended - before.ended, begun: elsewhere.got.length - before.begun };
}

async function flushed(redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl);
  await redis.flushdb();
  redis.disconnect();
}

let building: Promise<string> | undefined;
afterAll(async () => {
  if (building) await rm(await building, { recursive: true, force: true });
});

/** The worker as it is built for production, in a folder that goes with this file's tests. */
function builtWorker(): Promise<string> {
  building ??= (async () => {
    mkdirSync(path.join(ROOT, '.data/crashing'), { recursive: true });
    const folder = await mkdtemp(path.join(ROOT, '.data/crashing/webhooks-'));
    const env = { PATH: process.env['PATH'], CRASHING_DIR: folder, CRASHING_MAIN: 'src/main.ts' };
    const command = path.join(ROOT, 'node_modules/.bin/rolldown');
    const built = spawnSync(command, ['-c', 'rolldown.crashing.mjs'], { cwd: ROOT, encoding: 'utf8', env });
    if (built.status !== 0) throw new Error(`The worker could not be built: ${built.stdout}${built.stderr}`);
    return folder;
  })();
  return building;
}

function runWorker(folder: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [path.join(folder, 'worker.js')], {
    cwd: folder,
    env: { PATH: process.env['PATH'], FILES_DIR: path.join(folder, 'files'), LOG_LEVEL: 'warn', ...env },
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

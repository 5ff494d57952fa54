import net from 'node:net';
import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type CompanyId, newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { freePort } from '@souk/local/ports';
import type { Job } from 'bullmq';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { queueModule } from './queue.module.ts';
import { chooseStore, Doorbell, type QueueStore, ringForm, WORKER_TIMING } from './queue.ts';
import { hearNudges, nudger } from './queue-nudge.ts';
import { openRedis } from './redis.ts';

// A database of its own in Redis: other test files have queues of the same names.
const REDIS_URL = process.env['SOUK_TEST_REDIS_URL'] && new URL('/1', process.env['SOUK_TEST_REDIS_URL']).href;
const db = useDatabase();
const log = pino({ level: process.env['SOUK_TEST_LOG'] ?? 'silent' });

const stores: { name: string; store(): QueueStore }[] = [
  { name: 'PostgreSQL', store: () => ({ databaseUrl: db.urls.app }) },
];
if (REDIS_URL) stores.push({ name: 'Redis', store: () => ({ databaseUrl: db.urls.app, redisUrl: REDIS_URL }) });
else console.warn('SOUK_TEST_REDIS_URL is not set: the queue is tested on PostgreSQL only.');

/** What the processor below was rung for, and what it does then. */
const rung: string[] = [];
let answer: (companyId: string) => Promise<void> = async () => undefined;

@Processor('notifications', { concurrency: 4, ...WORKER_TIMING })
class Ear extends WorkerHost {
  async process(job: Job<unknown>): Promise<void> {
    const { companyId } = ringForm.parse(job.data);
    rung.push(companyId);
    await answer(companyId);
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    log.debug({ err: error });
  }
}

@Module({})
class EarModule {}

const open: INestApplicationContext[] = [];

async function hear(store: QueueStore): Promise<Doorbell> {
  const module = { module: EarModule, imports: [queueModule(store, log)], providers: [Ear] };
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  open.push(app);
  return app.get(Doorbell);
}

beforeEach(() => {
  rung.length = 0;
  answer = async () => undefined;
});
afterEach(async () => {
  for (const app of open.splice(0)) {
    await app.close();
    await app.get(Doorbell).close();
  }
});

const heard = (companyId: CompanyId) => rung.filter((one) => one === companyId).length;

describe.each(stores)('on $name', ({ store }) => {
  test('a ring is heard, with the company and nothing else', async () => {
    const doorbell = await hear(store());
    const companyId = newId('com');
    await doorbell.ring('notifications', companyId);
    await vi.waitFor(() => expect(heard(companyId)).toBe(1), 5_000);
    await doorbell.ready();
  });

  test('a ring for a company that is being rung for counts as taken: those behind it are rung for as well', async () => {
    const doorbell = await hear(store());
    const companyId = newId('com');
    const ring = () => doorbell.ring('notifications', companyId);
    expect(await Promise.all([ring(), ring(), ring()])).toEqual([true, true, true]);
    await vi.waitFor(() => expect(heard(companyId)).toBe(1), 5_000);
  });

  test('a company can be rung for again after it was heard', async () => {
    const doorbell = await hear(store());
    const companyId = newId('com');
    for (let i = 1; i <= 3; i++) {
      await doorbell.ring('notifications', companyId);
      await vi.waitFor(() => expect(heard(companyId)).toBe(i), 5_000);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  test('rings during a run make one more run, and two runs of a company never overlap', async () => {
    const doorbell = await hear(store());
    const companyId = newId('com');
    let running = 0;
    let most = 0;
    let finish: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    answer = async () => {
      running += 1;
      most = Math.max(most, running);
      await held;
      running -= 1;
    };
    await doorbell.ring('notifications', companyId);
    await vi.waitFor(() => expect(heard(companyId)).toBe(1), 5_000);
    for (let i = 0; i < 5; i++) await doorbell.ring('notifications', companyId);
    finish();
    await vi.waitFor(() => expect(heard(companyId)).toBe(2), 5_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([heard(companyId), most]).toEqual([2, 1]);
  });

  test('a sweeper is heard even while a run of the same company holds on, alive or dead', async () => {
    const doorbell = await hear(store());
    const companyId = newId('com');
    let finish: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    answer = () => held;
    await doorbell.ring('notifications', companyId);
    await vi.waitFor(() => expect(heard(companyId)).toBe(1), 5_000);
    await doorbell.ring('notifications', companyId, 'again');
    await vi.waitFor(() => expect(heard(companyId)).toBe(2), 5_000);
    finish();
  });

  test('a run that fails is not repeated by the queue, and the next ring is heard', async () => {
    const doorbell = await hear(store());
    const companyId = newId('com');
    answer = () => Promise.reject(new Error('no'));
    await doorbell.ring('notifications', companyId);
    await vi.waitFor(() => expect(heard(companyId)).toBe(1), 5_000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(heard(companyId)).toBe(1);
    await doorbell.ring('notifications', companyId);
    await vi.waitFor(() => expect(heard(companyId)).toBe(2), 5_000);
  });

  test('two workers share the rings; each is heard once', async () => {
    const [first] = [await hear(store()), await hear(store())];
    const companies = Array.from({ length: 30 }, () => newId('com'));
    await Promise.all(companies.map((companyId) => first?.ring('notifications', companyId)));
    await vi.waitFor(
      () => expect(rung.filter((one) => companies.some((companyId) => companyId === one))).toHaveLength(30),
      10_000,
    );
    expect(new Set(rung).size).toBe(30);
  });

  test('a job that does not name a company is refused', async () => {
    const doorbell = await hear(store());
    await doorbell.ring('notifications', 'com_drop_table' as CompanyId);
    const companyId = newId('com');
    await doorbell.ring('notifications', companyId);
    await vi.waitFor(() => expect(heard(companyId)).toBe(1), 5_000);
    expect(rung).toEqual([companyId]);
  });
});

test('whoever rings while the store is away is neither stopped nor kept waiting', async () => {
  const away = chooseStore({ databaseUrl: db.urls.app, redisUrl: 'redis://127.0.0.1:1' });
  const doorbell = new Doorbell(away.producer, log);
  await doorbell.ring('notifications', newId('com'));
  await expect(doorbell.ready()).rejects.toThrow();
  await Promise.race([doorbell.close(), new Promise((resolve) => setTimeout(resolve, 500))]);
});

/** A way to PostgreSQL that can be cut: then whoever comes is let in and dropped, as by a server that is starting. */
async function wayToPostgres() {
  const url = new URL(db.urls.app);
  const [host, port] = [url.hostname, Number(url.port)];
  url.hostname = '127.0.0.1';
  url.port = String(await freePort());
  const way = { isOpen: true, callers: 0 };
  const through = new Set<net.Socket>();
  const server = net.createServer((client) => {
    way.callers += 1;
    client.on('error', () => undefined);
    if (!way.isOpen) return void client.destroy();
    through.add(client);
    const database = net.connect(port, host);
    database.on('error', () => client.destroy());
    client.pipe(database).pipe(client);
  });
  onTestFinished(() => void server.close());
  return {
    store: { databaseUrl: url.href },
    open: () => new Promise<void>((resolve) => void server.listen(Number(url.port), '127.0.0.1', resolve)),
    cut() {
      Object.assign(way, { isOpen: false, callers: 0 });
      for (const client of through) client.destroy();
    },
    mend: () => Object.assign(way, { isOpen: true }),
    callers: () => way.callers,
  };
}

test('whoever rang in vain for PostgreSQL is heard when it is there', async () => {
  const way = await wayToPostgres();
  const doorbell = new Doorbell(chooseStore(way.store).producer, log);
  expect(await doorbell.ring('notifications', newId('com'))).toBe(false);
  await expect(doorbell.ready()).rejects.toThrow();
  await way.open();
  await vi.waitFor(async () => expect(await doorbell.ring('notifications', newId('com'))).toBe(true), 5_000);
  await doorbell.ready();
  await doorbell.close();
});

test('a worker that loses PostgreSQL in the middle of its work asks for it now and then, and goes on when it is back', async () => {
  const way = await wayToPostgres();
  await way.open();
  const doorbell = await hear(way.store);
  let finish: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  answer = () => held;
  for (let i = 0; i < 20; i++) await doorbell.ring('notifications', newId('com'));
  await vi.waitFor(() => expect(rung).toHaveLength(4), 5_000);
  way.cut();
  finish();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(way.callers()).toBeLessThan(100); // without pauses: a thousand and more a second
  way.mend();
  const companyId = newId('com');
  await vi.waitFor(() => doorbell.ring('notifications', companyId).then((taken) => expect(taken).toBe(true)), 5_000);
  await vi.waitFor(() => expect(heard(companyId)).toBe(1), 15_000);
});

test.skipIf(!REDIS_URL)('a nudge of one process is heard by another, and a burst is told as a few', async () => {
  const [speaker, listener] = [
    openRedis(REDIS_URL ?? '', log, 'commands'),
    openRedis(REDIS_URL ?? '', log, 'subscriber'),
  ];
  let nudges = 0;
  const hear = () => {
    nudges += 1;
  };
  hearNudges(listener, hear, log);
  await vi.waitFor(() => expect(nudges).toBe(1), 5_000); // the line is up
  await new Promise<void>((resolve) =>
    speaker.status === 'ready' ? resolve() : void speaker.once('ready', () => resolve()),
  );
  const nudge = nudger(speaker, log);
  const before = nudges;
  for (let i = 0; i < 100; i++) nudge();
  await vi.waitFor(() => expect(nudges).toBeGreaterThan(before), 2_000);
  expect(nudges - before).toBeLessThan(5);
  speaker.disconnect();
  listener.disconnect();
});

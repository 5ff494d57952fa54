import path from 'node:path';
import { type OwnPostgres, startOwnPostgres } from '@souk/domain/testing/own-postgres';
import { type Mailbox, startMailbox } from '@souk/local/mailbox';
import { type PaystackSimulator, startPaystackSimulator } from '@souk/local/paystack-simulator';
import { freePort } from '@souk/local/ports';
import {
  type Builds,
  buildProcesses,
  type ProcessName,
  type Running,
  ready,
  startProcess,
} from '@souk/local/testing/processes';
import { migrate } from '@souk/platform/migrate';
import { type FaultProxy, startFaultProxy } from '@souk/platform/testing/fault-proxy';
import { afterAll, beforeAll } from 'vitest';
import { type OwnRedis, startOwnRedis } from './own-redis.ts';

export const MIGRATIONS = path.join(import.meta.dirname, '..', '..', '..', '..', 'drizzle');
const MASTER_KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`; // as the databases of tests give it to the process
const SET_UP_MS = 180_000;
const STARTS_MAX = 20;
const OUTPUT_SHOWN = 3_000;
const NO_LIMITS = {
  RATE_LIMIT_PER_KEY: '10000000',
  RATE_LIMIT_PER_COMPANY: '10000000',
  RATE_LIMIT_PER_ADDRESS: '10000000',
};

/** One place in the deployment at which a process runs, again and again at the same port. */
export interface Post {
  readonly name: ProcessName;
  readonly url: string;
  running: Running;
  /** How many times it was started. */
  starts: number;
}

export interface ChaosLabOptions {
  /** With a Redis of its own; without, queue and limits are in PostgreSQL. */
  redis: boolean;
  workers?: number;
}

/**
 * A whole deployment that may be broken: the three apps as they are built, a PostgreSQL and a Redis of their own behind
 * lines that fail on demand, a Paystack and a mail server.
 */
export interface ChaosLab {
  postgres: OwnPostgres;
  redis: OwnRedis | undefined;
  /** To PostgreSQL. */
  lines: { apis: FaultProxy; workers: FaultProxy };
  paystack: PaystackSimulator;
  mailbox: Mailbox;
  storefront: Post;
  admin: Post;
  workers: Post[];
  /** kill -9, and a new one in its place as a supervisor would start it. */
  kill(post: Post): Promise<void>;
  /** The last lines in which the APIs say that a request failed through their fault. */
  faults(): string;
  /** Processes that ended by themselves, and what they wrote last. */
  casualties(): string[];
  /** Starts a process in the place of one that has ended, and waits until it is ready. */
  restart(post: Post): Promise<void>;
}

/** Starts a deployment for a test file, and ends it. Call it once at its top. */
export function useChaosLab(options: ChaosLabOptions): ChaosLab {
  const given = {} as ChaosLab; // filled before the first test runs
  const open: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    Object.assign(given, await openLab(options, open));
  }, SET_UP_MS);
  afterAll(async () => {
    for (const close of open.reverse()) await close();
  }, SET_UP_MS);
  return given;
}

async function openLab(
  { redis: wantsRedis, workers = 1 }: ChaosLabOptions,
  open: (() => Promise<unknown>)[],
): Promise<ChaosLab> {
  const opened = async <T>(thing: Promise<T>, close: (thing: T) => Promise<unknown>): Promise<T> => {
    const is = await thing;
    open.push(() => close(is));
    return is;
  };
  const builds = await opened(buildProcesses('src/main.ts'), (is) => is.remove());
  const postgres = await opened(
    startOwnPostgres((url) => migrate({ url, folder: MIGRATIONS })),
    (is) => is.destroy(),
  );
  const redis = wantsRedis ? await opened(startOwnRedis(), (is) => is.close()) : undefined;
  const toPostgres = () => opened(startFaultProxy(postgres.port), (is) => is.close());
  const lines = { apis: await toPostgres(), workers: await toPostgres() };
  const hookRetryMs = Array.from({ length: 400 }, () => 250);
  const paystack = await opened(startPaystackSimulator({ hookRetryMs, refundStepMs: 100 }), (is) => is.close());
  const mailbox = await opened(startMailbox(), (is) => is.stop());
  const world = { builds, postgres, redis, lines, paystack, mailbox };
  const post = async (name: ProcessName): Promise<Post> => {
    const port = await freePort();
    const running = await begin(world, name, port);
    const one: Post = { name, url: running.url, running, starts: 1 };
    open.push(() => one.running.stop());
    return one;
  };
  const names: ProcessName[] = ['storefront', 'admin', ...Array.from({ length: workers }, () => 'worker' as const)];
  const [storefront, admin, ...others] = await Promise.all(names.map(post));
  if (!storefront || !admin) throw new Error('A post is missing');
  const restart = async (one: Post) => {
    one.running = await begin(world, one.name, Number(new URL(one.url).port));
    one.starts += 1;
  };
  const kill = async (one: Post) => {
    await one.running.end('SIGKILL');
    await restart(one);
  };
  const faults = () =>
    [storefront, admin]
      .flatMap(({ running }) => running.output().split('\n'))
      .filter((line) => line.includes('through our fault'))
      .map((line) => line.slice(0, OUTPUT_SHOWN))
      .slice(-3)
      .join('\n');
  const casualties = () =>
    [storefront, admin, ...others].flatMap(({ name, running }) => {
      const end = running.ending();
      return end ? [`the ${name} ended (${end.signal ?? end.code}): ${running.output().slice(-OUTPUT_SHOWN)}`] : [];
    });
  return { ...world, storefront, admin, workers: others, kill, restart, faults, casualties };
}

type World = Pick<ChaosLab, 'postgres' | 'redis' | 'lines' | 'paystack' | 'mailbox'> & { builds: Builds };

/** Starts a process until one stays: without its database it ends with a message, and a supervisor starts it again. */
async function begin(world: World, name: ProcessName, port: number): Promise<Running> {
  for (let tried = 1; ; tried++) {
    const running = startProcess(world.builds.folder, name, settingsOf(world, name, port));
    try {
      await ready(running, name);
      return running;
    } catch (error) {
      await running.stop();
      if (tried === STARTS_MAX) throw error;
    }
  }
}

function settingsOf(
  { builds, postgres, redis, lines, paystack, mailbox }: World,
  name: ProcessName,
  port: number,
): Record<string, string> {
  const { urls } = postgres.db;
  const over = (line: FaultProxy, url: string) => {
    const led = new URL(url);
    led.port = String(line.port);
    return led.href;
  };
  const shared = {
    NODE_ENV: 'test',
    LOG_LEVEL: 'warn',
    HOST: '127.0.0.1',
    MASTER_KEYS,
    FILES_DIR: path.join(builds.folder, 'files'),
    PAYSTACK_URL: paystack.url,
    PAYMENT_CHECK_PACE: '0.02', // a minute is about a second
    SMTP_URL: mailbox.smtpUrl,
    ...NO_LIMITS,
    ...(redis && { REDIS_URL: redis.url }),
  };
  if (name !== 'worker') {
    const own = { storefront: 'STOREFRONT_PORT', admin: 'ADMIN_PORT' }[name];
    return { ...shared, DATABASE_URL: over(lines.apis, urls.app), METRICS_PORT: '0', [own]: String(port) };
  }
  return {
    ...shared,
    DATABASE_URL: over(lines.workers, urls.app),
    DATABASE_RELAY_URL: over(lines.workers, urls.relay),
    FETCH_ALLOW_LOOPBACK: 'true',
    METRICS_PORT: String(port),
  };
}

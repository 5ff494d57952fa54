import path from 'node:path';
import { findRedis } from '@souk/local/redis';
import { createLoggers } from '@souk/platform/logger';
import { openRedis } from '@souk/platform/redis';
import { type FaultProxy, startFaultProxy } from '@souk/platform/testing/fault-proxy';

const CACHE = path.join(import.meta.dirname, '..', '..', '..', '..', '.data', 'cache');
const LONELY = 'No Redis of its own could be started for this test';

/** Whether this run has a Redis (`npm test -- --redis` fetches one); the tests start another one that they may kill. */
export const hasRedis = process.env['SOUK_TEST_REDIS_URL'] !== undefined;

/** A Redis of one test file, behind a line that breaks on demand. */
export interface OwnRedis {
  /** Leads over the line; the same after every restart. */
  readonly url: string;
  readonly line: FaultProxy;
  flush(): Promise<void>;
  /** Everything it knows, as text: names and values. */
  dump(): Promise<string[]>;
  /** kill -9. What it knew is gone. */
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

interface Server {
  url: string;
  stop(): Promise<void>;
}

/** Starts a Redis that keeps nothing on disk. Throws if there is no program for one. */
export async function startOwnRedis(): Promise<OwnRedis> {
  let server = await startServer();
  const { port, password } = new URL(server.url);
  const line = await startFaultProxy(Number(port));
  const url = new URL(server.url);
  url.port = String(line.port);
  return {
    url: url.href,
    line,
    flush: () => within(server, async (redis) => void (await redis.flushall())),
    dump: () => within(server, everything),
    async kill() {
      await within(server, async (redis) => {
        const [, pid] = /process_id:(\d+)/.exec(await redis.info('server')) ?? [];
        process.kill(Number(pid), 'SIGKILL');
      });
      await server.stop();
      line.cut();
    },
    async start() {
      server = await startServer();
      // Each server has a password of its own; those who come back know the first one.
      await within(server, async (redis) => void (await redis.config('SET', 'requirepass', password)));
      const again = new URL(server.url);
      again.password = password;
      server.url = again.href;
      line.aim(Number(again.port));
    },
    async close() {
      await line.close();
      await server.stop();
    },
  };
}

async function startServer(): Promise<Server> {
  const env = { PATH: process.env['PATH'] };
  const found = await findRedis({ env, fetch: hasRedis, cacheDir: CACHE });
  if (!found.found) throw new Error(`${LONELY}: ${found.reason}`);
  return { url: found.url, stop: () => found.stop() };
}

type Client = ReturnType<typeof openRedis>;

async function within<T>({ url }: Server, work: (redis: Client) => Promise<T>): Promise<T> {
  const { log } = createLoggers({ level: 'fatal', process: 'storefront' });
  const redis = openRedis(url, log, 'subscriber'); // waits until it is connected
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

async function everything(redis: Client): Promise<string[]> {
  const keys = await redis.keys('*');
  const values = await Promise.all(
    keys.map(async (key) => {
      switch (await redis.type(key)) {
        case 'string':
          return redis.get(key);
        case 'hash':
          return redis.hgetall(key);
        case 'list':
          return redis.lrange(key, 0, -1);
        case 'set':
          return redis.smembers(key);
        case 'zset':
          return redis.zrange(key, '0', '-1');
        case 'stream':
          return redis.xrange(key, '-', '+');
        default:
          return null;
      }
    }),
  );
  return keys.map((key, at) => `${key} ${JSON.stringify(values[at])}`);
}

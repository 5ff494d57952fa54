import path from 'node:path';
import type { TestDatabase } from '@souk/domain/testing/database';
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
import { CRASH_AT } from '@souk/platform/testing/crash-points';
import { afterAll, beforeAll } from 'vitest';

const MASTER_KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`; // as useDatabase() gives it to the process

/** A whole deployment on the test's database: processes that can be started to die, and a Paystack. */
export interface CrashLab {
  readonly paystack: PaystackSimulator;
  /** Starts a process and waits until it is ready. `at`: the point at which it ends itself (`CrashPoints`). */
  start(name: ProcessName, options?: { at?: string; port?: number }): Promise<Running>;
}

/** Builds the processes for a test file, and ends what is left of them. Call it once at its top. */
export function useCrashLab(db: TestDatabase): CrashLab {
  const given = {} as { -readonly [Part in keyof CrashLab]: CrashLab[Part] }; // filled before the first test runs
  const running: Running[] = [];
  let builds: Builds | undefined;
  beforeAll(async () => {
    builds = await buildProcesses('src/testing/crashing-main.ts');
    const { folder } = builds;
    given.paystack = await startPaystackSimulator({
      hookRetryMs: Array.from({ length: 40 }, () => 250),
      refundStepMs: 100,
    });
    given.start = async (name, options = {}) => {
      const env = await settings(db, folder, given.paystack, name, options);
      const process = startProcess(folder, name, env);
      running.push(process);
      await ready(process, name);
      return process;
    };
  }, 120_000);
  afterAll(async () => {
    await Promise.all(running.map((one) => one.stop()));
    await given.paystack?.close();
    await builds?.remove();
  });
  return given;
}

async function settings(
  db: TestDatabase,
  folder: string,
  paystack: PaystackSimulator,
  name: ProcessName,
  { at, port }: { at?: string; port?: number },
): Promise<Record<string, string>> {
  const own = String(port ?? (await freePort()));
  const isWorker = name === 'worker';
  return {
    NODE_ENV: 'test',
    LOG_LEVEL: 'warn',
    HOST: '127.0.0.1',
    DATABASE_URL: db.urls.app,
    MASTER_KEYS,
    FILES_DIR: path.join(folder, 'files'),
    PAYSTACK_URL: paystack.url,
    METRICS_PORT: isWorker ? own : '0',
    ...(isWorker && { DATABASE_RELAY_URL: db.urls.relay }),
    ...(name === 'storefront' && { STOREFRONT_PORT: own }),
    ...(name === 'admin' && { ADMIN_PORT: own }),
    ...(at !== undefined && { [CRASH_AT]: at }),
  };
}

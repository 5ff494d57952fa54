import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { TestDatabase } from '@souk/domain/testing/database';
import { type PaystackSimulator, startPaystackSimulator } from '@souk/local/paystack-simulator';
import { freePort } from '@souk/local/ports';
import { CRASH_AT } from '@souk/platform/testing/crash-points';
import { afterAll, beforeAll } from 'vitest';

const ROOT = path.join(import.meta.dirname, '..', '..', '..', '..');
/** As deep below the root as a built app is: code finds the migrations by counting up. */
const BUILDS = path.join(ROOT, '.data', 'crashing');
const READY_WITHIN_MS = 90_000;
const MASTER_KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`; // as useDatabase() gives it to the process

export type ProcessName = 'storefront' | 'admin' | 'worker';

/** A process of the deployment, built as in production and started as there. */
export interface Running {
  readonly url: string;
  /** Everything it wrote, the points it passed among it. */
  output(): string;
  /** Resolves with the signal it ended by; null: it ended by itself. */
  readonly ended: Promise<NodeJS.Signals | null>;
  stop(): Promise<void>;
}

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
  let folder = '';
  beforeAll(async () => {
    mkdirSync(BUILDS, { recursive: true });
    folder = await mkdtemp(path.join(BUILDS, 'build-'));
    build(folder);
    given.paystack = await startPaystackSimulator({
      hookRetryMs: Array.from({ length: 40 }, () => 250),
      refundStepMs: 100,
    });
    given.start = async (name, options = {}) => {
      const env = await settings(db, folder, given.paystack, name, options);
      const process = start(folder, name, env);
      running.push(process);
      await ready(process, name);
      return process;
    };
  }, 120_000);
  afterAll(async () => {
    await Promise.all(running.map((one) => one.stop()));
    await given.paystack?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });
  return given;
}

function build(folder: string): void {
  const command = path.join(ROOT, 'node_modules', '.bin', 'rolldown');
  const env = { PATH: process.env['PATH'], CRASHING_DIR: folder };
  const built = spawnSync(command, ['-c', 'rolldown.crashing.mjs'], { cwd: ROOT, encoding: 'utf8', env });
  if (built.status !== 0) throw new Error(`The processes could not be built: ${built.stdout}${built.stderr}`);
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

function start(folder: string, name: ProcessName, env: Record<string, string>): Running {
  const child = spawn(process.execPath, ['--enable-source-maps', path.join(folder, `${name}.js`)], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  const port = name === 'worker' ? env['METRICS_PORT'] : (env['STOREFRONT_PORT'] ?? env['ADMIN_PORT']);
  return {
    url: `http://127.0.0.1:${port}`,
    output: () => text,
    ended: once(child, 'exit').then(([, signal]) => signal as NodeJS.Signals | null), // what the event is documented to give
    stop: () => stop(child),
  };
}

/** Resolves when it is ready; a process that is to die may do so before anybody can ask it. */
async function ready({ url, output, ended }: Running, name: ProcessName): Promise<void> {
  let signal: NodeJS.Signals | null | undefined;
  ended.then(
    (by) => {
      signal = by;
    },
    () => undefined,
  );
  const giveUp = Date.now() + READY_WITHIN_MS;
  for (;;) {
    if (signal === 'SIGKILL') return;
    if (signal !== undefined) throw new Error(`The ${name} did not start. It wrote:\n${output()}`);
    const isThere = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isThere) return;
    if (Date.now() > giveUp) throw new Error(`The ${name} is not ready. It wrote:\n${output()}`);
    await pause(50);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

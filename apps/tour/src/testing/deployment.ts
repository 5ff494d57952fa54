import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { TestDatabase } from '@souk/domain/testing/database';
import { startMailbox } from '@souk/local/mailbox';
import { startPaystackSimulator } from '@souk/local/paystack-simulator';
import { freePort } from '@souk/local/ports';
import type { Addresses } from '../tour.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', '..', '..');
/** As deep below the root as a built app is: code finds the migrations by counting up. */
const BUILDS = path.join(ROOT, '.data', 'crashing');
const MASTER_KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`; // as useDatabase() gives it to the process
/** Beside other tests, on a machine that has all hands full. */
const READY_WITHIN_MS = 150_000;

const PROCESSES = ['admin', 'storefront', 'worker'] as const;
type ProcessName = (typeof PROCESSES)[number];

export interface Deployment {
  readonly addresses: Addresses;
  /** What the processes wrote. */
  output(): string;
  stop(): Promise<void>;
}

/** The three processes, built as `npm start` builds them, into a folder of their own. */
export async function buildProcesses(): Promise<string> {
  mkdirSync(BUILDS, { recursive: true });
  const folder = await mkdtemp(path.join(BUILDS, 'tour-'));
  const env = { PATH: process.env['PATH'], CRASHING_DIR: folder, CRASHING_MAIN: 'src/main.ts' };
  const command = path.join(ROOT, 'node_modules', '.bin', 'rolldown');
  const built = spawnSync(command, ['-c', 'rolldown.crashing.mjs'], { cwd: ROOT, encoding: 'utf8', env });
  if (built.status !== 0) throw new Error(`The processes could not be built: ${built.stdout}${built.stderr}`);
  return folder;
}

/** What npm start starts, on a test's database, and on Redis if there is one. */
export async function deploy(folder: string, db: TestDatabase, redisUrl: string | undefined): Promise<Deployment> {
  const ports = { admin: await freePort(), storefront: await freePort(), worker: await freePort() };
  const mailbox = await startMailbox();
  const paystack = await startPaystackSimulator({
    hookBase: `http://127.0.0.1:${ports.storefront}`,
    refundStepMs: 300,
  });
  const children: ChildProcess[] = [];
  let text = '';
  const shared = {
    NODE_ENV: 'test',
    LOG_LEVEL: 'warn',
    HOST: '127.0.0.1',
    DATABASE_URL: db.urls.app,
    MASTER_KEYS,
    FILES_DIR: await mkdtemp(path.join(folder, 'files-')),
    PAYSTACK_URL: paystack.url,
    SMTP_URL: mailbox.smtpUrl,
    FETCH_ALLOW_LOOPBACK: 'true',
    ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
  };
  const start = (name: ProcessName, own: Record<string, string>) => {
    const entry = path.join(folder, `${name}.js`);
    const env = { PATH: process.env['PATH'], ...shared, METRICS_PORT: '0', ...own };
    const child = spawn(process.execPath, ['--enable-source-maps', entry], { cwd: folder, env });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
    children.push(child);
  };
  start('admin', { ADMIN_PORT: String(ports.admin) });
  start('storefront', { STOREFRONT_PORT: String(ports.storefront) });
  start('worker', { METRICS_PORT: String(ports.worker), DATABASE_RELAY_URL: db.urls.relay });
  const deployment: Deployment = {
    addresses: { admin: local(ports.admin), storefront: local(ports.storefront), mailbox: mailbox.pageUrl },
    output: () => text,
    async stop() {
      await Promise.all(children.map(end));
      await Promise.all([paystack.close(), mailbox.stop()]);
    },
  };
  try {
    for (const name of PROCESSES) await ready(name, local(ports[name]), { deployment, children });
    return deployment;
  } catch (error) {
    await deployment.stop();
    throw error;
  }
}

const local = (port: number) => `http://127.0.0.1:${port}`;

async function ready(
  name: ProcessName,
  url: string,
  { deployment: { output }, children }: { deployment: Deployment; children: readonly ChildProcess[] },
): Promise<void> {
  const giveUp = Date.now() + READY_WITHIN_MS;
  const isThere = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isThere())) {
    const isGone = children.some((child) => child.exitCode !== null || child.signalCode !== null);
    if (isGone) throw new Error(`A process ended as it started. The processes wrote:\n${output()}`);
    if (Date.now() > giveUp) throw new Error(`The ${name} is not ready. The processes wrote:\n${output()}`);
    await pause(100);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

export const removeBuild = (folder: string) => rm(folder, { recursive: true, force: true });

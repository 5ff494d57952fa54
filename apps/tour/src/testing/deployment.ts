import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import type { TestDatabase } from '@souk/domain/testing/database';
import { startMailbox } from '@souk/local/mailbox';
import { startPaystackSimulator } from '@souk/local/paystack-simulator';
import { freePort } from '@souk/local/ports';
import { type ProcessName, type Running, ready, startProcess } from '@souk/local/testing/processes';
import type { Addresses } from '../tour.ts';

const MASTER_KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`; // as useDatabase() gives it to the process
/** Beside other tests, on a machine that has all hands full. */
const READY_WITHIN_MS = 150_000;

export interface Deployment {
  readonly addresses: Addresses;
  /** What the processes wrote. */
  output(): string;
  stop(): Promise<void>;
}

/** What npm start starts, on a test's database, and on Redis if there is one. */
export async function deploy(folder: string, db: TestDatabase, redisUrl: string | undefined): Promise<Deployment> {
  const ports = { admin: await freePort(), storefront: await freePort(), worker: await freePort() };
  const mailbox = await startMailbox();
  const paystack = await startPaystackSimulator({
    hookBase: `http://127.0.0.1:${ports.storefront}`,
    refundStepMs: 300,
  });
  const started = new Map<ProcessName, Running>();
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
  const start = (name: ProcessName, own: Record<string, string>) =>
    started.set(name, startProcess(folder, name, { ...shared, METRICS_PORT: '0', ...own }));
  start('admin', { ADMIN_PORT: String(ports.admin) });
  start('storefront', { STOREFRONT_PORT: String(ports.storefront) });
  start('worker', { METRICS_PORT: String(ports.worker), DATABASE_RELAY_URL: db.urls.relay });
  const deployment: Deployment = {
    addresses: { admin: local(ports.admin), storefront: local(ports.storefront), mailbox: mailbox.pageUrl },
    output: () => [...started.values()].map((one) => one.output()).join(''),
    async stop() {
      await Promise.all([...started.values()].map((one) => one.stop()));
      await Promise.all([paystack.close(), mailbox.stop()]);
    },
  };
  try {
    for (const [name, running] of started) await ready(running, name, READY_WITHIN_MS);
    return deployment;
  } catch (error) {
    await deployment.stop();
    throw error;
  }
}

const local = (port: number) => `http://127.0.0.1:${port}`;

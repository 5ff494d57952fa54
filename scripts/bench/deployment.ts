import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { CompanyId } from '@souk/domain/kernel/ids';
import { prepareRoles } from '@souk/domain/kernel/roles';
import { freePort } from '@souk/local/ports';
import { LIVELY_STATISTICS, startPostgres } from '@souk/local/postgres';
import { migrate } from '@souk/platform/migrate';

/** From scripts/bench/dist, where the bundle runs. */
const ROOT = path.resolve(import.meta.dirname, '../../..');
const READY_WITHIN_MS = 30_000;
/** No row of the bench is about being refused for asking too often. */
const UNLIMITED = '10000000';

export interface BenchCompany {
  id: CompanyId;
  handle: string;
  email: string;
  password: string;
  key: string;
}

export interface Deployment {
  adminUrl: string;
  storefrontUrl: string;
  databaseUrl: string;
  /** Past the walls: for filling tables, and for the bare server. */
  superuserUrl: string;
  company: BenchCompany;
  /** Another storefront process of the same deployment, with settings of its own. */
  startStorefront(env: Record<string, string>): Promise<{ url: string; pid: number }>;
  /** The process of the database server all others come from. */
  postmasterPid: number;
  /** The worker of this deployment, with settings of its own besides. */
  startWorker(more?: Record<string, string>): Promise<{ pid: number; stop(): Promise<void> }>;
  /** What opens the secrets in its database. */
  masterKeys: ReadonlyMap<string, Buffer>;
  /** A company besides the first. */
  register(handle: string): Promise<BenchCompany>;
  stop(): Promise<void>;
}

/** A whole deployment for the bench: a throwaway PostgreSQL and the two APIs as they run in production. */
export async function deploy(): Promise<Deployment> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'souk-bench-'));
  // Statements are counted by the server itself.
  const settings = { ...LIVELY_STATISTICS, shared_preload_libraries: 'pg_stat_statements' };
  const server = await startPostgres({ dataDir, settings });
  const children: ChildProcess[] = [];
  const stop = async () => {
    await Promise.all(children.map(stopChild));
    await server.destroy();
  };
  try {
    const urls = rolesOf(server.adminUrl);
    await prepareRoles(server.adminUrl, urls);
    await migrate({ url: urls.migrate, folder: path.join(ROOT, 'drizzle') });
    const env = await environment(urls);
    // The login flood comes from many addresses; it says so in X-Forwarded-For.
    const admin = await startApi('admin-api', { ...env, TRUSTED_PROXIES: '127.0.0.1' }, env.ADMIN_PORT);
    children.push(admin.child);
    const storefront = await startApi('storefront-api', env, env.STOREFRONT_PORT);
    children.push(storefront.child);
    const company = await register(admin.url, 'bench-shop');
    return {
      adminUrl: admin.url,
      storefrontUrl: storefront.url,
      databaseUrl: urls.app,
      superuserUrl: urls.superuser,
      postmasterPid: Number(
        (await readFile(path.join(server.home, 'cluster', 'postmaster.pid'), 'utf8')).split('\n')[0],
      ),
      company,
      async startStorefront(more) {
        const { child, url } = await startApi('storefront-api', { ...env, ...more }, String(await freePort()));
        children.push(child);
        return { url, pid: pidOf(child) };
      },
      async startWorker(more = {}) {
        const port = String(await freePort());
        const { child } = await startApi(
          'worker',
          { ...env, METRICS_PORT: port, DATABASE_RELAY_URL: urls.relay, ...more },
          port,
        );
        children.push(child);
        return { pid: pidOf(child), stop: () => stopChild(child) };
      },
      masterKeys: new Map([['bench', Buffer.from(env.MASTER_KEYS.slice('bench:'.length), 'base64')]]),
      register: (handle) => register(admin.url, handle),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function rolesOf(adminUrl: string) {
  const password = randomBytes(16).toString('hex');
  const of = (role: string) => {
    const url = new URL(adminUrl);
    url.username = role;
    url.password = password;
    url.pathname = '/souk_bench';
    return url.href;
  };
  const superuser = new URL(adminUrl);
  superuser.pathname = '/souk_bench';
  return { app: of('souk_app'), relay: of('souk_relay'), migrate: of('souk_migrate'), superuser: superuser.href };
}

async function environment(urls: { app: string }) {
  return {
    PATH: process.env['PATH'] ?? '',
    NODE_ENV: 'production',
    DATABASE_URL: urls.app,
    MASTER_KEYS: `bench:${randomBytes(32).toString('base64')}`,
    REGISTRATION: 'open',
    HOST: '127.0.0.1',
    ADMIN_URL: 'http://localhost:4000',
    MAIL_FROM: 'bench@localhost',
    METRICS_PORT: '0',
    FILES_DIR: path.join(tmpdir(), 'souk-bench-files'),
    FILES_URL: 'https://pictures.example.com/files',
    ADMIN_PORT: String(await freePort()),
    STOREFRONT_PORT: String(await freePort()),
    RATE_LIMIT_PER_KEY: UNLIMITED,
    RATE_LIMIT_PER_COMPANY: UNLIMITED,
    RATE_LIMIT_PER_ADDRESS: UNLIMITED,
  };
}

async function startApi(
  app: string,
  env: NodeJS.ProcessEnv,
  port: string,
): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [path.join(ROOT, 'apps', app, 'dist/main.js')], {
    env: { ...env, ...(app === 'storefront-api' && { STOREFRONT_PORT: port }) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`${app} ended with code ${child.exitCode} before it was ready`);
    const isReady = await fetch(`${url}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isReady) return { child, url };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill();
  throw new Error(`${app} was not ready within ${READY_WITHIN_MS / 1000} s`);
}

/** Starts a bare server for comparison, in a process of its own like ours. */
export async function startBare(
  file: 'bare-server' | 'bare-catalogue' | 'bare-selling' | 'bare-webhooks' | 'webhook-receivers',
  args: readonly string[],
): Promise<{ url: string; pid: number; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, `${file}.js`), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the bare server ended with code ${code}`)));
  });
  return { url, pid: pidOf(child), stop: () => stopChild(child) };
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('a process did not start');
  return pid;
}

async function register(adminUrl: string, handle: string): Promise<BenchCompany> {
  const owner = { name: 'Bench', email: 'bench@example.com', password: randomBytes(12).toString('hex') };
  const company = { name: 'Bench', handle, country: 'NG', currency: 'NGN', timezone: 'UTC' };
  const answer = await fetch(`${adminUrl}/v1/companies`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ company, owner }),
  });
  if (answer.status !== 201) throw new Error(`registration answered ${answer.status}: ${await answer.text()}`);
  const registered = (await answer.json()) as { company: { id: CompanyId }; apiKey: { key: string } };
  const { id } = registered.company;
  return { id, handle: company.handle, email: owner.email, password: owner.password, key: registered.apiKey.key };
}

function stopChild(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { useDatabase } from '@souk/domain/testing/database';
import { afterEach, beforeAll, expect, test } from 'vitest';

const db = useDatabase();
const app = path.join(import.meta.dirname, '..');
const root = path.join(app, '..', '..');
const running: ChildProcess[] = [];
// One for all: what a process sealed in the database, the next one opens.
const MASTER_KEYS = `test:${randomBytes(32).toString('base64')}`;

beforeAll(() => {
  const built = spawnSync(path.join(root, 'node_modules', '.bin', 'rolldown'), ['-c', 'rolldown.config.mjs'], {
    cwd: app,
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`The admin API could not be built: ${built.stdout}${built.stderr}`);
});
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  return typeof address === 'object' && address ? address.port : 0;
}

/** The built process, with its output so far. */
function start(env: Record<string, string>) {
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], {
    cwd: app,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output.text += chunk));
  const ended = once(child, 'exit').then(([code]) => Number(code));
  return { child, output, ended };
}

const settings = async () => ({
  DATABASE_URL: db.urls.app,
  FILES_DIR: path.join(tmpdir(), `souk-files-${process.pid}`),
  FILES_URL: 'https://shop.example.com/files',
  MASTER_KEYS,
  ADMIN_URL: 'https://admin.example.com',
  MAIL_FROM: 'Shops <shops@example.com>',
  REGISTRATION: 'open',
  HOST: '127.0.0.1',
  ADMIN_PORT: String(await freePort()),
  METRICS_PORT: String(await freePort()),
});

async function until<T>(what: string, ask: () => Promise<T | undefined>, output: { text: string }): Promise<T> {
  const giveUp = Date.now() + 20_000;
  while (Date.now() < giveUp) {
    const found = await ask().catch(() => undefined);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not happen. It printed:\n${output.text}`);
}

async function ready(env: Awaited<ReturnType<typeof settings>>) {
  const api = start(env);
  const url = `http://127.0.0.1:${env.ADMIN_PORT}`;
  await until('readiness', async () => ((await fetch(`${url}/readyz`)).ok ? true : undefined), api.output);
  return { ...api, url };
}

test('the built process serves, keeps its metrics to a listener of its own, and ends with 0 when told to', async () => {
  const env = await settings();
  const { child, output, ended, url } = await ready(env);
  expect((await fetch(`${url}/v1/me`)).status).toBe(401);
  expect((await fetch(`${url}/metrics`)).status).toBe(404);
  const metrics = await (await fetch(`http://127.0.0.1:${env.METRICS_PORT}/metrics`)).text();
  expect(metrics).toContain('method="GET",route="/v1/me",status="401"} 1');
  expect(metrics).toContain('souk_database_connections{state="open"');
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(output.text).toContain('"msg":"stopped"');
  expect(output.text).toContain('SMTP_URL is not set');
});

test('told to stop, it says it is not ready, lets a request in flight end and takes no new one', async () => {
  const { child, ended, url, output } = await ready(await settings());
  const body = JSON.stringify({ company: 'adire-house', email: 'nobody@example.com', password: 'five wooden birds' });
  const inFlight = request(`${url}/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': body.length },
  });
  const answered = once(inFlight, 'response');
  inFlight.write(body.slice(0, 20));
  await new Promise((resolve) => setTimeout(resolve, 200)); // so that it has arrived before the signal does
  child.kill('SIGTERM');
  await until('the stop', async () => (output.text.includes('stopping') ? true : undefined), output);
  await until(
    'the end of listening',
    () =>
      fetch(`${url}/healthz`).then(
        () => undefined,
        () => true,
      ),
    output,
  );
  inFlight.end(body.slice(20));
  const [response] = await answered;
  expect(response.statusCode).toBe(401);
  response.resume();
  expect(await ended).toBe(0);
});

test('settings that are wrong stop it with one message that names all of them', async () => {
  const { output, ended } = start({ ADMIN_PORT: 'four' });
  expect(await ended).toBe(1);
  for (const name of ['DATABASE_URL', 'MASTER_KEYS', 'ADMIN_URL', 'MAIL_FROM', 'ADMIN_PORT'])
    expect(output.text).toContain(`${name}: `);
  expect(output.text).not.toContain(' at ');
});

test('it refuses a database role that row security does not hold back', async () => {
  const { output, ended } = start({ ...(await settings()), DATABASE_URL: db.urls.admin });
  expect(await ended).toBe(1);
  expect(output.text).toContain('is superuser');
});

test('it refuses a database that lacks migrations, and says how to migrate', async () => {
  const [newest] =
    await db.admin`delete from drizzle.__drizzle_migrations where created_at = (select max(created_at) from drizzle.__drizzle_migrations) returning hash, created_at`;
  const { output, ended } = start(await settings());
  expect(await ended).toBe(1);
  expect(output.text).toContain('souk migrate');
  await db.admin`insert into drizzle.__drizzle_migrations (hash, created_at) values (${newest?.['hash']}, ${newest?.['created_at']})`;
});

test('a port that is taken is named with its setting', async () => {
  const env = await settings();
  const squatter = createServer().listen(Number(env.ADMIN_PORT), '127.0.0.1');
  await once(squatter, 'listening');
  const { output, ended } = start(env);
  expect(await ended).toBe(1);
  expect(output.text).toContain('set ADMIN_PORT to a free port');
  squatter.close();
});

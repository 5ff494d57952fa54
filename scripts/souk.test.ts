import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemSession } from '@souk/domain/kernel/ctx';
import { dispatchEvents } from '@souk/domain/kernel/dispatch';
import type { CompanyId } from '@souk/domain/kernel/ids';
import { fanOut } from '@souk/domain/reach/webhooks/fan-out.service';
import { useDatabase } from '@souk/domain/testing/database';
import { createLoggers } from '@souk/platform/logger';
import { bootApi, type TestApi } from '@souk/platform/testing/app';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { controllers } from '../apps/admin-api/src/app.module.ts';
import { Api } from '../apps/cli/src/api.ts';
import { credentialsFor } from '../apps/cli/src/credentials.ts';
import { listen } from '../apps/cli/src/listen.ts';
import { soukProgram } from '../apps/cli/src/program.ts';
import { runSouk } from '../apps/cli/src/run.ts';
import { CompanyWork } from '../apps/worker/src/company-work.ts';
import { dueWork } from '../apps/worker/src/due-work.ts';

const PASSWORD = 'correct horse battery staple';
const db = useDatabase();
let folder = '';
let admin: TestApi;
let url = '';
let company: { id: CompanyId; handle: string };
let email = '';
let receiver: Server;
let received: { headers: IncomingHttpHeaders; body: string }[] = [];
let hook = '';
let answerWith = 204;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'souk-cli-'));
  admin = await bootApi({ name: 'admin', controllers }, db, { FILES_DIR: path.join(folder, 'files') });
  await admin.app.listen({ port: 0, host: '127.0.0.1' });
  const server: unknown = admin.app.getHttpServer();
  url = `http://127.0.0.1:${server instanceof NetServer ? (server.address() as AddressInfo).port : 0}`; // TCP has an AddressInfo
  const made = await registered('cli-shop');
  company = made.company;
  email = made.staff.email;
  receiver = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(pieces).toString() });
      response.writeHead(answerWith).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hooks`; // TCP again
});
afterAll(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await admin.app.close();
  await admin.parts.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  received = [];
  answerWith = 204;
  process.exitCode = undefined;
  vi.stubEnv('SOUK_URL', url);
  vi.stubEnv('SOUK_CONFIG_DIR', path.join(folder, 'config'));
  vi.stubEnv('SOUK_COMPANY', company.handle);
  vi.stubEnv('SOUK_EMAIL', email);
  vi.stubEnv('SOUK_PASSWORD', PASSWORD);
  for (const name of ['SOUK_API_KEY', 'SOUK_TOKEN', 'SOUK_LISTEN_SECRET']) vi.stubEnv(name, '');
});
afterEach(async () => {
  process.exitCode = undefined;
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(path.join(folder, 'config'), { recursive: true, force: true });
});

async function registered(handle: string) {
  const answer = await fetch(`${url}/v1/companies`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      company: { name: 'Shop', handle, country: 'NG', currency: 'NGN', timezone: 'Africa/Lagos' },
      owner: { name: 'Ada Obi', email: `ada@${handle}.example`, password: PASSWORD },
    }),
  });
  expect(answer.status).toBe(201);
  return (await answer.json()) as { company: { id: CompanyId; handle: string }; staff: { email: string } };
}

/** What a command line says. */
async function said(...words: string[]): Promise<string> {
  const lines: string[] = [];
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi
      .spyOn(process[stream], 'write')
      .mockImplementation((line) => (stream === 'stdout' ? lines.push(String(line)) : 1) > 0),
  );
  try {
    await soukProgram().parseAsync(words, { from: 'user' });
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return lines.join('');
}
const souk = async <Document>(...words: string[]): Promise<Document> => JSON.parse(await said(...words, '--json'));

/** What the relay of a worker does. */
const relay = () =>
  db.app.run(systemSession(company.id, 'relay'), (ctx) =>
    dispatchEvents(ctx, async (inside, waiting) => void (await fanOut(inside, waiting)), { max: 100 }),
  );
const newEndpoint = async (events = ['order.*']) =>
  new Api(url, credentialsFor(url)).call<{ id: string }>('POST', '/v1/webhook-endpoints', { url: hook, events });

test('a login is kept for its owner only, is used and renewed, and is forgotten on logout', async () => {
  await said('login');
  const file = path.join(folder, 'config', 'souk.json');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const kept = JSON.parse(await readFile(file, 'utf8'));
  expect(JSON.stringify(kept)).not.toContain(PASSWORD);
  vi.stubEnv('SOUK_PASSWORD', '');
  expect(await souk('events', 'list', '--limit', '1')).toMatchObject({
    data: [{ id: expect.stringMatching(/^evt_/) }],
  });
  // The access token ran out while nobody looked, and once more in the eyes of the API alone.
  for (const expiresAt of [0, Date.now() + 3_600_000]) {
    const before = JSON.parse(await readFile(file, 'utf8'));
    const login = { ...before.logins[url], expiresAt, accessToken: 'e30.e30.e30' };
    await writeFile(file, JSON.stringify({ ...before, logins: { [url]: login } }));
    expect(await souk('events', 'list', '--limit', '1')).toMatchObject({ data: [{}] });
    expect(JSON.parse(await readFile(file, 'utf8')).logins[url].refreshToken).not.toBe(login.refreshToken);
  }
  await said('logout');
  await expect(said('events', 'list')).rejects.toThrow(/Nobody is logged in.*SOUK_API_KEY.*souk login/s);
});

test('a key is made, and opens what it was made for', async () => {
  const made = await souk<{ key: string }>(
    'keys',
    'create',
    '--name',
    'Tools',
    '--scope',
    'events.read,webhooks.write',
    '--expires',
    '90d',
  );
  expect(made).toMatchObject({
    key: expect.stringMatching(/^souk_sk_live_/),
    scopes: ['events.read', 'webhooks.write'],
  });
  vi.stubEnv('SOUK_API_KEY', made.key);
  expect(await souk('events', 'list', '--type', 'api_key.*', '--limit', '1')).toMatchObject({
    data: [{ type: 'api_key.created' }],
  });
  await expect(said('keys', 'create', '--name', 'More', '--scope', 'events.read')).rejects.toThrow('api_keys.write');
  vi.stubEnv('SOUK_API_KEY', 'souk_sk_live_none');
  await expect(said('events', 'list')).rejects.toThrow(/souk login/);
});

test('wrong words and a silent address are told apart', async () => {
  await expect(said('events', 'list', '--limit', 'none')).rejects.toMatchObject({ code: 'commander.invalidArgument' });
  await expect(said('events', 'resend')).rejects.toMatchObject({ code: 'commander.invalidArgument' });
  await expect(said('events', 'show', 'ord_1')).rejects.toMatchObject({ code: 'commander.invalidArgument' });
  await expect(said('events', 'list', '--url', 'http://127.0.0.1:1')).rejects.toThrow(
    /Nothing answers at http:\/\/127.0.0.1:1/,
  );
  await expect(said('events', 'list', '--url', 'souk')).rejects.toThrow('no address');
});

test('the exit code tells wrong words from refusals, and with --json errors are JSON', async () => {
  const told: string[] = [];
  const ended = async (...words: string[]) => {
    told.length = 0;
    const spies = (['stdout', 'stderr'] as const).map((stream) =>
      vi.spyOn(process[stream], 'write').mockImplementation((line) => told.push(`${stream} ${line}`) > 0),
    );
    const code = await runSouk(words);
    for (const spy of spies) spy.mockRestore();
    return code;
  };
  expect(await ended('events', 'list', '--limit', '1', '--json')).toBe(0);
  expect(told).toEqual([expect.stringMatching(/^stdout \{/)]);
  expect(await ended('--help')).toBe(0);
  expect(told.join('')).toContain('Exit codes: 0 done; 1');
  for (const words of ['events lst', 'keys create', 'events list --limit none', 'trigger']) {
    expect([words, await ended(...words.split(' '))]).toEqual([words, 2]);
  }
  expect(await ended('events', 'resend')).toBe(2);
  expect(told.join('')).toContain('--endpoint');
  expect(await ended('events', 'show', 'evt_01jc0000000000000000000000', '--json')).toBe(1);
  expect(told).toHaveLength(1);
  expect(JSON.parse(told[0]?.slice('stderr '.length) ?? '')).toMatchObject({
    error: { status: 404, code: 'not_found' },
  });
});

test('a made-up event is triggered, shown with its deliveries, and delivered again', async () => {
  const endpoint = await newEndpoint();
  const made = await souk<{ eventId: string; endpointCount: number }>('trigger', 'order.paid');
  expect(made.endpointCount).toBe(1);
  await relay();
  const shown = await souk<{ deliveries: { id: string; status: string }[] }>('events', 'show', made.eventId);
  expect(shown.deliveries).toMatchObject([{ status: 'pending' }]);
  const deliveryId = shown.deliveries[0]?.id ?? '';
  expect(await souk('events', 'show', deliveryId)).toMatchObject({
    id: deliveryId,
    payload: { type: 'order.paid', test: true },
  });
  await db.admin`update webhook_deliveries set status = 'failed', ended_at = now() where id = ${deliveryId}`;
  expect(await souk('events', 'resend', '--endpoint', endpoint.id, '--failed', '--dry-run')).toMatchObject({
    dryRun: true,
  });
  expect(await souk('events', 'resend', made.eventId)).toMatchObject({ count: 1 });
  const [row] = await db.admin`select status, redeliveries from webhook_deliveries where id = ${deliveryId}`;
  expect(row).toMatchObject({ status: 'pending', redeliveries: 1 });
  expect(await souk('trigger', 'order.paid', '--endpoint', endpoint.id)).toMatchObject({ endpointCount: 1 });
  await expect(said('trigger', 'order.payed')).rejects.toThrow('order.paid');
  expect(await souk('events', 'list', '--test', '--limit', '1')).toMatchObject({
    data: [{ type: 'order.paid', test: true }],
  });
});

test('an event nobody was sent says what to do', async () => {
  const { data } = await souk<{ data: { id: string }[] }>('events', 'list', '--type', 'company.*');
  await expect(said('events', 'resend', data[0]?.id ?? '')).rejects.toThrow('--since');
});

test('listening forwards each event once, signed with a secret that stays, and goes on after a break', async () => {
  const ended = new AbortController();
  const lines: { listening?: { secret: string }; id?: string; forwarded?: { status: number } }[] = [];
  const api = new Api(url, credentialsFor(url));
  const options = { forwardTo: hook, events: 'order.*,payment.*', json: true };
  const listening = listen(options, api, ended.signal, (line) => void lines.push(JSON.parse(line)));
  await expect.poll(() => lines.length, { timeout: 10_000 }).toBe(1);
  const secret = lines[0]?.listening?.secret ?? '';
  expect(secret).toMatch(/^whsec_/);
  await heardAnything();
  const left = await souk<{ eventId: string }>('trigger', 'customer.created');
  const wanted = await souk<{ eventId: string }>('trigger', 'order.cancelled');
  await expect.poll(heard, { timeout: 10_000 }).toContain(wanted.eventId);
  expect(heard()).not.toContain(left.eventId);
  for (const { headers, body } of received) {
    const verified = new Webhook(secret).verify(body, headers as Record<string, string>); // all of ours come once
    expect(verified).toMatchObject({ id: headers['webhook-id'], test: true });
  }
  // A break: the server hangs up on everybody. What happens meanwhile comes after it, and nothing comes twice.
  (admin.app.getHttpServer() as { closeAllConnections(): void }).closeAllConnections(); // Node's server has it
  answerWith = 500;
  // Other connections of this very process were cut as well; its next request may find one of them.
  for (let tries = 0; tries < 10; tries++) await fetch(`${url}/healthz`).catch(() => undefined);
  const late = await souk<{ eventId: string }>('trigger', 'order.placed');
  await expect.poll(heard, { timeout: 15_000 }).toContain(late.eventId);
  await expect.poll(() => lines.at(-1)).toMatchObject({ id: late.eventId, forwarded: { status: 500 } });
  expect(new Set(heard()).size).toBe(received.length);
  ended.abort();
  await listening;
  const again = new AbortController();
  const second: string[] = [];
  const once = listen(options, api, again.signal, (line) => void second.push(line));
  await expect.poll(() => second.length, { timeout: 10_000 }).toBe(1);
  expect(second[0]).toContain(secret);
  again.abort();
  await once;
});

const heard = () => received.map(({ headers }) => headers['webhook-id']);

/** Until the stream stands, what happens is not heard: so it happens again and again. */
async function heardAnything(): Promise<void> {
  for (let tries = 0; received.length === 0 && tries < 20; tries++) {
    await souk('trigger', 'order.paid');
    await expect
      .poll(() => received.length, { timeout: 1_500 })
      .toBeGreaterThan(0)
      .catch(() => undefined); // once more
  }
}

test('listening ends with what is final, and says so', async () => {
  const api = new Api(url, credentialsFor(url));
  const { signal } = new AbortController();
  await expect(listen({ events: 'ordr.*' }, api, signal, () => undefined)).rejects.toThrow('order');
  await expect(listen({ forwardTo: 'here' }, api, signal, () => undefined)).rejects.toThrow('--forward-to');
  const nobody = new Api(url, { headers: async () => ({}), renew: async () => false });
  await expect(listen({}, nobody, signal, () => undefined)).rejects.toThrow('souk login');
});

test('products are imported from a file, and a row that cannot be ends with 1', async () => {
  const { log } = createLoggers({ level: 'silent', process: 'test', to: { write: () => undefined } });
  const kinds = dueWork({
    run: db.app.run,
    log,
    store: admin.parts.files.store,
    pictures: {} as Parameters<typeof dueWork>[0]['pictures'], // no picture is named below
    gateways: new Map(),
  }).filter(({ name }) => name.includes('import'));
  expect(kinds).not.toHaveLength(0);
  const works = kinds.map((kind) => new CompanyWork(kind, { lookAround: db.relay.unscoped, log }));
  let isOver = false;
  const worker = (async () => {
    while (!isOver) {
      for (const work of works) await work.round();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  try {
    const file = path.join(folder, 'good ümläut.csv');
    await writeFile(file, 'handle,title,sku,price:NGN\nred-hat,Red hat,RED,1000\n');
    expect(await souk('import', file, '--dry-run')).toMatchObject({ status: 'completed', dryRun: true });
    expect(process.exitCode).toBeUndefined();
    const done = await souk<{ counts: { products: { created: number }; errors: number } }>('import', file);
    expect([done.counts.products.created, done.counts.errors, process.exitCode]).toEqual([1, 0, undefined]);
    await writeFile(file, 'handle,title,sku,price:NGN,price_ngn\nblue-hat,Blue hat,BLUE,cheap,1\n');
    expect(await said('import', file)).toMatch(/Columns there is no place for: price_ngn.*row 2/s);
    expect(process.exitCode).toBe(1);
    await expect(said('import', path.join(folder, 'none.csv'))).rejects.toThrow('none.csv cannot be read');
  } finally {
    isOver = true;
    await worker;
  }
});

test('the doctor finds what is well, and what is not with the way out', async () => {
  vi.stubEnv('DATABASE_URL', db.urls.app);
  vi.stubEnv('DATABASE_RELAY_URL', db.urls.relay);
  vi.stubEnv('DATABASE_MIGRATE_URL', db.urls.migrate);
  vi.stubEnv('FILES_DIR', path.join(folder, 'files'));
  vi.stubEnv('ADMIN_URL', url);
  vi.stubEnv('PAYSTACK_URL', hook.replace('/hooks', ''));
  type Report = { healthy: boolean; findings: { name: string; level: string; text: string; wayOut?: string }[] };
  const level = ({ findings }: Report, name: string) => findings.find((one) => one.name === name)?.level;
  const well = await souk<Report>('doctor');
  expect(well.findings.filter((one) => one.level === 'fault')).toEqual([]);
  for (const name of [
    'database',
    'role of the app',
    'migrations',
    'row security',
    'clock',
    'queue',
    'files',
    'admin API',
  ])
    expect([name, level(well, name)]).toEqual([name, 'ok']);
  expect(level(well, 'mail')).toBe('warning');
  expect(process.exitCode).toBeUndefined();

  const { eventId } = await souk<{ eventId: string }>('trigger', 'order.paid');
  await db.admin`update events set id = overlay(id placing '01jc000000' from 5) where id = ${eventId}`;
  vi.stubEnv('FILES_DIR', path.join(folder, 'config-file'));
  await writeFile(path.join(folder, 'config-file'), 'no folder');
  vi.stubEnv('DATABASE_RELAY_URL', db.urls.relay);
  const ill = await souk<Report>('doctor');
  expect([ill.healthy, level(ill, 'files'), level(ill, 'events'), process.exitCode]).toEqual([
    false,
    'fault',
    'fault',
    1,
  ]);
  expect(ill.findings.find(({ name }) => name === 'events')?.wayOut).toContain('worker');

  vi.stubEnv('DATABASE_URL', db.urls.admin);
  expect(level(await souk<Report>('doctor'), 'role of the app')).toBe('fault');
  vi.stubEnv('DATABASE_URL', 'postgres://souk_app:x@127.0.0.1:1/souk');
  expect(level(await souk<Report>('doctor'), 'database')).toBe('fault');
  vi.stubEnv('DATABASE_URL', '');
  expect(await said('doctor')).toContain('npm run souk -- doctor');
});

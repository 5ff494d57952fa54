import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { Api } from './api.ts';
import { credentialsFor, LoginOver } from './credentials.ts';
import { listen } from './listen.ts';
import { forgetLogin, listenSecret, readLogin, saveLogin } from './logins.ts';
import { soukProgram } from './program.ts';

/** An API as it is at its worst: what each path answers, and what was asked. */
let answers: Record<string, () => { status: number; body?: object }> = {};
let asked: string[] = [];
let server: Server;
let url = '';
let folder = '';

beforeAll(async () => {
  server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const at = `${request.method} ${request.url?.split('?')[0]}`;
      asked.push(at);
      const { status, body } = answers[at]?.() ?? { status: 404, body: { status: 404, code: 'not_found', title: at } };
      response.writeHead(status, { 'content-type': 'application/json' }).end(body && JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // TCP has an AddressInfo
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'souk-login-'));
  vi.stubEnv('SOUK_CONFIG_DIR', folder);
  vi.stubEnv('SOUK_URL', url);
  for (const name of ['SOUK_API_KEY', 'SOUK_TOKEN', 'SOUK_COMPANY', 'SOUK_EMAIL', 'SOUK_PASSWORD'])
    vi.stubEnv(name, '');
  answers = {};
  asked = [];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

const HOUR_MS = 3_600_000;
const login = (number: number, expiresAt = Date.now() + HOUR_MS) => ({
  company: 'shop',
  email: 'ada@shop.example',
  accessToken: `access-${number}`,
  refreshToken: `refresh-${number}`,
  expiresAt,
});
const refused = (status: number, code: string) => () => ({ status, body: { status, code, title: `Said ${code}.` } });
let count = 100;
const rotated = () => {
  count += 1;
  const tokens = { accessToken: `access-${count}`, refreshToken: `refresh-${count}`, expiresIn: 3_600 };
  return { status: 200, body: { tokens } };
};

/** What a command says. */
async function said(...words: string[]): Promise<string> {
  const lines: string[] = [];
  for (const stream of ['stdout', 'stderr'] as const)
    vi.spyOn(process[stream], 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  await soukProgram().parseAsync(words, { from: 'user' });
  vi.restoreAllMocks();
  return lines.join('');
}

test('a login that another command renewed is taken over, and not renewed with the token that was used', async () => {
  await saveLogin(url, login(1));
  const mine = credentialsFor(url);
  await saveLogin(url, login(2));
  expect(await mine.renew()).toBe(true);
  expect(await mine.headers()).toEqual({ authorization: 'Bearer access-2' });
  expect(asked).toEqual([]);
});

test('commands that find an old login at the same time renew it once', async () => {
  await saveLogin(url, login(1, 0));
  answers['POST /v1/auth/refresh'] = rotated;
  const all = Array.from({ length: 4 }, () => credentialsFor(url));
  const headers = await Promise.all(all.flatMap((one) => [one.headers(), one.headers()]));
  expect(new Set(headers.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer access-${count}`]));
  expect(asked).toEqual(['POST /v1/auth/refresh']);
  expect(readLogin(url)?.refreshToken).toBe(`refresh-${count}`);
});

test('two that write at once lose nothing, and a lock of the dead is passed over', async () => {
  await writeFile(path.join(folder, 'souk.json.lock'), '999999999');
  await Promise.all([saveLogin(url, login(1)), listenSecret(url, () => 'one'), saveLogin('http://other', login(2))]);
  expect(JSON.parse(await readFile(path.join(folder, 'souk.json'), 'utf8'))).toMatchObject({
    logins: { [url]: { accessToken: 'access-1' }, 'http://other': { accessToken: 'access-2' } },
    listenSecrets: { [url]: 'one' },
  });
  await forgetLogin('http://other');
  expect(readLogin(url)).toBeDefined();
});

test('a login is forgotten only when its token is refused, and kept through every other refusal', async () => {
  await saveLogin(url, login(1, 0));
  for (const status of [429, 500, 503, 403]) {
    answers['POST /v1/auth/refresh'] = refused(status, 'not_now');
    await expect(credentialsFor(url).headers()).rejects.toThrow('Said not_now.');
    expect(readLogin(url)?.refreshToken).toBe('refresh-1');
  }
  answers['POST /v1/auth/refresh'] = refused(401, 'refresh_refused');
  await expect(credentialsFor(url).headers()).rejects.toThrow(LoginOver);
  expect(readLogin(url)).toBeUndefined();
});

test('logging out ends the session as well, and forgets the login even where nobody answers', async () => {
  answers['POST /v1/auth/logout'] = () => ({ status: 204 });
  await saveLogin(url, login(1));
  expect(JSON.parse(await said('logout', '--json'))).toEqual({ url, loggedOut: true, sessionEnded: true });
  expect(asked).toEqual(['POST /v1/auth/logout']);
  const silent = 'http://127.0.0.1:1';
  await saveLogin(silent, login(2));
  expect(await said('logout', '--url', silent)).toContain('could not be told');
  expect([readLogin(url), readLogin(silent)]).toEqual([undefined, undefined]);
});

test('listening ends when the login is over, and tells a break once', async () => {
  answers['GET /v1/event-types'] = () => ({ status: 200, body: { data: [{ type: 'order.paid' }] } });
  const failures = [refused(503, 'starting'), refused(503, 'starting'), refused(401, 'unauthenticated')];
  answers['GET /v1/events/stream'] = () => (failures.shift() ?? refused(401, 'unauthenticated'))();
  answers['POST /v1/auth/refresh'] = refused(401, 'refresh_refused');
  await saveLogin(url, login(1));
  const lines: string[] = [];
  const listening = listen({}, new Api(url, credentialsFor(url)), new AbortController().signal, (line) =>
    lines.push(line),
  );
  await expect(listening).rejects.toThrow(LoginOver);
  expect(lines.filter((line) => line.includes('trying again'))).toEqual(['  Said starting.; trying again']);
}, 15_000);

test('listening says that nobody answers, and goes on trying', async () => {
  answers['GET /v1/event-types'] = () => ({ status: 200, body: { data: [{ type: 'order.paid' }] } });
  const api = new Api(url, { headers: async () => ({}), renew: async () => false });
  const fetched = api.fetch.bind(api);
  let tries = 0;
  vi.spyOn(api, 'fetch').mockImplementation((to, init) => {
    if (!String(to).includes('/stream')) return fetched(to, init);
    tries += 1;
    return fetched('http://127.0.0.1:1/', init);
  });
  const ended = new AbortController();
  const lines: string[] = [];
  const listening = listen({}, api, ended.signal, (line) => lines.push(line));
  await expect.poll(() => tries, { timeout: 10_000 }).toBeGreaterThan(1);
  ended.abort();
  await listening;
  expect(lines.filter((line) => line.includes('Nothing answers at http://127.0.0.1:1'))).toHaveLength(1);
}, 15_000);

test('an import is followed through answers that pass', async () => {
  vi.stubEnv('SOUK_API_KEY', 'key');
  const row = {
    id: 'imp_1',
    status: 'queued',
    rowsTotal: 1,
    rowsDone: 0,
    failure: null,
    errors: [],
    ignoredColumns: [],
  };
  const counts = { products: { created: 1, updated: 0, unchanged: 0, failed: 0 }, errors: 0 };
  answers['POST /v1/product-imports'] = () => ({ status: 201, body: { ...row, counts } });
  const failures = [refused(503, 'stopping'), refused(429, 'rate_limited')];
  answers['GET /v1/product-imports/imp_1'] = () =>
    failures.shift()?.() ?? { status: 200, body: { ...row, status: 'completed', counts } };
  const file = path.join(folder, 'hats.csv');
  await writeFile(file, 'handle,title\n');
  expect(await said('import', file)).toContain('Import imp_1: completed.');
}, 15_000);

test('sending again says what was sent before it failed, and takes no endpoint beside deliveries', async () => {
  vi.stubEnv('SOUK_API_KEY', 'key');
  const ids = ['whd_1', 'whd_2', 'whd_3'];
  answers[`POST /v1/webhook-deliveries/${ids[0]}/redelivery`] = () => ({ status: 200, body: { id: ids[0] } });
  answers[`POST /v1/webhook-deliveries/${ids[1]}/redelivery`] = refused(409, 'endpoint_disabled');
  await expect(said('events', 'resend', ...ids)).rejects.toThrow(
    /whd_2 was not sent: Said endpoint_disabled\.\nOn their way before it, of 3: whd_1\./,
  );
  await expect(said('events', 'resend', 'whd_1', '--endpoint', 'wep_1')).rejects.toThrow('--endpoint goes with events');
  expect(asked).toHaveLength(2);
});

import { useDatabase } from '@souk/domain/testing/database';
import { expect, test } from 'vitest';
import { createApi } from './api.ts';
import type { Problem } from './http/problem.ts';
import { bootApi, useApi } from './testing/app.ts';
import { ForgottenController, GoodsController, ThingsController } from './testing/door-fixture.ts';
import { givenShopAtDoor } from './testing/given-keys.ts';

const db = useDatabase();
const admin = useApi({ name: 'admin', controllers: [ThingsController] }, db);
const shopfront = useApi({ name: 'storefront', controllers: [GoodsController] }, db);

const open = (body: unknown, headers: Record<string, string> = {}) =>
  admin.call<Problem>('POST', '/v1/things/open', { body, headers });

test('an API with routes that do not settle access does not boot, and lists every one of them', async () => {
  const boot = createApi({ name: 'admin', controllers: [ThingsController, ForgottenController] }, admin.parts);
  const message = await boot.then(
    () => 'it booted',
    (error: Error) => error.message,
  );
  expect(message).toContain('GET /v1/forgotten (ForgottenController.list): add @Allow, @Scope, @SignedIn or @Public');
  expect(message).toContain('GET /v1/forgotten/wrong (ForgottenController.wrong): "scope" has no meaning in this API');
  expect(message).toContain(
    'GET /v1/forgotten/unknown (ForgottenController.unknown): no *.access.ts declares "things.invent"',
  );
  expect(message).not.toContain('/v1/things');
});

test.each([
  ['text/plain', 'x'],
  ['application/x-www-form-urlencoded', 'name=x'],
  ['multipart/form-data; boundary=x', '--x--'],
  ['application/xml', '<a/>'],
  ['application/json5', '{}'],
  ['application/json-patch+json', '[]'],
])('a body of type %s is 415', async (type, body) => {
  const { status, body: problem } = await open(body, { 'content-type': type });
  expect([status, problem.code]).toEqual([415, 'unsupported_media_type']);
});

const members = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`m${at}`, at]));
const nested = (levels: number) => `{"name":"x","extra":${'['.repeat(levels)}${']'.repeat(levels)}}`;

test.each([
  ['half an object', '{"name":', 400, 'invalid_json'],
  ['a comma too much', '{"name":"x",}', 400, 'invalid_json'],
  ['__proto__', '{"name":"x","__proto__":{"isAdmin":true}}', 400, 'invalid_json'],
  ['constructor.prototype', '{"name":"x","constructor":{"prototype":{"isAdmin":true}}}', 400, 'invalid_json'],
  ['a list instead of an object', '[]', 400, 'invalid_input'],
  ['nothing', '', 400, 'invalid_input'],
  ['null', 'null', 400, 'invalid_input'],
  ['21 levels', nested(20), 400, 'invalid_input'],
  ['5,000 levels', nested(5_000), 400, 'invalid_input'],
  ['a list of 501', JSON.stringify({ name: 'x', extra: Array(501).fill(0) }), 400, 'invalid_input'],
  ['more than 16 KiB', JSON.stringify({ name: 'x'.repeat(16_384) }), 413, 'body_too_large'],
])('a body of %s is refused', async (_what, body, status, code) => {
  const answer = await open(body);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
});

test('a body of 20 levels, a list of 500 and an object of 500 members are taken', async () => {
  expect((await open(nested(19))).status).toBe(200);
  expect((await open({ name: 'x', extra: members(500) })).status).toBe(200);
  expect((await open({ name: 'x', extra: Array(500).fill(0) })).status).toBe(200);
});

test('an object of 501 members is refused for that, and not looked at any further', async () => {
  for (const body of [members(501), { name: 'x', extra: [members(501)] }]) {
    expect((await open(body)).body.errors?.map(({ code }) => code)).toEqual(['too_many_members']);
  }
});

test('who has shown credentials may send up to 1 MiB', async () => {
  const { token } = await (await givenShopAtDoor(db, admin)).loggedIn('owner');
  const send = (length: number) =>
    admin.call<Problem>('POST', '/v1/things', { token, body: { name: 'x'.repeat(length) } });
  expect(await send(1_000_000)).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
  expect(await send(1_048_577)).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
  const deep = await admin.call<Problem>('POST', '/v1/things', { token, body: nested(100_000) });
  expect(deep).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
});

test('a parameter that a route does not know is refused on every route, whether it takes any or not', async () => {
  const shop = await givenShopAtDoor(db, admin);
  const { token } = await shop.loggedIn('owner');
  const asked: [string, string][] = [
    ['GET', '/v1/things?colour=red'],
    ['GET', '/v1/things/me?colour=red'],
    ['POST', '/v1/things?colour=red'],
    ['POST', '/v1/things/open?colour=red'],
    ['GET', '/v1/things/me?colour'],
  ];
  for (const [method, path] of asked) {
    const sent = { token, ...(method === 'POST' && { body: { name: 'x' } }) };
    const { status, body } = await admin.call<Problem>(method, path, sent);
    expect([path, status, body.errors]).toEqual([
      path,
      400,
      [{ pointer: '?colour', code: 'unknown_field', message: 'There is no field "colour" here. Leave it out.' }],
    ]);
  }
  expect((await admin.call('GET', '/v1/things/me?', { token })).status).toBe(200);
  expect((await admin.call('GET', '/v1/things/me?colour=red')).status).toBe(401);
  const { key } = await (await givenShopAtDoor(db, shopfront)).mint({});
  expect((await shopfront.call('GET', '/v1/goods?colour=red', { key })).status).toBe(400);
});

test('a limit is plain digits', async () => {
  const { token } = await (await givenShopAtDoor(db, admin)).loggedIn('owner');
  const status = async (limit: string) => (await admin.call('GET', `/v1/things?limit=${limit}`, { token })).status;
  expect(await status('100')).toBe(200);
  for (const odd of ['1e1', '0x10', '%2010', '10.0', '%2B10', '', 'true', '0', '101']) {
    expect([odd, await status(odd)]).toEqual([odd, 400]);
  }
});

test('every fault of a body is named by pointer, code and the way out, and no value is repeated', async () => {
  const { status, body } = await open({ count: 11, kind: 'hunter2', lines: [{ sku: 1 }], surprise: 'hunter2' });
  expect(status).toBe(400);
  expect(body.errors).toEqual([
    { pointer: '/name', code: 'required', message: 'This field is required: text.' },
    { pointer: '/count', code: 'too_big', message: 'Expected at most 10.' },
    { pointer: '/kind', code: 'invalid_value', message: 'Expected one of small, large.' },
    { pointer: '/lines/0/sku', code: 'invalid_type', message: 'Expected text.' },
    { pointer: '/surprise', code: 'unknown_field', message: 'There is no field "surprise" here. Leave it out.' },
  ]);
  expect(JSON.stringify(body)).not.toContain('hunter2');
});

test('what is wrong on our side is told to the log, and to the caller only by the request id', async () => {
  const { status, body, text } = await admin
    .call<Problem>('GET', '/v1/things/broken')
    .catch(() => ({ status: 0, body: undefined, text: '' }));
  expect(status).toBe(0); // a 500 is in no contract, so the harness refuses to take it
  expect(body).toBeUndefined();
  const raw = await admin.app.inject({ method: 'GET', url: '/v1/things/broken' });
  const problem: Problem = raw.json();
  expect(problem).toEqual({
    type: 'urn:souk:error:internal',
    title: 'Internal Server Error',
    status: 500,
    code: 'internal',
    detail: 'Something went wrong on our side. Give the request id to whoever runs this shop.',
    requestId: raw.headers['x-request-id'],
  });
  expect(text + raw.body).not.toMatch(/select|hunter2| at /);
  expect(admin.log.join('')).toContain(`"requestId":"${problem.requestId}"`);
});

test('an answer that does not fit its contract is our fault, and what it held stays inside', async () => {
  const raw = await admin.app.inject({ method: 'GET', url: '/v1/things/misshapen' });
  expect(raw.statusCode).toBe(500);
  expect(raw.body).not.toContain('a value nobody may see');
});

test('what Fastify refuses by itself comes as problem+json with our headers, too', async () => {
  const cases: [string, string, number, string][] = [
    ['GET', '/v1/nothing-here', 404, 'route_not_found'],
    ['GET', '/', 404, 'route_not_found'],
    ['GET', '/V1/things', 404, 'route_not_found'],
    ['GET', '//v1//things', 404, 'route_not_found'],
    ['GET', '/v1/things/', 404, 'route_not_found'],
    ['PUT', '/v1/things', 405, 'method_not_allowed'],
    ['DELETE', '/v1/things/open', 405, 'method_not_allowed'],
    ['POST', '/healthz', 405, 'method_not_allowed'],
    ['GET', '/v1/%zz', 400, 'invalid_url'],
    ['POST', `/v1/things/${'x'.repeat(300)}/ending`, 414, 'url_too_long'],
  ];
  for (const [method, url, status, code] of cases) {
    const answer = await admin.app.inject({ method: method as 'GET', url });
    expect([method, url, answer.statusCode, answer.json<Problem>().code]).toEqual([method, url, status, code]);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.headers['x-request-id']).toBe(answer.json<Problem>().requestId);
    expect(answer.headers['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none'");
  }
  const { headers } = await admin.app.inject({ method: 'PUT', url: '/v1/things' });
  expect(headers['allow']).toBe('GET, HEAD, POST');
});

test('every answer has the headers that keep browsers from mischief', async () => {
  const { headers } = await open({ name: 'x' });
  expect(headers).toMatchObject({
    'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  });
  const { key } = await (await givenShopAtDoor(db, shopfront)).mint({});
  for (const sent of [{}, { key }]) {
    const shop = await shopfront.call('GET', '/v1/goods', sent);
    expect(shop.headers).toMatchObject({ vary: 'X-Api-Key, Origin, Accept-Language', 'cache-control': 'no-store' });
  }
});

test('a request id of the caller is kept if it is harmless, else replaced', async () => {
  const idOf = async (given: string) => (await open({ name: 'x' }, { 'x-request-id': given })).headers['x-request-id'];
  expect(await idOf('order-42.retry_3')).toBe('order-42.retry_3');
  for (const bad of [
    'short',
    'x'.repeat(65),
    'with space in it',
    'quote"quote"',
    '<script>alert(1)</script>',
    '../../../etc/passwd',
  ]) {
    expect(await idOf(bad)).toMatch(/^[0-9a-f-]{36}$/);
  }
});

test('a trace of the caller stands in the log line', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await open({ name: 'x' }, { traceparent, 'x-request-id': 'traced-request-1' });
  const line = admin.log.find((one) => one.includes('traced-request-1'));
  expect(JSON.parse(line ?? '{}')).toMatchObject({
    trace: traceparent,
    method: 'POST',
    route: '/v1/things/open',
    status: 200,
  });
});

test('HEAD answers like GET without a body', async () => {
  const answer = await admin.app.inject({ method: 'HEAD', url: '/healthz' });
  expect([answer.statusCode, answer.body]).toEqual([200, '']);
});

test('an address in a header is believed from listed proxies only', async () => {
  const { body } = await admin.call<{ ip: string }>('POST', '/v1/things/open', {
    body: { name: 'x' },
    headers: { 'x-forwarded-for': '203.0.113.9' },
    from: '198.51.100.1',
  });
  expect(body.ip).toBe('198.51.100.1');
});

test('a proxy that is not listed is named in the log, once', async () => {
  for (let i = 0; i < 3; i++) {
    await admin.call('POST', '/v1/things/open', {
      body: { name: 'x' },
      headers: { 'x-forwarded-for': '203.0.113.9' },
      from: '198.51.100.1',
    });
  }
  expect(admin.log.filter((line) => line.includes('TRUSTED_PROXIES'))).toHaveLength(1);
});

test('a listed proxy is believed, and not complained about', async () => {
  const behind = await bootApi({ name: 'admin', controllers: [ThingsController] }, db, {
    TRUSTED_PROXIES: '198.51.100.0/24',
  });
  const { body } = await behind.call<{ ip: string }>('POST', '/v1/things/open', {
    body: { name: 'x' },
    headers: { 'x-forwarded-for': '203.0.113.9' },
    from: '198.51.100.1',
  });
  await behind.app.close();
  await behind.parts.close();
  expect(body.ip).toBe('203.0.113.9');
  expect(behind.log.join('')).not.toContain('TRUSTED_PROXIES');
});

test('ready is said only while the database answers', async () => {
  expect((await admin.call('GET', '/healthz')).body).toEqual({ status: 'ok' });
  expect((await admin.call('GET', '/readyz')).body).toEqual({ status: 'ready', checks: { database: 'ok' } });
});

test('the OpenAPI document is served and the reference page loads nothing from another host', async () => {
  const served = await admin.call<Record<string, unknown>>('GET', '/openapi.json');
  expect(served.body).toEqual(admin.document);
  const page = await admin.call('GET', '/docs');
  expect(page.text).not.toMatch(/https?:\/\//);
  expect(page.headers['content-security-policy']).toContain("connect-src 'self'");
  const script = /src="(\/docs\/[^"]+standalone\.js)"/.exec(page.text)?.[1] ?? '';
  const { status, headers } = await admin.call('GET', script);
  expect([status, headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
});

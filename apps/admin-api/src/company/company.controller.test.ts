import { useDatabase } from '@souk/domain/testing/database';
import { beforeAll, expect, test } from 'vitest';
import { bootAdmin, type Registered, register } from '../testing/boot-admin.ts';

const db = useDatabase();
const admin = bootAdmin(db);
let us: Registered;
let them: Registered;

interface Made {
  id: string;
  version: number;
  key: string;
  permissions: string[];
}

beforeAll(async () => {
  [us, them] = [await register(admin), await register(admin)];
});

const asUs = <Body = Made>(method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  admin.call<Body>(method, path, { token: us.tokens.accessToken, body, headers });
const asThem = <Body = Made>(method: string, path: string, body?: unknown) =>
  admin.call<Body>(method, path, { token: them.tokens.accessToken, body });

/** A secret key of ours that may do just this. */
async function keyWith(...scopes: string[]) {
  const { body } = await asUs('POST', '/v1/api-keys', { name: 'Server', type: 'secret', scopes });
  return <Body = Made>(method: string, path: string, sent?: unknown) =>
    admin.call<Body>(method, path, { key: body.key, body: sent });
}

test('a company is shown and changed, and a change on an old version is refused', async () => {
  const { body } = await asUs('GET', '/v1/company');
  const changed = await asUs('PATCH', '/v1/company', { name: 'New name' }, { 'if-match': `"${body.version}"` });
  expect([changed.status, changed.body.version]).toEqual([200, body.version + 1]);
  expect((await asUs('PATCH', '/v1/company', { name: 'Other' }, { 'if-match': `"${body.version}"` })).status).toBe(412);
  expect((await asUs('PATCH', '/v1/company', { name: 'Other' }, { 'if-match': 'yesterday' })).status).toBe(400);
  expect((await asUs('PATCH', '/v1/company', { currency: 'USD' })).status).toBe(400);
});

test('roles: made, read, changed, copied, deleted', async () => {
  const made = await asUs('POST', '/v1/roles', { name: 'Warehouse', permissions: ['company.read'] });
  expect(made.status).toBe(201);
  expect((await asUs('POST', '/v1/roles', { name: 'WAREHOUSE', permissions: [] })).status).toBe(409);
  expect(
    (await asUs('PATCH', `/v1/roles/${made.body.id}`, { permissions: [] }, { 'if-match': '"1"' })).body.permissions,
  ).toEqual([]);
  expect((await asUs('PATCH', `/v1/roles/${made.body.id}`, { name: 'x' }, { 'if-match': '"1"' })).status).toBe(412);
  const copy = await asUs('POST', `/v1/roles/${made.body.id}/copies`, { name: 'Warehouse 2' });
  expect(copy.status).toBe(201);
  expect((await asUs('DELETE', `/v1/roles/${copy.body.id}`)).status).toBe(204);
  expect((await asUs('GET', `/v1/roles/${copy.body.id}`)).status).toBe(404);
  const { body } = await asUs<{ data: { id: string; isSystem: boolean }[] }>('GET', '/v1/roles?limit=100');
  const system = body.data.find((role) => role.isSystem);
  expect((await asUs('PATCH', `/v1/roles/${system?.id}`, { name: 'x' })).status).toBe(409);
  expect((await asUs('DELETE', `/v1/roles/${system?.id}`)).status).toBe(409);
});

test('a role that an open invite promises is refused with the way out, and goes once the invite is too old', async () => {
  const role = await asUs('POST', '/v1/roles', { name: 'Seasonal', permissions: [] });
  const invite = await asUs('POST', '/v1/invites', { email: 'bola@example.com', roleIds: [role.body.id] });
  expect(invite.status).toBe(201);
  const refused = await asUs('DELETE', `/v1/roles/${role.body.id}`);
  expect(refused).toMatchObject({ status: 409, body: { code: 'role_in_use' } });
  expect(refused.text).toContain('take the invite back');
  await db.admin`update invites set expires_at = now() where id = ${invite.body.id}`;
  expect((await asUs('DELETE', `/v1/roles/${role.body.id}`)).status).toBe(204);
  expect(await asUs('GET', `/v1/invites/${invite.body.id}`)).toMatchObject({ body: { status: 'revoked', roles: [] } });
});

test('permissions are all listed, and a stray query parameter is refused', async () => {
  const { status, body } = await asUs<{ data: { name: string; sentence: string }[] }>('GET', '/v1/permissions');
  expect(status).toBe(200);
  expect(body.data.map((word) => word.name)).toEqual(
    expect.arrayContaining(['roles.write', 'settings.read', 'payment_providers.write']),
  );
  expect(body.data.every((word) => word.sentence.length > 5)).toBe(true);
  expect((await asUs('GET', '/v1/permissions?role=x')).status).toBe(400);
});

test('nobody grants through the API what they do not hold', async () => {
  const weak = await keyWith('roles.write', 'roles.read', 'api_keys.write');
  expect(await weak('POST', '/v1/roles', { name: 'Mine', permissions: ['company.own'] })).toMatchObject({
    status: 403,
    body: { code: 'permission_missing' },
  });
  expect(
    (await weak('POST', '/v1/api-keys', { name: 'Mine', type: 'secret', scopes: ['settings.write'] })).status,
  ).toBe(403);
  expect((await weak('POST', '/v1/api-keys', { name: 'Mine', type: 'secret', scopes: ['roles.read'] })).status).toBe(
    201,
  );
});

test('settings: shown whole and by group, patched, reset, and refused by field', async () => {
  const all = await asUs<Record<string, { version: number }>>('GET', '/v1/settings');
  expect(Object.keys(all.body)).toHaveLength(14);
  const patched = await asUs('PATCH', '/v1/settings/inventory', { holdMinutes: 45 }, { 'if-match': '"0"' });
  expect(patched).toMatchObject({
    status: 200,
    body: { group: 'inventory', holdMinutes: 45, version: 1, overridden: ['holdMinutes'] },
  });
  expect((await asUs('PATCH', '/v1/settings/inventory', { holdMinutes: 50 }, { 'if-match': '"0"' })).status).toBe(412);
  expect(await asUs('PATCH', '/v1/settings/inventory', { holdMinutes: null })).toMatchObject({
    body: { holdMinutes: 30, overridden: [] },
  });
  const wrong = await asUs('PATCH', '/v1/settings/inventory', { holdMinutes: 1, colour: 'red' });
  expect(wrong).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/holdMinutes' }, { pointer: '/colour', code: 'unknown_field' }] },
  });
  expect((await asUs('GET', '/v1/settings/weather')).status).toBe(404);
  expect((await asUs('PATCH', '/v1/settings/weather', {})).status).toBe(404);
  for (const group of Object.keys(all.body)) expect((await asUs('GET', `/v1/settings/${group}`)).status).toBe(200);
});

test('payment providers: credentials go in, are described, and are removed', async () => {
  const secretKey = `sk_live_${'q7'.repeat(20)}`;
  const put = await asUs('PUT', '/v1/payment-providers/paystack', { secretKey });
  expect(put).toMatchObject({ status: 200, body: { isConfigured: true, credentials: { lastFour: 'q7q7' } } });
  expect((await asUs('PUT', '/v1/payment-providers/manual', {})).status).toBe(200);
  expect(
    (await asUs('PUT', '/v1/payment-providers/paystack', { secretKey: `sk_test_${'q7'.repeat(20)}` })).status,
  ).toBe(422);
  expect((await asUs('PUT', '/v1/payment-providers/stripe', {})).status).toBe(404);
  const list = await asUs('GET', '/v1/payment-providers');
  expect(list.text + put.text + admin.log.join('')).not.toContain(secretKey);
  expect((await asUs('DELETE', '/v1/payment-providers/paystack')).status).toBe(204);
});

test('API keys: minted, listed, rotated, revoked; the key itself is told once, also when the request is repeated', async () => {
  const body = { name: 'Web', type: 'publishable', scopes: ['store.read'], allowedOrigins: ['https://Shop.example'] };
  const [made, again] = [
    await asUs('POST', '/v1/api-keys', body, { 'idempotency-key': 'one' }),
    await asUs('POST', '/v1/api-keys', body, { 'idempotency-key': 'one' }),
  ];
  expect(again.body).toEqual(made.body);
  expect(made).toMatchObject({
    status: 201,
    body: { allowedOrigins: ['https://shop.example'], status: 'active', mode: 'live' },
  });
  expect((await asUs('GET', `/v1/api-keys/${made.body.id}`)).text).not.toContain(made.body.key);
  const next = await asUs('POST', `/v1/api-keys/${made.body.id}/rotation`, {});
  expect(next).toMatchObject({ status: 201, body: { rotatedFrom: made.body.id } });
  expect((await asUs('POST', `/v1/api-keys/${made.body.id}/rotation`, { overlapSeconds: 0 })).status).toBe(409);
  expect(await asUs('POST', `/v1/api-keys/${made.body.id}/revocation`)).toMatchObject({
    status: 200,
    body: { status: 'revoked' },
  });
  expect((await asUs('POST', `/v1/api-keys/${made.body.id}/revocation`)).status).toBe(200);
  expect((await asUs('POST', '/v1/api-keys', { ...body, scopes: [] })).status).toBe(400);
  expect((await asUs('GET', '/v1/api-keys?type=publishable&limit=1')).status).toBe(200);
});

test('a revoked secret key is refused by the very next request, and a permission is enforced on it before', async () => {
  const { body } = await asUs('POST', '/v1/api-keys', { name: 'Server', type: 'secret', scopes: ['settings.read'] });
  expect((await admin.call('GET', '/v1/settings', { key: body.key })).status).toBe(200);
  expect((await admin.call('PATCH', '/v1/settings/tax', { key: body.key, body: {} })).status).toBe(403);
  await asUs('POST', `/v1/api-keys/${body.id}/revocation`);
  expect((await admin.call('GET', '/v1/settings', { key: body.key })).status).toBe(401);
});

test("another company's ids are answered like missing ones, byte for byte but the request id", async () => {
  const role = await asThem('POST', '/v1/roles', { name: 'Theirs', permissions: [] });
  const key = await asThem('POST', '/v1/api-keys', { name: 'Theirs', type: 'secret', scopes: ['store.read'] });
  const missing = 'key_01h455vb4pex5vsknk084sn02q';
  const ways: [method: string, path: (id: string) => string, theirs: string, none: string, body?: unknown][] = [
    ['GET', (id) => `/v1/roles/${id}`, role.body.id, missing.replace('key', 'role')],
    ['PATCH', (id) => `/v1/roles/${id}`, role.body.id, missing.replace('key', 'role'), { name: 'Ours' }],
    ['DELETE', (id) => `/v1/roles/${id}`, role.body.id, missing.replace('key', 'role')],
    ['POST', (id) => `/v1/roles/${id}/copies`, role.body.id, missing.replace('key', 'role'), { name: 'Ours' }],
    ['GET', (id) => `/v1/api-keys/${id}`, key.body.id, missing],
    ['POST', (id) => `/v1/api-keys/${id}/rotation`, key.body.id, missing, {}],
    ['POST', (id) => `/v1/api-keys/${id}/revocation`, key.body.id, missing],
  ];
  for (const [method, path, theirs, none, body] of ways) {
    const [foreign, absent] = [await asUs(method, path(theirs), body), await asUs(method, path(none), body)];
    const bare = (text: string) => text.replace(/"requestId":"[^"]*"/, '');
    expect([foreign.status, bare(foreign.text)]).toEqual([404, bare(absent.text)]);
  }
  expect((await asThem('GET', `/v1/roles/${role.body.id}`)).status).toBe(200);
  expect((await admin.call('GET', '/v1/settings', { key: key.body.key })).status).toBe(403);
});

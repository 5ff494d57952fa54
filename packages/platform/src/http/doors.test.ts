import { closeCompany, resumeCompany, suspendCompany } from '@souk/domain/company/companies/companies.service';
import { revokeKey } from '@souk/domain/identity/api-keys/api-keys.service';
import { makeKey } from '@souk/domain/identity/api-keys/key-form';
import { endSession } from '@souk/domain/identity/sessions/sessions.service';
import { newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { afterEach, expect, test, vi } from 'vitest';
import { useApi } from '../testing/app.ts';
import { GoodsController, ThingsController } from '../testing/door-fixture.ts';
import { givenShopAtDoor } from '../testing/given-keys.ts';

const db = useDatabase();
const admin = useApi({ name: 'admin', controllers: [ThingsController] }, db);
const shopfront = useApi({ name: 'storefront', controllers: [GoodsController] }, db);

afterEach(() => vi.restoreAllMocks());

interface Refused {
  code: string;
  detail: string;
}
const shopAtAdmin = () => givenShopAtDoor(db, admin);
const shopAtStorefront = () => givenShopAtDoor(db, shopfront);

test('nobody, and whoever shows something that is no credential, is asked who they are', async () => {
  const shop = await shopAtAdmin();
  const { token } = await shop.loggedIn('owner');
  const stranger = makeKey({ type: 'secret', mode: 'live', companyId: shop.companyId }).key;
  const cases: [string, Parameters<typeof admin.call>[2], string][] = [
    ['nothing', {}, 'credentials_missing'],
    ['an empty key', { key: '' }, 'credentials_missing'],
    ['half a token', { token: token.slice(0, -9) }, 'token_invalid'],
    ['another scheme', { headers: { authorization: `Basic ${token}` } }, 'token_invalid'],
    ['a key that is none', { key: 'souk_sk_live_nonsense' }, 'key_invalid'],
    ['a key nobody made', { key: stranger }, 'key_invalid'],
    ['two credentials', { token, key: stranger }, 'credentials_ambiguous'],
  ];
  for (const [what, sent, code] of cases) {
    const { status, body } = await admin.call<Refused>('GET', '/v1/things', sent);
    expect([what, status, body.code]).toEqual([what, 401, code]);
  }
});

test('staff and secret keys come in under their own names, and only what the contract names goes out', async () => {
  const shop = await shopAtAdmin();
  const { token, staff } = await shop.loggedIn('read_only');
  const { id, key } = await shop.mint({ type: 'secret', scopes: ['company.read'] });
  const byToken = await admin.call('GET', '/v1/things', { token });
  expect(byToken.body).toEqual({ actor: `staff:${staff.id}`, companyId: shop.companyId, ip: '127.0.0.1' });
  const byKey = await admin.call('GET', '/v1/things', { key });
  expect(byKey.body).toMatchObject({ actor: `key:${id}`, companyId: shop.companyId });
});

test('403 names the permission that is missing', async () => {
  const shop = await shopAtAdmin();
  const { token } = await shop.loggedIn('read_only');
  const { status, body } = await admin.call<Refused>('POST', '/v1/things', { token, body: { name: 'x' } });
  expect([status, body.code]).toEqual([403, 'permission_missing']);
  expect(body.detail).toContain('company.write');
});

test('access is checked before the body is: a stranger learns nothing of the contract', async () => {
  const shop = await shopAtAdmin();
  const { token } = await shop.loggedIn('read_only');
  expect((await admin.call('POST', '/v1/things', { body: { nonsense: 1 } })).status).toBe(401);
  expect((await admin.call('POST', '/v1/things', { token, body: { nonsense: 1 } })).status).toBe(403);
});

test('a publishable key does not open the admin API, and is refused without a look-up', async () => {
  const { key } = await (await shopAtAdmin()).mint({});
  const acquire = vi.spyOn(admin.parts.database.pool, 'acquire');
  const { status, body } = await admin.call<Refused>('GET', '/v1/things', { key });
  expect([status, body.code]).toEqual([403, 'secret_key_needed']);
  expect(acquire).not.toHaveBeenCalled();
});

test('what is about oneself is not for keys', async () => {
  const { key } = await (await shopAtAdmin()).mint({ type: 'secret', scopes: ['company.read'] });
  const { status, body } = await admin.call<Refused>('GET', '/v1/things/me', { key });
  expect([status, body.code]).toEqual([403, 'staff_needed']);
});

test('an ended session is over with the next request', async () => {
  const shop = await shopAtAdmin();
  const { token, staff, sessionId, session } = await shop.loggedIn('owner');
  expect((await admin.call('GET', '/v1/things', { token })).status).toBe(200);
  await admin.parts.database.run(session, (ctx) => endSession(ctx, staff.id, sessionId, 'revoked'));
  const { status, body } = await admin.call<Refused>('GET', '/v1/things', { token });
  expect([status, body.code]).toEqual([401, 'session_over']);
});

test('a revoked key is refused with the next request', async () => {
  const shop = await shopAtStorefront();
  const { id, key } = await shop.mint({});
  expect((await shopfront.call('GET', '/v1/goods', { key })).status).toBe(200);
  await shopfront.parts.database.run(shop.system, (ctx) => revokeKey(ctx, id));
  expect((await shopfront.call('GET', '/v1/goods', { key })).status).toBe(401);
});

test('a key that expires while it is remembered is refused from that moment', async () => {
  const shop = await shopAtStorefront();
  const expiresAt = new Date(Date.now() + 60_000).toISOString();
  const { key } = await shop.mint({ expiresAt });
  expect((await shopfront.call('GET', '/v1/goods', { key })).status).toBe(200);
  vi.spyOn(Date, 'now').mockReturnValue(Date.parse(expiresAt));
  expect((await shopfront.call('GET', '/v1/goods', { key })).status).toBe(401);
});

test('staff of a suspended company may look and log out, and change nothing', async () => {
  const shop = await shopAtAdmin();
  const { token } = await shop.loggedIn('owner');
  const { run } = admin.parts.database;
  await run(shop.system, (ctx) => suspendCompany(ctx, 'a test'));
  expect((await admin.call('GET', '/v1/things', { token })).status).toBe(200);
  expect((await admin.call('HEAD', '/v1/things', { token })).status).toBe(200);
  expect((await admin.call('POST', `/v1/things/${newId('ses')}/ending`, { token })).status).toBe(204);
  const write = await admin.call<Refused>('POST', '/v1/things', { token, body: { name: 'x' } });
  expect([write.status, write.body.code]).toEqual([403, 'company_suspended']);
  await run(shop.system, resumeCompany);
  expect((await admin.call('POST', '/v1/things', { token, body: { name: 'x' } })).status).toBe(201);
});

test('the shop of a suspended company is closed for now, and of a closed one unknown', async () => {
  const shop = await shopAtStorefront();
  const { key } = await shop.mint({});
  const { run } = shopfront.parts.database;
  await run(shop.system, (ctx) => suspendCompany(ctx, 'a test'));
  const suspended = await shopfront.call<Refused>('GET', '/v1/goods', { key });
  expect([suspended.status, suspended.body.code, suspended.headers['retry-after']]).toEqual([
    503,
    'shop_closed',
    '3600',
  ]);
  await run(shop.system, closeCompany);
  expect((await shopfront.call('GET', '/v1/goods', { key })).status).toBe(401);
});

test('staff of a closed company are out', async () => {
  const shop = await shopAtAdmin();
  const { token } = await shop.loggedIn('owner');
  await admin.parts.database.run(shop.system, closeCompany);
  expect((await admin.call('GET', '/v1/things', { token })).status).toBe(401);
});

test('the storefront takes keys with the scope, and names a missing one', async () => {
  const shop = await shopAtStorefront();
  const reader = await shop.mint({ scopes: ['store.read'] });
  const { status, body } = await shopfront.call<Refused>('POST', '/v1/goods', { key: reader.key, body: { name: 'x' } });
  expect([status, body.code]).toEqual([403, 'scope_missing']);
  expect(body.detail).toContain('carts.write');
  const filler = await shop.mint({ type: 'secret', scopes: ['carts.write'] });
  expect((await shopfront.call('POST', '/v1/goods', { key: filler.key, body: { name: 'x' } })).status).toBe(201);
});

test('a token of staff is nothing at the storefront, with a key and without one', async () => {
  const shop = await shopAtStorefront();
  const { key } = await shop.mint({});
  const { token } = await shop.loggedIn('owner');
  const beside = await shopfront.call<Refused>('GET', '/v1/goods', { key, token });
  expect([beside.status, beside.body.code]).toEqual([401, 'token_invalid']);
  expect((await shopfront.call('GET', '/v1/goods', { token })).status).toBe(401);
});

test('a key whose mode or type is not what it says is refused', async () => {
  const shop = await shopAtStorefront();
  const { key, hash, lastFour } = makeKey({ type: 'publishable', mode: 'test', companyId: shop.companyId });
  await db.admin`insert into api_keys (company_id, id, name, type, token_hash, last_four, created_by_type, created_by_id)
    values (${shop.companyId}, ${newId('key')}, 'odd', 'publishable', ${hash}, ${lastFour}, 'system', 'test')`;
  expect((await shopfront.call('GET', '/v1/goods', { key })).status).toBe(401);
});

test('a key with a bad checksum never costs a look-up, and a known one costs none', async () => {
  const shop = await shopAtStorefront();
  const { key } = await shop.mint({});
  await shopfront.call('GET', '/v1/goods', { key });
  const acquire = vi.spyOn(shopfront.parts.database.pool, 'acquire');
  for (let i = 0; i < 20; i++) {
    expect((await shopfront.call('GET', '/v1/goods', { key })).status).toBe(200);
    const junk = key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A');
    expect((await shopfront.call('GET', '/v1/goods', { key: junk })).status).toBe(401);
  }
  expect(acquire).not.toHaveBeenCalled();
});

test('visitors of a closed shop do not fill the log with warnings', async () => {
  const shop = await shopAtStorefront();
  const { key } = await shop.mint({});
  await shopfront.parts.database.run(shop.system, (ctx) => suspendCompany(ctx, 'a test'));
  const before = shopfront.log.length;
  for (let i = 0; i < 3; i++) expect((await shopfront.call('GET', '/v1/goods', { key })).status).toBe(503);
  expect(shopfront.log.slice(before).map((line) => JSON.parse(line).level)).toEqual([30, 30, 30]);
});

test('the text of a key is remembered while it is good, and until something changes in its company', async () => {
  const [shop, other] = [await shopAtStorefront(), await shopAtStorefront()];
  const { id, key } = await shop.mint({});
  const ofOther = await other.mint({});
  const { keyMemory, database } = shopfront.parts;
  for (const one of [key, ofOther.key]) await shopfront.call('GET', '/v1/goods', { key: one });
  expect(keyMemory.claimsOf(key)).toMatchObject({ companyId: shop.companyId });
  await database.run(shop.system, (ctx) => revokeKey(ctx, id));
  expect(keyMemory.claimsOf(key)).toBeUndefined();
  expect(keyMemory.claimsOf(ofOther.key)).toBeDefined();
  await shopfront.call('GET', '/v1/goods', { key });
  expect(keyMemory.claimsOf(key)).toBeUndefined();
});

test('a key that another process revoked is forgotten when it is looked up again', async () => {
  const shop = await shopAtStorefront();
  const { id, key } = await shop.mint({});
  const { keyMemory, standings } = shopfront.parts;
  await shopfront.call('GET', '/v1/goods', { key });
  await db.admin`update api_keys set revoked_at = now() where company_id = ${shop.companyId} and id = ${id}`;
  standings.clear(); // as time does
  expect(keyMemory.claimsOf(key)).toBeDefined();
  expect((await shopfront.call('GET', '/v1/goods', { key })).status).toBe(401);
  expect(keyMemory.claimsOf(key)).toBeUndefined();
});

test('the last use of a key is written down at the end, with one statement for a company', async () => {
  const shop = await shopAtStorefront();
  const { id, key } = await shop.mint({});
  for (let i = 0; i < 5; i++) await shopfront.call('GET', '/v1/goods', { key });
  const acquire = vi.spyOn(shopfront.parts.database.pool, 'acquire');
  await shopfront.parts.keyUse.flush();
  expect(acquire.mock.calls.length).toBeGreaterThan(0);
  const [row] =
    await db.admin`select used_at from api_key_uses where company_id = ${shop.companyId} and api_key_id = ${id}`;
  expect(row?.['used_at']).toBeInstanceOf(Date);
});

import { createHmac } from 'node:crypto';
import { disableCustomer } from '@souk/domain/identity/customer-accounts/disablement.service';
import { logOutCustomer } from '@souk/domain/identity/customer-sessions/customer-sessions.service';
import { loadSigningKeys } from '@souk/domain/identity/sessions/signing-keys.service';
import { useDatabase } from '@souk/domain/testing/database';
import { afterEach, expect, test, vi } from 'vitest';
import { SignedAccessTokens } from '../access-tokens.ts';
import { SignedCustomerTokens } from '../customer-tokens.ts';
import { useApi } from '../testing/app.ts';
import {
  CustomersOnlyController,
  FastGoodsController,
  GoodsController,
  ThingsController,
} from '../testing/door-fixture.ts';
import { givenShopAtDoor } from '../testing/given-keys.ts';

const db = useDatabase();
const admin = useApi({ name: 'admin', controllers: [ThingsController] }, db);
const shopfront = useApi(
  { name: 'storefront', controllers: [GoodsController, CustomersOnlyController, FastGoodsController] },
  db,
);

afterEach(() => vi.restoreAllMocks());

interface Body {
  code: string;
  actor: string;
  companyId: string;
  ip: string;
}

async function given() {
  const shop = await givenShopAtDoor(db, shopfront);
  const { key } = await shop.mint({ scopes: ['store.read', 'customers.write'] });
  return { shop, key, customer: await shop.customer() };
}
const outcome = async (method: string, path: string, sent: Parameters<typeof shopfront.call>[2]) => {
  const { status, body } = await shopfront.call<Body>(method, path, sent);
  return [status, body?.code];
};

test('a customer beside the key is who acts, with what the key may do, and nothing of the answer is kept', async () => {
  const { shop, key, customer } = await given();
  for (const path of ['/v1/goods', '/v1/fast-goods']) {
    const { status, body, headers } = await shopfront.call<Body>('GET', path, { key, token: customer.token });
    expect([status, body.actor, body.companyId]).toEqual([200, `customer:${customer.id}`, shop.companyId]);
    expect(headers['cache-control']).toBe('no-store');
    const guest = await shopfront.call<Body>('GET', path, { key });
    expect(guest.body.actor).toMatch(/^key:/);
  }
});

test('a route for customers asks everybody else to log in, and its scope is asked for first', async () => {
  const { shop, key, customer } = await given();
  expect(await outcome('GET', '/v1/customers-only', { key })).toEqual([401, 'customer_needed']);
  expect(await outcome('GET', '/v1/customers-only', { key, token: customer.token })).toEqual([200, undefined]);
  const { key: other } = await shop.mint({ scopes: ['store.read'] });
  expect(await outcome('GET', '/v1/customers-only', { key: other, token: customer.token })).toEqual([
    403,
    'scope_missing',
  ]);
  expect(await outcome('GET', '/v1/customers-only', { token: customer.token })).toEqual([401, 'credentials_missing']);
});

test('a token of staff opens no storefront, and one of a customer no admin API', async () => {
  const { shop, key, customer } = await given();
  const { token } = await shop.loggedIn('owner');
  expect(await outcome('GET', '/v1/goods', { key, token })).toEqual([401, 'token_invalid']);
  const { status, body } = await admin.call<Body>('GET', '/v1/things', { token: customer.token });
  expect([status, body.code]).toEqual([401, 'token_invalid']);
});

test('a customer of one shop is nobody at another', async () => {
  const [one, two] = [await given(), await given()];
  expect(await outcome('GET', '/v1/goods', { key: two.key, token: one.customer.token })).toEqual([
    401,
    'token_invalid',
  ]);
});

test('neither kind of token verifies as the other, whatever it says of itself: their keys differ', async () => {
  const { shop, customer } = await given();
  const { unscoped } = db.app;
  const staff = new SignedAccessTokens(unscoped);
  const customers = new SignedCustomerTokens(unscoped);
  expect(await customers.verify(customer.token)).toMatchObject({ customerId: customer.id });
  expect(await staff.verify(customer.token)).toBeUndefined();
  // Signed with the key of customers, but claiming to be for staff; and the other way round.
  const [own] = await unscoped((tx) => loadSigningKeys(tx, 'customer'));
  const [theirs] = await unscoped((tx) => loadSigningKeys(tx, 'staff'));
  const seconds = Math.floor(Date.now() / 1000);
  const forged = (key: typeof own, aud: string, sub: string, sid: string) => {
    const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const times = { iat: seconds, nbf: seconds, exp: seconds + 900 };
    const claims = { iss: 'urn:souk', aud, sub, sid, company: shop.companyId, ...times };
    const signed = `${b64({ alg: 'HS256', typ: 'at+jwt', kid: key?.kid })}.${b64(claims)}`;
    return `${signed}.${createHmac('sha256', key?.secret ?? '')
      .update(signed)
      .digest('base64url')}`;
  };
  const id = customer.id.slice(4);
  expect(await staff.verify(forged(own, 'souk:staff', `stf_${id}`, `ses_${id}`))).toBeUndefined();
  expect(await customers.verify(forged(theirs, 'souk:customer', customer.id, customer.sessionId))).toBeUndefined();
  expect(await customers.verify(forged(own, 'souk:customer', customer.id, customer.sessionId))).toBeDefined();
  expect(await customers.verify(forged(own, 'souk:staff', customer.id, customer.sessionId))).toBeUndefined();
});

test('junk in the Authorization header is refused beside the best key', async () => {
  const { key, customer } = await given();
  for (const authorization of ['Bearer x', 'Bearer', `Basic ${customer.token}`, customer.token.slice(0, -9), ''])
    expect([authorization, ...(await outcome('GET', '/v1/goods', { key, headers: { authorization } }))]).toEqual([
      authorization,
      401,
      'token_invalid',
    ]);
});

test('a logged-out session and a disabled customer are refused at once where it was done', async () => {
  const { shop, key, customer } = await given();
  const { run } = shopfront.parts.database;
  const other = await shop.customer();
  const sent = { key, token: customer.token };
  expect(await outcome('GET', '/v1/goods', sent)).toEqual([200, undefined]);
  const own = {
    ...shop.system,
    isShopper: true,
    actor: { type: 'customer', id: customer.id } as const,
    customerSessionId: customer.sessionId,
  };
  await run(own, (ctx) => logOutCustomer(ctx, { everywhere: false }));
  expect(await outcome('GET', '/v1/goods', sent)).toEqual([401, 'session_over']);
  expect(await outcome('GET', '/v1/goods', { key, token: other.token })).toEqual([200, undefined]);
  await run(shop.system, (ctx) => disableCustomer(ctx, other.id));
  expect(await outcome('GET', '/v1/goods', { key, token: other.token })).toEqual([401, 'session_over']);
});

test('whoever logs out or is disabled leaves what is known of everybody else at the shop as it is', async () => {
  const { shop, key, customer } = await given();
  const [staying, shutOut] = [await shop.customer(), await shop.customer()];
  const { run } = shopfront.parts.database;
  for (const token of [customer.token, staying.token, shutOut.token]) await outcome('GET', '/v1/goods', { key, token });
  const leaving = {
    ...shop.system,
    isShopper: true,
    actor: { type: 'customer', id: customer.id } as const,
    customerSessionId: customer.sessionId,
  };
  await run(leaving, (ctx) => logOutCustomer(ctx, { everywhere: true }));
  await run(shop.system, (ctx) => disableCustomer(ctx, shutOut.id));
  const acquire = vi.spyOn(shopfront.parts.database.pool, 'acquire');
  expect(await outcome('GET', '/v1/goods', { key, token: staying.token })).toEqual([200, undefined]);
  expect(acquire).not.toHaveBeenCalled();
  for (const { token } of [customer, shutOut])
    expect(await outcome('GET', '/v1/goods', { key, token })).toEqual([401, 'session_over']);
});

test('a process that has not heard of the end lets reads pass for seconds at most, and no write', async () => {
  const { key, customer } = await given();
  const sent = { key, token: customer.token };
  expect(await outcome('GET', '/v1/goods', sent)).toEqual([200, undefined]);
  await db.admin`update customer_sessions set revoked_at = now() where id = ${customer.sessionId}`;
  expect(await outcome('GET', '/v1/goods', sent)).toEqual([200, undefined]);
  expect(await outcome('POST', '/v1/customers-only', sent)).toEqual([401, 'session_over']);
  expect(await outcome('GET', '/v1/goods', sent)).toEqual([401, 'session_over']);
});

test('a known customer costs a read no look-up', async () => {
  const { key, customer } = await given();
  const sent = { key, token: customer.token };
  await shopfront.call('GET', '/v1/goods', sent);
  const acquire = vi.spyOn(shopfront.parts.database.pool, 'acquire');
  for (let i = 0; i < 5; i++) expect(await outcome('GET', '/v1/goods', sent)).toEqual([200, undefined]);
  expect(acquire).not.toHaveBeenCalled();
});

test("a server says for whom it asks, and a browser's word for it is not believed", async () => {
  const { shop, key } = await given();
  const { key: secret } = await shop.mint({ type: 'secret', scopes: ['store.read'] });
  const ipOf = async (which: string, address: string) =>
    (await shopfront.call<Body>('GET', '/v1/goods', { key: which, headers: { 'x-buyer-address': address } })).body.ip;
  expect(await ipOf(secret, '203.0.113.9')).toBe('203.0.113.9');
  expect(await ipOf(secret, 'junk')).toBe('127.0.0.1');
  expect(await ipOf(key, '203.0.113.9')).toBe('127.0.0.1');
});

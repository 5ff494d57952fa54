import { suspendCompany } from '@souk/domain/company/companies/companies.service';
import { useDatabase } from '@souk/domain/testing/database';
import { PASSWORD } from '@souk/domain/testing/people';
import { expect, test, vi } from 'vitest';
import { bootStorefront } from '../testing/boot-storefront.ts';
import { givenShopfront } from '../testing/shopfront.ts';

const db = useDatabase();
const api = bootStorefront(db);
const NEW = 'eleven paper boats';

interface Tokens {
  accessToken: string;
  refreshToken: string;
}
interface Problem {
  code: string;
  detail: string;
}
let networks = 0;

async function given() {
  const shop = await givenShopfront(db, api);
  const { key } = await shop.mint({ scopes: ['customers.write', 'listing.read', 'store.read'] });
  // Registrations and logins are counted by network: each shop's shoppers have one of their own.
  const from = `198.51.100.${++networks}`;
  const call = <Body = Problem>(method: string, path: string, sent: { token?: string; body?: unknown } = {}) =>
    api.call<Body>(method, `/v1/customers${path}`, { key, from, ...sent });
  const mailed = async (email: string, type: string) => {
    const [row] =
      await db.admin`select id from customers where company_id = ${shop.companyId} and email_key = ${email}`;
    const events = await shop.eventsOf(String(row?.['id']));
    return String(events.filter((event) => event.type === type).at(-1)?.privately?.token);
  };
  const login = async (email: string, password = PASSWORD) => {
    const { body } = await call<{ tokens: Tokens }>('POST', '/login', { body: { email, password } });
    return body.tokens;
  };
  return { shop, key, from, call, mailed, login };
}

test('from the registration to the erasure: all that a customer does with their account', async () => {
  const { call, mailed, login } = await given();
  const email = 'bola@example.com';
  const about = { email, password: PASSWORD, firstName: 'Bola', acceptsMarketing: true };
  expect((await call('POST', '', { body: about })).status).toBe(202);
  const verification = { token: await mailed(email, 'customer.registered') };
  let { accessToken: token, refreshToken } = await login(email);
  expect((await call<{ isEmailVerified: boolean }>('GET', '/me', { token })).body.isEmailVerified).toBe(false);
  const unproved = await call('POST', '/verification', { body: verification });
  expect([unproved.status, unproved.body.code]).toEqual([409, 'password_needed']);
  expect((await call('POST', '/verification', { token, body: verification })).status).toBe(204);
  const refreshed = await call<{ tokens: Tokens }>('POST', '/refresh', { body: { refreshToken } });
  ({ accessToken: token, refreshToken } = refreshed.body.tokens);
  const changed = await call<{ lastName: string; isEmailVerified: boolean }>('PATCH', '/me', {
    token,
    body: { lastName: 'Ade' },
  });
  expect(changed.body).toMatchObject({ lastName: 'Ade', firstName: 'Bola', isEmailVerified: true });

  const address = { lastName: 'Ade', line1: '12 Marina Road', city: 'Lagos', country: 'NG' };
  const added = await call<{ id: string }>('POST', '/me/addresses', { token, body: { address } });
  expect([added.status, added.body]).toMatchObject([201, { isDefaultShipping: true }]);
  const moved = { address: { ...address, city: 'Abuja' } };
  expect((await call('PATCH', `/me/addresses/${added.body.id}`, { token, body: moved })).body).toMatchObject(moved);
  const book = await call<{ data: unknown[] }>('GET', '/me/addresses', { token });
  expect([book.body.data.length, book.headers['cache-control']]).toEqual([1, 'no-store']);
  expect((await call('DELETE', `/me/addresses/${added.body.id}`, { token })).status).toBe(204);
  expect((await call('GET', `/me/addresses/${added.body.id}`, { token })).status).toBe(404);

  const password = { currentPassword: PASSWORD, newPassword: NEW };
  expect((await call('PUT', '/me/password', { token, body: password })).status).toBe(204);
  const change = { email: 'moved@example.com', password: NEW };
  expect((await call('POST', '/me/email-changes', { token, body: change })).status).toBe(202);
  const confirmation = { token: await mailed(email, 'customer.email_change_requested') };
  expect((await call('POST', '/verification', { body: { ...confirmation, password: NEW } })).status).toBe(204);
  expect((await call<{ email: string }>('GET', '/me', { token })).body.email).toBe('moved@example.com');
  expect((await call('POST', '/me/verification-requests', { token })).status).toBe(202);

  const held = await call<{ customer: { email: string } }>('GET', '/me/export', { token });
  expect(held.body.customer.email).toBe('moved@example.com');
  expect((await call('POST', '/me/erasure', { token, body: { password: PASSWORD } })).body.code).toBe('wrong_password');
  expect((await call('POST', '/me/erasure', { token, body: { password: NEW } })).status).toBe(204);
  expect((await call('GET', '/me', { token })).body.code).toBe('session_over');
});

test('a taken address, a new one and a disabled one get the same answer to a registration and a reset', async () => {
  const { shop, call } = await given();
  const { email } = await shop.customer();
  const answers = [];
  for (const address of [email, 'new@example.com']) {
    const body = { email: address, password: PASSWORD };
    const { status, text, headers } = await call('POST', '', { body });
    answers.push([status, text, Object.keys(headers).sort()]);
    const reset = await call('POST', '/password-reset-requests', { body: { email: address } });
    answers.push([reset.status, reset.text, Object.keys(reset.headers).sort()]);
  }
  expect(answers[2]).toEqual(answers[0]);
  expect(answers[3]).toEqual(answers[1]);
  const unknown = await call('POST', '/login', { body: { email: 'nobody@example.com', password: 'x' } });
  const wrong = await call('POST', '/login', { body: { email, password: 'x' } });
  const bodyOf = (text: string) => text.replace(/"requestId":"[^"]*"/, '');
  expect([unknown.status, bodyOf(unknown.text)]).toEqual([401, bodyOf(wrong.text)]);
});

test('a forgotten password is set with the link of the mail, which works once', async () => {
  const { shop, call, mailed, login } = await given();
  const { email, token: before } = await shop.customer();
  await call('POST', '/password-reset-requests', { body: { email } });
  const body = { token: await mailed(email, 'customer.password_reset_requested'), password: NEW };
  expect((await call('POST', '/password-resets', { body })).status).toBe(204);
  expect((await call('POST', '/password-resets', { body })).body.code).toBe('link_refused');
  expect((await call('GET', '/me', { token: before })).body.code).toBe('session_over');
  expect((await login(email, NEW)).accessToken).toBeTruthy();
});

test('the pages this API serves confirm an address and set a password without a key, and not for a closed shop', async () => {
  const { shop, from, mailed, login } = await given();
  const { email } = await shop.customer();
  const send = (path: string, body: object) => api.call<Problem>('POST', `/v1/account-links/${path}`, { from, body });
  const token = await mailed(email, 'customer.registered');
  expect((await send('verification', { token })).body.code).toBe('password_needed');
  expect((await send('verification', { token, password: PASSWORD })).status).toBe(204);
  expect((await send('verification', { token: 'junk' })).body.code).toBe('link_refused');
  await api.call('POST', '/v1/customers/password-reset-requests', {
    key: (await shop.mint({ scopes: ['customers.write'] })).key,
    from,
    body: { email },
  });
  const reset = await mailed(email, 'customer.password_reset_requested');
  expect((await send('password-reset', { token: reset, password: NEW })).status).toBe(204);
  await login(email, NEW);
  const { email: other } = await shop.customer();
  const late = await mailed(other, 'customer.registered');
  await api.parts.database.run(shop.system, (ctx) => suspendCompany(ctx, 'a test'));
  expect((await send('verification', { token: late })).body.code).toBe('link_refused');
  expect((await api.call('GET', '/account/verify')).status).toBe(200);
});

test('what a customer reads of the catalogue is the same as for everybody, and is kept nowhere', async () => {
  const { shop, key } = await given();
  const { token } = await shop.customer();
  const { run } = api.parts.database;
  await run(shop.system, async (ctx) => ctx.catalogueChanged());
  for (const path of ['/v1/products', '/v1/categories', '/v1/store', '/v1/key']) {
    const [guest, customer] = [await api.call('GET', path, { key }), await api.call('GET', path, { key, token })];
    expect([path, customer.status, customer.text]).toEqual([path, 200, guest.text]);
    expect([path, customer.headers['cache-control']]).toEqual([path, 'no-store']);
  }
  expect((await api.call('GET', '/v1/products', { key })).headers['cache-control']).toBe('private, no-cache');
});

test("nobody reaches another customer's addresses", async () => {
  const { shop, call } = await given();
  const [one, two] = [await shop.customer(), await shop.customer()];
  const address = { lastName: 'Ade', line1: '12 Marina Road', city: 'Lagos', country: 'NG' };
  const added = await call<{ id: string }>('POST', '/me/addresses', { token: one.token, body: { address } });
  const path = `/me/addresses/${added.body.id}`;
  for (const method of ['GET', 'PATCH', 'DELETE']) {
    const sent = { token: two.token, ...(method === 'PATCH' && { body: { address } }) };
    expect([method, (await call(method, path, sent)).status]).toEqual([method, 404]);
  }
  expect((await call('GET', path, { token: one.token })).status).toBe(200);
});

test('logging out ends this session on this device, and everywhere if asked', async () => {
  const { shop, call, login } = await given();
  const { email, token } = await shop.customer();
  const second = await login(email);
  expect((await call('POST', '/logout', { token, body: {} })).status).toBe(204);
  expect((await call('GET', '/me', { token })).body.code).toBe('session_over');
  expect((await call('GET', '/me', { token: second.accessToken })).status).toBe(200);
  await call('POST', '/logout', { token: second.accessToken, body: { everywhere: true } });
  expect((await call('POST', '/refresh', { body: { refreshToken: second.refreshToken } })).status).toBe(401);
});

test('a server that does not say for whom it asks is warned about once, where tries are counted', async () => {
  const { shop, key } = await given();
  const { key: secret } = await shop.mint({ type: 'secret', scopes: ['customers.write'] });
  const warn = vi.spyOn(api.parts.loggers.log, 'warn');
  const warned = () => warn.mock.calls.filter(([, text]) => String(text).includes('x-buyer-address')).length;
  const logIn = (which: string, headers = {}) =>
    api.call('POST', '/v1/customers/login', { key: which, headers, body: { email: 'a@example.com', password: 'x' } });
  await logIn(key);
  await logIn(secret, { 'x-buyer-address': '203.0.113.9' });
  expect(warned()).toBe(0);
  for (let n = 0; n < 3; n++) await logIn(secret);
  expect(warned()).toBe(1);
  warn.mockRestore();
});

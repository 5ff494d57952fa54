import { useDatabase } from '@souk/domain/testing/database';
import { givenShopAtDoor } from '@souk/platform/testing/given-keys';
import { expect, test } from 'vitest';
import { bootAdmin } from '../testing/boot-admin.ts';

const db = useDatabase();
const api = bootAdmin(db);

interface Customer {
  id: string;
  email: string;
  version: number;
  status: string;
  tags: string[];
  groups: { id: string; name: string }[];
  code: string;
}

async function given() {
  const shop = await givenShopAtDoor(db, api);
  const { token } = await shop.loggedIn('order_manager');
  const call = <Body = Customer>(method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    api.call<Body>(method, `/v1/${path}`, { token, ...(body !== undefined && { body }), ...(headers && { headers }) });
  return { shop, call };
}

test('staff make, find, change, group, shut out, let in, export and erase a customer', async () => {
  const { call } = await given();
  const made = await call('POST', 'customers', { email: 'bola@example.com', firstName: 'Bola', tags: ['VIP'] });
  expect(made.status).toBe(201);
  const { id } = made.body;
  expect((await call('POST', 'customers', { email: 'BOLA@example.com' })).body.code).toBe('email_taken');
  const found = await call<{ data: Customer[] }>('GET', 'customers?q=bol&tag=vip&status=active');
  expect(found.body.data.map((customer) => customer.id)).toEqual([id]);
  const changed = await call('PATCH', `customers/${id}`, { note: 'likes blue' }, { 'if-match': '"1"' });
  expect([changed.status, changed.body.version]).toEqual([200, 2]);
  expect((await call('PATCH', `customers/${id}`, { note: '' }, { 'if-match': '"1"' })).status).toBe(412);

  const group = await call('POST', 'customer-groups', { name: 'Wholesale' });
  expect((await call('POST', `customer-groups/${group.body.id}/members`, { customerIds: [id] })).status).toBe(200);
  const members = await call<{ data: Customer[] }>('GET', `customers?group=${group.body.id}`);
  expect(members.body.data[0]?.groups).toEqual([{ id: group.body.id, name: 'Wholesale' }]);
  expect((await call('DELETE', `customer-groups/${group.body.id}/members/${id}`)).status).toBe(204);
  expect((await call('DELETE', `customer-groups/${group.body.id}`)).status).toBe(204);

  expect((await call('POST', `customers/${id}/disablement`)).body.status).toBe('disabled');
  expect((await call('DELETE', `customers/${id}/disablement`)).body.status).toBe('active');
  expect((await call('GET', `customers/${id}/addresses`)).body).toMatchObject({ data: [] });
  const held = await call<{ customer: Customer }>('GET', `customers/${id}/export`);
  expect(held.body.customer.email).toBe('bola@example.com');
  expect((await call('POST', `customers/${id}/erasure`)).body).toMatchObject({ status: 'erased', tags: [] });
  expect((await call('PATCH', `customers/${id}`, { note: 'x' })).body.code).toBe('customer_erased');
});

test('who only reads changes nothing, and who supports erases nobody', async () => {
  const { shop, call } = await given();
  const { body } = await call('POST', 'customers', { email: 'ann@example.com' });
  const reader = await shop.loggedIn('read_only');
  const supporter = await shop.loggedIn('support');
  const as = (token: string, method: string, path: string, sent?: unknown) =>
    api.call<Customer>(method, `/v1/customers/${body.id}${path}`, { token, ...(sent !== undefined && { body: sent }) });
  expect((await as(reader.token, 'GET', '')).status).toBe(200);
  expect((await as(reader.token, 'PATCH', '', { note: 'x' })).body.code).toBe('permission_missing');
  expect((await as(supporter.token, 'PATCH', '', { note: 'x' })).status).toBe(200);
  expect((await as(supporter.token, 'POST', '/erasure')).body.code).toBe('permission_missing');
});

test('a word that is a scope and a permission: a publishable key never opens the admin API, a secret one with it does', async () => {
  const { shop } = await given();
  const publishable = await shop.mint({ scopes: ['customers.write'] });
  const secret = await shop.mint({ type: 'secret', scopes: ['customers.write'] });
  const send = (key: string) =>
    api.call<Customer>('POST', '/v1/customers', { key, body: { email: 'key@example.com' } });
  expect((await send(publishable.key)).body.code).toBe('secret_key_needed');
  expect((await send(secret.key)).status).toBe(201);
});

test('nobody mints a secret key with the word who does not hold the permission; a publishable one is anybody’s to give', async () => {
  const { shop } = await given();
  const { token } = await shop.loggedInWith(['api_keys.write', 'api_keys.read']);
  const mint = (type: string) =>
    api.call<Customer>('POST', '/v1/api-keys', { token, body: { name: 'k', type, scopes: ['customers.write'] } });
  expect((await mint('secret')).body.code).toBe('permission_missing');
  expect((await mint('publishable')).status).toBe(201);
});

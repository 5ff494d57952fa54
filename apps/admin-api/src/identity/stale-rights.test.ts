import { useDatabase } from '@souk/domain/testing/database';
import { givenShopAtDoor } from '@souk/platform/testing/given-keys';
import { expect, test } from 'vitest';
import { bootAdmin } from '../testing/boot-admin.ts';

// Two processes over one database, and no Redis: what one of them changes, the other does not hear of. It may show what
// it remembers for some seconds; it must not let anybody act on it.

const db = useDatabase();
const here = bootAdmin(db);
const there = bootAdmin(db);

interface Refused {
  code: string;
}

/** An admin with a role of their own, whose standing `there` remembers. */
async function given() {
  const shop = await givenShopAtDoor(db, here);
  const [owner, admin, friend] = [
    await shop.loggedIn('owner'),
    await shop.loggedIn('admin'),
    await shop.loggedIn('support'),
  ];
  const roleId = (key: Parameters<typeof shop.roleId>[0]) => shop.roleId(key);
  const own = await here.call<{ id: string }>('POST', '/v1/roles', {
    token: owner.token,
    body: { name: 'Own', description: '', permissions: ['staff.read', 'roles.read', 'roles.write'] },
  });
  expect(own.status).toBe(201);
  const demote = async (roleIds: string[]) => {
    const path = `/v1/staff/${admin.staff.id}/roles`;
    expect((await here.call('PUT', path, { token: owner.token, body: { roleIds } })).status).toBe(200);
  };
  const warm = async (sent: { token?: string; key?: string }) =>
    expect((await there.call('GET', '/v1/staff', sent)).status).toBe(200);
  return { shop, owner, admin, friend, roleId, ownRole: own.body.id, demote, warm };
}

test('a demoted admin changes nothing on a process that still remembers them', async () => {
  const { admin, friend, roleId, demote, warm } = await given();
  await warm(admin);
  await demote([await roleId('read_only')]);
  const { token } = admin;
  await warm({ token }); // it remembers still
  const body = { name: 'Mine', type: 'secret', scopes: ['staff.read', 'staff.write'] };
  const promotion = { roleIds: [await roleId('admin')] };
  const invite = { email: 'bola@example.com', roleIds: [await roleId('support')] };
  const tries = [
    await there.call<Refused>('POST', '/v1/api-keys', { token, body }),
    await there.call<Refused>('PUT', `/v1/staff/${friend.staff.id}/roles`, { token, body: promotion }),
    await there.call<Refused>('POST', '/v1/invites', { token, body: invite }),
    await there.call<Refused>('POST', `/v1/staff/${friend.staff.id}/disablement`, { token }),
  ];
  expect(tries.map(({ status, body: { code } }) => [status, code])).toEqual(
    tries.map(() => [403, 'permission_missing']),
  );
});

test('whoever lost a right does not write it back into their own role', async () => {
  const { shop, owner, admin, ownRole, demote, warm } = await given();
  await demote([ownRole]);
  await warm(admin);
  const path = `/v1/roles/${ownRole}`;
  const lesser = { permissions: ['staff.read', 'roles.read'] };
  expect((await here.call('PATCH', path, { token: owner.token, body: lesser })).status).toBe(200);
  const back = { permissions: ['staff.read', 'roles.read', 'roles.write'] };
  const { status, body } = await there.call<Refused>('PATCH', path, { token: admin.token, body: back });
  expect([status, body.code]).toEqual([403, 'permission_missing']);
  const [row] = await db.admin`select count(*)::int as n from role_permissions
    where company_id = ${shop.companyId} and role_id = ${ownRole}`;
  expect(row?.['n']).toBe(2);
});

test('a disabled person and an ended session do nothing there any more', async () => {
  const { owner, admin, friend, warm } = await given();
  await warm(admin);
  const { token } = owner;
  expect((await here.call('POST', `/v1/staff/${admin.staff.id}/disablement`, { token })).status).toBe(200);
  const path = `/v1/staff/${friend.staff.id}/disablement`;
  const { status, body } = await there.call<Refused>('POST', path, { token: admin.token });
  expect([status, body.code]).toEqual([401, 'session_over']);
});

test('a revoked key makes itself no successor, and its writes are over', async () => {
  const { shop, owner, warm } = await given();
  const scopes = ['api_keys.read', 'api_keys.write', 'staff.read', 'staff.write'];
  const { id, key } = await shop.mint({ type: 'secret', scopes });
  await warm({ key });
  expect((await here.call('POST', `/v1/api-keys/${id}/revocation`, { token: owner.token })).status).toBe(200);
  await warm({ key }); // it remembers still
  const body = { name: 'Next', type: 'secret', scopes };
  const minted = await there.call<Refused>('POST', '/v1/api-keys', { key, body });
  expect([minted.status, minted.body.code]).toEqual([401, 'key_invalid']);
  expect((await there.call('POST', `/v1/api-keys/${id}/rotation`, { key, body: {} })).status).toBe(401);
  expect((await there.call('GET', '/v1/staff', { key })).status).toBe(401); // and now it knows
  const keys = await db.admin`select 1 from api_keys where company_id = ${shop.companyId}`;
  expect(keys).toHaveLength(1);
});

test('good credentials write on, on both processes', async () => {
  const { shop, owner, friend, roleId } = await given();
  const { key } = await shop.mint({ type: 'secret', scopes: ['staff.read', 'staff.write', 'store.read'] });
  for (const api of [here, there, here]) {
    for (const sent of [{ token: owner.token }, { key }]) {
      const body = { roleIds: [await roleId('support')] };
      expect((await api.call('PUT', `/v1/staff/${friend.staff.id}/roles`, { ...sent, body })).status).toBe(
        'key' in sent ? 403 : 200, // the key holds less than Support
      );
      expect((await api.call('GET', '/v1/staff', sent)).status).toBe(200);
    }
  }
});

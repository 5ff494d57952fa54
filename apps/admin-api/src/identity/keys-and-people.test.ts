import { unseal } from '@souk/domain/kernel/sealing';
import { useDatabase } from '@souk/domain/testing/database';
import { givenShopAtDoor } from '@souk/platform/testing/given-keys';
import { expect, test } from 'vitest';
import { bootAdmin } from '../testing/boot-admin.ts';

// What a key and a person leave behind for each other: invites of a key, keys of a person.

const db = useDatabase();
const admin = bootAdmin(db);
const PASSWORD = 'five wooden birds';

interface Refused {
  code: string;
  detail: string;
}
interface Disabled {
  status: string;
  activeKeys: { id: string; name: string }[];
  revokedKeys: { id: string; name: string }[];
}

async function given() {
  const shop = await givenShopAtDoor(db, admin);
  const owner = await shop.loggedIn('owner');
  const { permissions } = owner.session;
  const mint = async (token: string, name: string, scopes = [...permissions]) => {
    const body = { name, type: 'secret', scopes };
    const made = await admin.call<{ id: string; key: string }>('POST', '/v1/api-keys', { token, body });
    expect(made.status).toBe(201);
    return made.body;
  };
  return { shop, owner, mint };
}

async function invitedBy(key: string, roleId: string) {
  const body = { email: 'bola@example.com', roleIds: [roleId] };
  const invite = await admin.call<{ id: string; status: string }>('POST', '/v1/invites', { key, body });
  expect(invite.status).toBe(201);
  const [row] = await db.admin<{ id: string; company_id: string; privately: string }[]>`
    select id, company_id, privately from events where type = 'staff.invited' and aggregate_id = ${invite.body.id}`;
  const { token } = JSON.parse(unseal(row?.privately ?? '', `${row?.company_id}|events|${row?.id}`));
  const accept = () =>
    admin.call<Refused>('POST', '/v1/invites/acceptance', { body: { token, name: 'Bola Ade', password: PASSWORD } });
  return { id: invite.body.id, accept };
}

test('an Owner invite of a key is good while the key is', async () => {
  const { shop, owner, mint } = await given();
  const { key } = await mint(owner.token, 'Server');
  const { accept } = await invitedBy(key, await shop.roleId('owner'));
  expect((await accept()).status).toBe(201);
});

test('revoking a key takes back the invites it sent, and nobody becomes Owner with one', async () => {
  const { shop, owner, mint } = await given();
  const { id, key } = await mint(owner.token, 'Server');
  const invite = await invitedBy(key, await shop.roleId('owner'));
  const { token } = owner;
  expect((await admin.call('POST', `/v1/api-keys/${id}/revocation`, { token })).status).toBe(200);
  const after = await admin.call<{ status: string }>('GET', `/v1/invites/${invite.id}`, { token });
  expect(after.body.status).toBe('revoked');
  expect(await shop.auditOf(invite.id)).toEqual(['invite.created', 'invite.revoked']);
  const { status, body } = await invite.accept();
  expect([status, body.code]).toEqual([422, 'invite_refused']);
});

test('an invite is not taken up once its key is over or holds less, even where nobody took it back', async () => {
  for (const end of [
    (id: string) => db.admin`update api_keys set expires_at = now() where id = ${id}`,
    (id: string) => db.admin`update api_keys set revoked_at = now() where id = ${id}`,
    (id: string) => db.admin`delete from api_key_scopes where api_key_id = ${id} and scope = 'company.write'`,
    (id: string) => db.admin`delete from api_key_scopes where api_key_id = ${id} and scope = 'staff.write'`,
  ]) {
    const { shop, owner, mint } = await given();
    const { id, key } = await mint(owner.token, 'Server');
    const { accept } = await invitedBy(key, await shop.roleId('owner'));
    await end(id);
    expect((await accept()).body.code).toBe('invite_refused');
  }
});

test('disabling somebody names the keys they made that still work, and leaves them alone', async () => {
  const { shop, owner, mint } = await given();
  const leaver = await shop.loggedIn('owner');
  const kept = await mint(leaver.token, 'Server');
  const revoked = await mint(leaver.token, 'Old server');
  const expired = await mint(leaver.token, 'Older server');
  await mint(owner.token, 'Not theirs');
  const { token } = owner;
  await admin.call('POST', `/v1/api-keys/${revoked.id}/revocation`, { token });
  await db.admin`update api_keys set expires_at = now() where id = ${expired.id}`;
  const path = `/v1/staff/${leaver.staff.id}/disablement`;
  const { status, body } = await admin.call<Disabled>('POST', path, { token });
  expect(status).toBe(200);
  expect(body).toMatchObject({ status: 'disabled', activeKeys: [{ id: kept.id, name: 'Server' }], revokedKeys: [] });
  expect((await admin.call('GET', '/v1/staff', { key: kept.key })).status).toBe(200);
});

test('with revokeKeys their keys end with them, also for somebody disabled before, and each is written down', async () => {
  const { shop, owner, mint } = await given();
  const leaver = await shop.loggedIn('owner');
  const keys = [await mint(leaver.token, 'One'), await mint(leaver.token, 'Two')];
  const { token } = owner;
  const path = `/v1/staff/${leaver.staff.id}/disablement`;
  await admin.call('POST', path, { token });
  const { body } = await admin.call<Disabled>('POST', path, { token, body: { revokeKeys: true } });
  expect(body).toMatchObject({ activeKeys: [], revokedKeys: [{ name: 'One' }, { name: 'Two' }] });
  for (const { id, key } of keys) {
    expect((await admin.call('GET', '/v1/staff', { key })).status).toBe(401);
    expect(await shop.auditOf(id)).toEqual(['api_key.created', 'api_key.revoked']);
  }
});

test('revoking keys with a person needs the right to revoke keys, and else nobody is disabled either', async () => {
  const { shop } = await given();
  const clerk = await shop.loggedInWith(['staff.read', 'staff.write']);
  const person = await shop.loggedInWith(['staff.read']);
  const path = `/v1/staff/${person.staff.id}/disablement`;
  const { status, body } = await admin.call<Refused>('POST', path, { token: clerk.token, body: { revokeKeys: true } });
  expect([status, body.code]).toEqual([403, 'permission_missing']);
  expect(body.detail).toContain('api_keys.write');
  expect((await admin.call('GET', '/v1/staff', { token: person.token })).status).toBe(200);
  expect((await admin.call('POST', path, { token: clerk.token })).status).toBe(200);
});

test('a key that asks for the sandbox is told that a person is needed', async () => {
  const { owner, mint } = await given();
  const { key } = await mint(owner.token, 'Server');
  const { status, body } = await admin.call<Refused>('POST', '/v1/sandbox', { key });
  expect([status, body.code]).toEqual([403, 'staff_needed']);
  expect(body.detail).toContain('signed-in person');
});

import argon2 from 'argon2';
import { expect, test, vi } from 'vitest';
import { suspendCompany } from '../../company/companies/companies.service.ts';
import { RoleInUse } from '../../company/iam/iam.errors.ts';
import { createRole, getRole } from '../../company/iam/roles.service.ts';
import { InvalidInput, NotFound, PermissionMissing } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop, PASSWORD, visitor, warmUp } from '../../testing/people.ts';
import { countingAttempts, fakeAccessTokens } from '../../testing/ports.ts';
import { keyPermissions } from '../api-keys/standing.service.ts';
import { disableStaff } from '../sessions/disablement.service.ts';
import { EmailTaken } from '../staff/staff.errors.ts';
import { setStaffRoles } from '../staff/staff-roles.service.ts';
import { inviteQuery } from './invites.contract.ts';
import { InviteExpired, InviteRefused, InviteSettled } from './invites.errors.ts';
import { inviteAgain, inviteStaff, takeUpInvite } from './invites.flow.ts';
import { getInvite, listInvites, revokeInvite } from './invites.service.ts';
import { removeRole } from './role-removal.service.ts';

const db = useDatabase();
const ports = { attempts: countingAttempts(), accessTokens: fakeAccessTokens, keyPermissions };

async function given(email = 'bola@example.com') {
  const shop = await givenShop(db);
  const owner = await shop.hire('owner');
  const session = await shop.as(owner);
  const roleIds = [await shop.roleId('support')];
  const invite = await inviteStaff(db.app.run, ports, session, { email, roleIds });
  const tokenOf = async (id: Id<'inv'> = invite.id) => {
    const mails = (await shop.eventsOf(id)).filter(({ type }) => type === 'staff.invited');
    return String(mails.at(-1)?.privately.token);
  };
  return { shop, owner, session, roleIds, invite, tokenOf, token: await tokenOf() };
}

const accept = (token: string, more: object = {}) =>
  takeUpInvite(db.app.run, ports, visitor, { token, name: 'Bola Ade', password: PASSWORD, ...more });

test('an accepted invite is a person with the invited address and the promised roles, logged in', async () => {
  const { shop, invite, token } = await given();
  const { staff, tokens } = await accept(token);
  expect(staff).toMatchObject({ email: 'bola@example.com', name: 'Bola Ade', roles: [{ name: 'Support' }] });
  expect(await fakeAccessTokens.verify(tokens.accessToken)).toMatchObject({
    companyId: shop.companyId,
    staffId: staff.id,
  });
  const after = await db.app.run(shop.system, (ctx) => getInvite(ctx, invite.id));
  expect(after).toMatchObject({ status: 'accepted', acceptedBy: staff.id });
  expect(await shop.auditOf(invite.id)).toEqual(['invite.created', 'invite.accepted']);
});

test('the token is in the sealed part of the event and nowhere else', async () => {
  const { invite, token } = await given();
  expect(JSON.stringify(invite)).not.toContain(token.slice(-43));
  const [row] = await db.admin`
    select (select json_agg(i)::text from invites i) || (select json_agg(e)::text from events e)
      || (select json_agg(a)::text from audit_entries a) as everything`;
  expect(row?.['everything']).not.toContain(token.slice(-43));
});

test('ten who accept the same invite at once become one person', async () => {
  await warmUp(db);
  const { shop, token } = await given();
  const done = await Promise.allSettled(Array.from({ length: 10 }, () => accept(token)));
  expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const result of done) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(InviteRefused);
  expect(
    await db.admin`select 1 from staff where company_id = ${shop.companyId} and email_key = 'bola@example.com'`,
  ).toHaveLength(1);
});

test('sending again makes the old mail worthless', async () => {
  const { session, invite, token, tokenOf } = await given();
  const again = await inviteAgain(db.app.run, ports, session, invite.id);
  expect(again.sentCount).toBe(2);
  await expect(accept(token)).rejects.toBeInstanceOf(InviteRefused);
  await accept(await tokenOf());
});

test('an invite is good for seven days, and sending it again gives it seven more', async () => {
  const { shop, session, invite, token, tokenOf } = await given();
  expect(Date.parse(invite.expiresAt) - Date.parse(invite.createdAt)).toBe(7 * 86_400_000);
  await db.admin`update invites set expires_at = now() where id = ${invite.id}`;
  await expect(accept(token)).rejects.toBeInstanceOf(InviteExpired);
  const list = (status: string) => db.app.run(shop.system, (ctx) => listInvites(ctx, inviteQuery.parse({ status })));
  expect((await list('expired')).data.map(({ id }) => id)).toEqual([invite.id]);
  expect((await list('pending')).data).toEqual([]);
  await inviteAgain(db.app.run, ports, session, invite.id);
  await accept(await tokenOf());
  expect((await list('accepted')).data).toHaveLength(1);
});

test('a revoked invite is worthless, and what is settled stays settled', async () => {
  const { shop, session, invite, token } = await given();
  await db.app.run(session, (ctx) => revokeInvite(ctx, invite.id));
  const twice = await db.app.run(session, (ctx) => revokeInvite(ctx, invite.id));
  expect(twice.status).toBe('revoked');
  await expect(accept(token)).rejects.toBeInstanceOf(InviteRefused);
  await expect(inviteAgain(db.app.run, ports, session, invite.id)).rejects.toBeInstanceOf(InviteSettled);
  expect((await shop.eventsOf(invite.id)).map(({ type, sequence }) => [type, sequence])).toEqual([
    ['staff.invited', 1],
    ['invite.revoked', 2],
  ]);
});

test('inviting the same address again takes the older invite back', async () => {
  const { session, roleIds, token, tokenOf } = await given();
  const second = await inviteStaff(db.app.run, ports, session, { email: 'BOLA@example.com', roleIds });
  await expect(accept(token)).rejects.toBeInstanceOf(InviteRefused);
  await accept(await tokenOf(second.id));
  await expect(inviteStaff(db.app.run, ports, session, { email: 'bola@example.com', roleIds })).rejects.toBeInstanceOf(
    EmailTaken,
  );
});

test('nobody invites into a role that holds what they lack', async () => {
  const { shop } = await given();
  const session = await shop.as(await shop.hire('admin'));
  const roleIds = [await shop.roleId('owner')];
  const inviting = inviteStaff(db.app.run, ports, session, { email: 'friend@example.com', roleIds });
  await expect(inviting).rejects.toBeInstanceOf(PermissionMissing);
});

test('an invite is worth no more than its sender: not after they were disabled, not after they were demoted', async () => {
  const { shop, owner, roleIds, token } = await given();
  const boss = await shop.as(await shop.hire('owner'));
  const readOnly = [await shop.roleId('read_only')];
  await db.app.run(boss, (ctx) => setStaffRoles(ctx, owner.id, readOnly));
  await expect(accept(token)).rejects.toBeInstanceOf(InviteRefused);
  const ownerRole = [await shop.roleId('owner')];
  await db.app.run(boss, (ctx) => setStaffRoles(ctx, owner.id, ownerRole));
  await db.app.run(boss, (ctx) => disableStaff(ctx, owner.id));
  await expect(accept(token)).rejects.toBeInstanceOf(InviteRefused);
  expect(roleIds).toHaveLength(1);
});

test('a weak password is refused before the invite is used up', async () => {
  const { shop, token } = await given();
  for (const password of ['password123', 'bola@example.com', shop.handle]) {
    await expect(accept(token, { password })).rejects.toBeInstanceOf(InvalidInput);
  }
  await accept(token);
});

test('an invite that was used, taken back or is too old costs no hash', async () => {
  const { session, invite, token } = await given(); // hashes for the people it hires
  const hash = vi.spyOn(argon2, 'hash');
  await db.admin`update invites set expires_at = now() where id = ${invite.id}`;
  await expect(accept(token)).rejects.toBeInstanceOf(InviteExpired);
  await db.app.run(session, (ctx) => revokeInvite(ctx, invite.id));
  await expect(accept(token)).rejects.toBeInstanceOf(InviteRefused);
  expect(hash).not.toHaveBeenCalled();
  const { token: good } = await given();
  await accept(good);
  expect(hash).toHaveBeenCalledOnce();
  await expect(accept(good)).rejects.toBeInstanceOf(InviteRefused);
  expect(hash).toHaveBeenCalledOnce();
  hash.mockRestore();
});

test('a token carried to another company, junk, and a suspended company are refused', async () => {
  const { shop, token } = await given();
  const other = await givenShop(db);
  const elsewhere = token.replace(/_[0-9a-z]{26}_/, `_${other.companyId.slice(4)}_`);
  for (const bad of [elsewhere, 'x', `${token}x`]) await expect(accept(bad)).rejects.toBeInstanceOf(InviteRefused);
  await db.app.run(shop.system, (ctx) => suspendCompany(ctx, 'a test'));
  await expect(accept(token)).rejects.toBeInstanceOf(InviteRefused);
});

test("another company's invite is like none", async () => {
  const { invite } = await given();
  const stranger = await givenShop(db);
  const session = await stranger.as(await stranger.hire('owner'));
  await expect(db.app.run(session, (ctx) => getInvite(ctx, invite.id))).rejects.toBeInstanceOf(NotFound);
  await expect(db.app.run(session, (ctx) => revokeInvite(ctx, invite.id))).rejects.toBeInstanceOf(NotFound);
  await expect(inviteAgain(db.app.run, ports, session, invite.id)).rejects.toBeInstanceOf(NotFound);
});

/** A role of one's own and an invite that promises it. */
async function givenPromised(name: string) {
  const made = await given();
  const role = await db.app.run(made.shop.system, (ctx) => createRole(ctx, { name, description: '', permissions: [] }));
  const invite = await inviteStaff(db.app.run, ports, made.session, { email: 'ife@example.com', roleIds: [role.id] });
  const remove = () => db.app.run(made.session, (ctx) => removeRole(ctx, role.id));
  const promisedBy = async (action: string) => {
    const [note] = await db.admin`
      select after->'roles'->0->>'name' as role from audit_entries where entity_id = ${invite.id} and action = ${action}`;
    return note?.['role'];
  };
  return { ...made, role, invite, remove, promisedBy, token: await made.tokenOf(invite.id) };
}

test('an open invite holds the role it promises; one that was taken back does not, and the audit log keeps its name', async () => {
  const { session, invite, remove, promisedBy } = await givenPromised('Packer');
  await expect(remove()).rejects.toBeInstanceOf(RoleInUse);
  await db.app.run(session, (ctx) => revokeInvite(ctx, invite.id));
  expect(await promisedBy('invite.revoked')).toBe('Packer');
  await remove();
});

test('an accepted invite holds no role: whoever has it may be given another one, and the role can be deleted', async () => {
  const { shop, session, role, roleIds, invite, token, remove, promisedBy } = await givenPromised('Driver');
  const { staff } = await accept(token);
  expect(staff.roles).toEqual([{ id: role.id, name: 'Driver' }]);
  expect(await promisedBy('invite.accepted')).toBe('Driver');
  await expect(remove()).rejects.toBeInstanceOf(RoleInUse);
  await db.app.run(session, (ctx) => setStaffRoles(ctx, staff.id, roleIds));
  await remove();
  expect(await db.app.run(shop.system, (ctx) => getInvite(ctx, invite.id))).toMatchObject({
    status: 'accepted',
    roles: [],
  });
});

test('an invite whose time is over holds no role: it is taken back with it, and cannot be sent again for less', async () => {
  const { shop, session, role, invite, token, remove, promisedBy } = await givenPromised('Florist');
  await db.admin`update invites set expires_at = now() where id = ${invite.id}`;
  await remove();
  await expect(db.app.run(shop.system, (ctx) => getRole(ctx, role.id))).rejects.toBeInstanceOf(NotFound);
  expect(await promisedBy('invite.revoked')).toBe('Florist');
  await expect(inviteAgain(db.app.run, ports, session, invite.id)).rejects.toBeInstanceOf(InviteSettled);
  await expect(accept(token)).rejects.toBeInstanceOf(InviteRefused);
});

test('a role that cannot be deleted leaves its old invites as they were', async () => {
  const { shop, session, role, invite, remove } = await givenPromised('Baker');
  await db.admin`update invites set expires_at = now() where id = ${invite.id}`;
  await inviteStaff(db.app.run, ports, session, { email: 'sade@example.com', roleIds: [role.id] });
  await expect(remove()).rejects.toBeInstanceOf(RoleInUse);
  expect(await db.app.run(shop.system, (ctx) => getInvite(ctx, invite.id))).toMatchObject({
    status: 'expired',
    roles: [{ name: 'Baker' }],
  });
});

test('a role that is deleted while an old invite to it is sent again: one of the two happens, never half of both', async () => {
  await warmUp(db);
  for (let round = 0; round < 5; round++) {
    const { shop, session, invite, remove } = await givenPromised(`Tailor ${round}`);
    await db.admin`update invites set expires_at = now() where id = ${invite.id}`;
    const [removed, sent] = await Promise.allSettled([remove(), inviteAgain(db.app.run, ports, session, invite.id)]);
    const after = await db.app.run(shop.system, (ctx) => getInvite(ctx, invite.id));
    expect([removed.status, sent.status].sort()).toEqual(['fulfilled', 'rejected']);
    expect([after.status, after.roles.length]).toEqual(sent.status === 'fulfilled' ? ['pending', 1] : ['revoked', 0]);
  }
});

import { expect, test } from 'vitest';
import { allPermissions, defineAccess } from '../../kernel/access.ts';
import { type Session, systemSession } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound, PermissionMissing, VersionStale } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { can as company } from '../companies/companies.access.ts';
import { createCompany } from '../companies/companies.service.ts';
import { pruneAccess, seedAccess } from './access-seed.service.ts';
import { can } from './iam.access.ts';
import { RoleInUse, RoleNameTaken, SystemRoleImmutable } from './iam.errors.ts';
import {
  copyRole,
  createRole,
  deleteRole,
  getRole,
  grantable,
  listRoles,
  roleIdOf,
  updateRole,
} from './roles.service.ts';
import { SYSTEM_ROLES, wordsHeldBy } from './system-roles.ts';

const db = useDatabase();
defineAccess('refunds', { write: 'Give money back' });

async function givenCompany() {
  const companyId = newId('com');
  const system = systemSession(companyId, 'test');
  await db.app.run(system, async (ctx) => {
    await createCompany(ctx, {
      name: 'A',
      handle: companyId.slice(4),
      country: 'NG',
      currency: 'NGN',
      timezone: 'Africa/Lagos',
    });
    await seedAccess(ctx);
  });
  const staff = (...permissions: string[]): Session => ({
    ...system,
    actor: { type: 'staff', id: newId('stf') },
    permissions: new Set(permissions),
  });
  return { companyId, system, staff };
}

const wordsOf = (held: readonly string[]) => ({
  name: `Role ${Math.random()}`,
  description: '',
  permissions: [...held],
});

test('seeding twice leaves six system roles, with all words for the owner and none too many for the admin', async () => {
  const { system } = await givenCompany();
  await db.app.run(system, seedAccess);
  const { data } = await db.app.run(system, (ctx) => listRoles(ctx, { limit: 100 }));
  const all = allPermissions().map((word) => word.name);
  expect(data.map((role) => role.systemKey)).toEqual(SYSTEM_ROLES.map((role) => role.key));
  expect(data[0]?.permissions).toEqual(all);
  expect(data[1]?.permissions).toEqual(all.filter((word) => word !== company.own));
  expect(data.at(-1)?.permissions).toEqual(all.filter((word) => word.endsWith('.read')));
});

test('a word declared by a later version reaches the owner, and a word no longer declared leaves every role', async () => {
  const { system } = await givenCompany();
  const role = await db.app.run(system, (ctx) => createRole(ctx, wordsOf([can.read])));
  await db.admin`insert into permissions (company_id, name, sentence) values (${system.companyId}, 'old.word', '')`;
  await db.admin`insert into role_permissions (company_id, role_id, permission) values (${system.companyId}, ${role.id}, 'old.word')`;
  await db.admin`delete from role_permissions where company_id = ${system.companyId} and permission = 'refunds.write'`;
  await db.admin`delete from permissions where company_id = ${system.companyId} and name = 'refunds.write'`;
  await db.app.run(system, seedAccess);
  await db.app.run(system, pruneAccess);
  const [owner, custom] = await db.app.run(system, async (ctx) => [
    await getRole(ctx, await roleIdOf(ctx, 'owner')),
    await getRole(ctx, role.id),
  ]);
  expect(owner?.permissions).toContain('refunds.write');
  expect(custom?.permissions).toEqual([can.read]);
});

test('pruning takes from a system role what its pattern no longer gives', async () => {
  const { system } = await givenCompany();
  const id = await db.app.run(system, (ctx) => roleIdOf(ctx, 'read_only'));
  await db.admin`insert into role_permissions (company_id, role_id, permission) values (${system.companyId}, ${id}, 'roles.write')`;
  await db.app.run(system, pruneAccess);
  expect((await db.app.run(system, (ctx) => getRole(ctx, id))).permissions).not.toContain('roles.write');
});

test('a company whose own role has the name of a new system role can still be seeded', async () => {
  const companyId = newId('com');
  const system = systemSession(companyId, 'test');
  await db.app.run(system, async (ctx) => {
    await createCompany(ctx, {
      name: 'A',
      handle: companyId.slice(4),
      country: 'NG',
      currency: 'NGN',
      timezone: 'Africa/Lagos',
    });
    await createRole(ctx, { name: 'support', description: '', permissions: [] });
    await seedAccess(ctx);
    await seedAccess(ctx);
  });
  const { data } = await db.app.run(system, (ctx) => listRoles(ctx, { limit: 100 }));
  expect(data).toHaveLength(7);
});

test('patterns of system roles: noun, verb, everything, and taking away', () => {
  const words = ['a.read', 'a.write', 'b.read', 'company.own'];
  expect(wordsHeldBy({ holds: ['a.*'] }, words)).toEqual(['a.read', 'a.write']);
  expect(wordsHeldBy({ holds: ['*.read'] }, words)).toEqual(['a.read', 'b.read']);
  expect(wordsHeldBy({ holds: ['*', '!company.own', '!b.*'] }, words)).toEqual(['a.read', 'a.write']);
});

test('nobody grants a permission they do not hold, by making, changing, emptying or copying a role', async () => {
  const { system, staff } = await givenCompany();
  const weak = staff(can.read, can.write);
  const strong = await db.app.run(system, (ctx) => createRole(ctx, wordsOf([company.own])));
  const own = await db.app.run(weak, (ctx) => createRole(ctx, wordsOf([can.read])));
  const attempts = [
    db.app.run(weak, (ctx) => createRole(ctx, wordsOf([company.own]))),
    db.app.run(weak, (ctx) => updateRole(ctx, own.id, { permissions: [can.read, company.own] })),
    db.app.run(weak, (ctx) => updateRole(ctx, strong.id, { permissions: [] })),
    db.app.run(weak, (ctx) => deleteRole(ctx, strong.id)),
    db.app.run(weak, async (ctx) => copyRole(ctx, await roleIdOf(ctx, 'owner'), { name: 'Mine' })),
  ];
  for (const outcome of await Promise.allSettled(attempts))
    expect(outcome).toMatchObject({ reason: { code: 'permission_missing' } });
  expect(() => grantable(weak, [can.read])).not.toThrow();
  expect(() =>
    grantable({ ...weak, actor: { type: 'nobody', id: 'nobody' }, permissions: new Set() }, [can.read]),
  ).toThrow(PermissionMissing);
});

test('system roles cannot be changed or deleted, not even by the system', async () => {
  const { system } = await givenCompany();
  const id = await db.app.run(system, (ctx) => roleIdOf(ctx, 'support'));
  await expect(db.app.run(system, (ctx) => updateRole(ctx, id, { name: 'Help' }))).rejects.toBeInstanceOf(
    SystemRoleImmutable,
  );
  await expect(db.app.run(system, (ctx) => deleteRole(ctx, id))).rejects.toBeInstanceOf(SystemRoleImmutable);
});

test('role names differ in more than case, also when two are made at once', async () => {
  const { staff } = await givenCompany();
  const me = staff(can.write);
  const make = (name: string) => db.app.run(me, (ctx) => createRole(ctx, { name, description: '', permissions: [] }));
  const outcomes = await Promise.allSettled([make('Warehouse'), make('WAREHOUSE'), make('owner')]);
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(RoleNameTaken);
});

test('an unknown permission is refused with its place', async () => {
  const { system } = await givenCompany();
  const work = db.app.run(system, (ctx) => createRole(ctx, wordsOf([can.read, 'planets.write'])));
  await expect(work).rejects.toMatchObject({
    status: 400,
    faults: [{ pointer: '/permissions/1', code: 'unknown_permission' }],
  });
  await expect(work).rejects.toBeInstanceOf(InvalidInput);
});

test('a role somebody has, or an open invite promises, cannot be deleted', async () => {
  const { system } = await givenCompany();
  const [role, offered] = await db.app.run(system, async (ctx) => [
    await createRole(ctx, wordsOf([])),
    await createRole(ctx, wordsOf([])),
  ]);
  const [stf, inv] = [newId('stf'), newId('inv')];
  const { companyId } = system;
  await db.admin`insert into staff (company_id, id, name, email, email_key, password_hash) values (${companyId}, ${stf}, 'A', 'a@b.c', 'a@b.c', 'x')`;
  await db.admin`insert into staff_roles (company_id, staff_id, role_id) values (${companyId}, ${stf}, ${role?.id ?? ''})`;
  await db.admin`insert into invites (company_id, id, email, email_key, token_hash, invited_by, expires_at)
    values (${companyId}, ${inv}, 'a@b.c', 'a@b.c', 'x', ${stf}, now() + interval '7 days')`;
  await db.admin`insert into invite_roles (company_id, invite_id, role_id) values (${companyId}, ${inv}, ${offered?.id ?? ''})`;
  for (const { id } of [role, offered].filter((one) => one !== undefined)) {
    await expect(db.app.run(system, (ctx) => deleteRole(ctx, id))).rejects.toBeInstanceOf(RoleInUse);
  }
});

test('of two changes that read the same version one wins, and a change drops what processes remember', async () => {
  const { system } = await givenCompany();
  const role = await db.app.run(system, (ctx) => createRole(ctx, wordsOf([])));
  db.committed.length = 0;
  const change = (name: string) =>
    db.app.run(system, (ctx) => updateRole(ctx, role.id, { name, permissions: [can.read] }, role.version));
  const outcomes = await Promise.allSettled([change('One'), change('Two')]);
  expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(VersionStale);
  expect(db.committed).toEqual([{ companyId: system.companyId, touched: true, nudged: true }]);
});

test("another company's role is like a missing one", async () => {
  const [a, b] = [await givenCompany(), await givenCompany()];
  const role = await db.app.run(a.system, (ctx) => createRole(ctx, wordsOf([])));
  for (const id of [role.id, newId('role')]) {
    await expect(db.app.run(b.system, (ctx) => getRole(ctx, id))).rejects.toBeInstanceOf(NotFound);
    await expect(db.app.run(b.system, (ctx) => updateRole(ctx, id, { name: 'x' }))).rejects.toBeInstanceOf(NotFound);
    await expect(db.app.run(b.system, (ctx) => deleteRole(ctx, id))).rejects.toBeInstanceOf(NotFound);
  }
});

test('role changes are audited with before and after and announced with a rising sequence', async () => {
  const { system } = await givenCompany();
  await db.app.run(system, async (ctx) => {
    const role = await createRole(ctx, { name: 'Packer', description: '', permissions: [] });
    await updateRole(ctx, role.id, { permissions: [can.read] });
    await deleteRole(ctx, role.id);
  });
  const entries =
    await db.admin`select action from audit_entries where company_id = ${system.companyId} and entity_type = 'role' order by id`;
  const events =
    await db.admin`select type, sequence from events where company_id = ${system.companyId} and type like 'role.%' order by sequence`;
  expect(entries.map((row) => row['action'])).toEqual(['role.created', 'role.updated', 'role.deleted']);
  expect(events.map((row) => [row['type'], row['sequence']])).toEqual([
    ['role.created', 1],
    ['role.updated', 2],
    ['role.deleted', 3],
  ]);
});

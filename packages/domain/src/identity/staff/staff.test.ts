import { expect, test } from 'vitest';
import { createRole } from '../../company/iam/roles.service.ts';
import { InvalidInput, NotFound, PermissionMissing } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop, PASSWORD, warmUp } from '../../testing/people.ts';
import { disableStaff } from '../sessions/disablement.service.ts';
import { staffQuery } from './staff.contract.ts';
import { EmailTaken, LastOwner, NotYourself } from './staff.errors.ts';
import { createStaff, getStaff, listStaff, permissionsOf, updateProfile } from './staff.service.ts';
import { enableStaff, setStaffRoles } from './staff-roles.service.ts';

const db = useDatabase();
type Shop = Awaited<ReturnType<typeof givenShop>>;

const query = (more: object = {}) => staffQuery.parse(more);
const activeOwners = async ({ companyId }: Shop) => {
  const [row] = await db.admin`
    select count(*)::int as n from staff s join staff_roles sr on sr.company_id = s.company_id and sr.staff_id = s.id
    join roles r on r.company_id = s.company_id and r.id = sr.role_id
    where s.company_id = ${companyId} and s.status = 'active' and r.system_key = 'owner'`;
  return row?.['n'];
};

test('what is shown of a person holds no hash, no secret and no folded address', async () => {
  const shop = await givenShop(db);
  const made = await shop.hire('owner', 'Ada@Example.com');
  expect(Object.keys(made).sort()).toEqual(
    [
      'createdAt',
      'email',
      'hasTwoFactor',
      'id',
      'lastLoginAt',
      'name',
      'roles',
      'status',
      'updatedAt',
      'version',
    ].sort(),
  );
  const [event] = await db.admin`select data::text from events where aggregate_id = ${made.id}`;
  const [note] = await db.admin`select after::text from audit_entries where entity_id = ${made.id}`;
  for (const text of [JSON.stringify(made), event?.['data'], note?.['after']]) expect(text).not.toContain('argon2');
  expect(PASSWORD).toBeTruthy();
});

test('an address is one person in a company, however it is written, and free in the next company', async () => {
  const [a, b] = [await givenShop(db), await givenShop(db)];
  await a.hire('owner', 'ada@example.com');
  await expect(a.hire('support', ' ADA@example.com')).rejects.toBeInstanceOf(EmailTaken);
  await b.hire('owner', 'ada@example.com');
});

test("another company's person is like nobody, for every way of asking", async () => {
  const [a, b] = [await givenShop(db), await givenShop(db)];
  const [boss, stranger] = [await a.hire('owner'), await b.hire('owner')];
  const session = await a.as(boss);
  const roleIds = [await a.roleId('support')];
  const ways = [
    (id: Id<'stf'>) => db.app.run(session, (ctx) => getStaff(ctx, id)),
    (id: Id<'stf'>) => db.app.run(session, (ctx) => setStaffRoles(ctx, id, roleIds)),
    (id: Id<'stf'>) => db.app.run(session, (ctx) => disableStaff(ctx, id)),
    (id: Id<'stf'>) => db.app.run(session, (ctx) => enableStaff(ctx, id)),
  ];
  for (const way of ways) {
    const [foreign, missing] = await Promise.all([way(stranger.id).catch(String), way(newId('stf')).catch(String)]);
    expect(foreign).toEqual(missing);
    await expect(way(stranger.id)).rejects.toBeInstanceOf(NotFound);
  }
  expect(await db.app.run(session, (ctx) => permissionsOf(ctx, stranger.id))).toEqual([]);
});

test('a role of another company cannot be given', async () => {
  const [a, b] = [await givenShop(db), await givenShop(db)];
  const [boss, person] = [await a.hire('owner'), await a.hire('support')];
  const foreign = [await b.roleId('support')];
  const giving = db.app.run(await a.as(boss), (ctx) => setStaffRoles(ctx, person.id, foreign));
  await expect(giving).rejects.toBeInstanceOf(InvalidInput);
});

test('new roles are in force with the commit, are audited and announced, and every process is told', async () => {
  const shop = await givenShop(db);
  const [boss, person] = [await shop.hire('owner'), await shop.hire('support')];
  const session = await shop.as(boss);
  db.committed.length = 0;
  const roleIds = [await shop.roleId('read_only')];
  const view = await db.app.run(session, (ctx) => setStaffRoles(ctx, person.id, roleIds));
  expect(view.roles.map(({ name }) => name)).toEqual(['Read only']);
  expect([...(await shop.as(person)).permissions].every((word) => word.endsWith('.read'))).toBe(true);
  expect(db.committed.filter(({ touched }) => touched)).toHaveLength(1);
  expect(await shop.auditOf(person.id)).toEqual(['staff.created', 'staff.roles_changed']);
  const events = await shop.eventsOf(person.id);
  expect(events.map(({ type, sequence }) => [type, sequence])).toEqual([
    ['staff.created', 1],
    ['staff.roles_changed', 2],
  ]);
  await db.app.run(session, (ctx) => setStaffRoles(ctx, person.id, roleIds)); // the same again: nothing happens
  expect(await shop.eventsOf(person.id)).toHaveLength(2);
});

test('the last active owner can be neither demoted nor disabled; a disabled owner does not count', async () => {
  const shop = await givenShop(db);
  const [boss, second] = [await shop.hire('owner'), await shop.hire('owner')];
  const session = await shop.as(boss);
  await db.app.run(session, (ctx) => disableStaff(ctx, second.id));
  const support = [await shop.roleId('support')];
  const demote = db.app.run(session, (ctx) => setStaffRoles(ctx, boss.id, support));
  await expect(demote).rejects.toBeInstanceOf(LastOwner);
  const disable = db.app.run(shop.system, (ctx) => disableStaff(ctx, boss.id));
  await expect(disable).rejects.toBeInstanceOf(LastOwner);
  await expect(db.app.run(session, (ctx) => disableStaff(ctx, boss.id))).rejects.toBeInstanceOf(NotYourself);
  expect(await activeOwners(shop)).toBe(1);
});

test('two owners who demote each other at the same moment: one of them stays', async () => {
  await warmUp(db);
  for (let round = 0; round < 5; round++) {
    const shop = await givenShop(db);
    const [a, b] = [await shop.hire('owner'), await shop.hire('owner')];
    const support = [await shop.roleId('support')];
    const [asA, asB] = [await shop.as(a), await shop.as(b)];
    await Promise.allSettled([
      db.app.run(asA, (ctx) => setStaffRoles(ctx, b.id, support)),
      db.app.run(asB, (ctx) => setStaffRoles(ctx, a.id, support)),
    ]);
    expect(await activeOwners(shop)).toBe(1);
  }
});

test('three owners disabled and demoted all at once by our own work: one of them stays', async () => {
  await warmUp(db);
  const shop = await givenShop(db);
  const owners = [await shop.hire('owner'), await shop.hire('owner'), await shop.hire('owner')];
  const support = [await shop.roleId('support')];
  const done = await Promise.allSettled(
    owners.flatMap(({ id }) => [
      db.app.run(shop.system, (ctx) => disableStaff(ctx, id)),
      db.app.run(shop.system, (ctx) => setStaffRoles(ctx, id, support)),
    ]),
  );
  const refusals = done.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  expect(refusals.every((reason) => reason instanceof LastOwner)).toBe(true);
  expect(await activeOwners(shop)).toBe(1);
});

test('an admin can neither make an owner nor touch one', async () => {
  const shop = await givenShop(db);
  const [owner, second, admin] = [await shop.hire('owner'), await shop.hire('owner'), await shop.hire('admin')];
  const session = await shop.as(admin);
  const [ownerRole, support] = [[await shop.roleId('owner')], [await shop.roleId('support')]];
  const tries = [
    () => db.app.run(session, (ctx) => setStaffRoles(ctx, admin.id, ownerRole)),
    () => db.app.run(session, (ctx) => setStaffRoles(ctx, owner.id, support)),
    () => db.app.run(session, (ctx) => disableStaff(ctx, second.id)),
  ];
  for (const attempt of tries) await expect(attempt()).rejects.toBeInstanceOf(PermissionMissing);
  expect(await activeOwners(shop)).toBe(2);
});

test('nobody gives a role that holds what they lack, however small', async () => {
  const shop = await givenShop(db);
  const [owner, person] = [await shop.hire('owner'), await shop.hire('support')];
  const clerk = await db.app.run(await shop.as(owner), async (ctx) => {
    const role = await createRole(ctx, { name: 'Clerk', description: '', permissions: ['staff.read', 'staff.write'] });
    return createStaff(ctx, { name: 'Clerk', email: 'clerk@example.com', passwordHash: 'x', roleIds: [role.id] });
  });
  const readOnly = [await shop.roleId('read_only')];
  const giving = db.app.run(await shop.as(clerk), (ctx) => setStaffRoles(ctx, person.id, readOnly));
  await expect(giving).rejects.toBeInstanceOf(PermissionMissing);
});

test('a right that was just taken away cannot be handed on with an old session', async () => {
  const shop = await givenShop(db);
  const [owner, second] = [await shop.hire('owner'), await shop.hire('owner')];
  const stale = await shop.as(second); // read before the demotion
  const [ownerRole, support] = [[await shop.roleId('owner')], [await shop.roleId('support')]];
  await db.app.run(await shop.as(owner), (ctx) => setStaffRoles(ctx, second.id, support));
  const back = db.app.run(stale, (ctx) => setStaffRoles(ctx, second.id, ownerRole));
  await expect(back).rejects.toBeInstanceOf(PermissionMissing);
});

test('the list is every person once, page by page', async () => {
  const shop = await givenShop(db);
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push((await shop.hire('support')).id);
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = await db.app.run(shop.system, (ctx) => listStaff(ctx, query({ limit: 2, after })));
    seen.push(...page.data.map(({ id }) => id));
    after = page.page.next ?? undefined;
  } while (after);
  expect(seen).toEqual(ids);
});

test('"who can do X" names the active people who hold the permission', async () => {
  const shop = await givenShop(db);
  const [owner, admin, gone] = [await shop.hire('owner'), await shop.hire('admin'), await shop.hire('owner')];
  await shop.hire('support');
  await db.app.run(shop.system, (ctx) => disableStaff(ctx, gone.id));
  const ask = (permission: string) => db.app.run(shop.system, (ctx) => listStaff(ctx, query({ permission })));
  expect((await ask('staff.write')).data.map(({ id }) => id)).toEqual([owner.id, admin.id]);
  await expect(ask('staff.fly')).rejects.toBeInstanceOf(InvalidInput);
});

test("one may change one's own name", async () => {
  const shop = await givenShop(db);
  const person = await shop.hire('support');
  const view = await db.app.run(await shop.as(person), (ctx) => updateProfile(ctx, person.id, { name: 'Ada B. Obi' }));
  expect(view).toMatchObject({ name: 'Ada B. Obi', version: 2 });
});

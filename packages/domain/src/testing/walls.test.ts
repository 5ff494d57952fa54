import postgres from 'postgres';
import { beforeAll, expect, test } from 'vitest';
import { openDatabase, refuseUnsafeRole } from '../kernel/database.ts';
import { type CompanyId, newId } from '../kernel/ids.ts';
import { useDatabase } from './database.ts';
import { fillTables, rowOf } from './row-maker.ts';
import { type TenantTable, tenantTables, wallFaults } from './walls.ts';

const db = useDatabase();
const mine: CompanyId = newId('com');
const theirs: CompanyId = newId('com');
let tables: TenantTable[];

beforeAll(async () => {
  tables = await tenantTables(db.admin);
  const checks = await db.admin<{ table: string; name: string }[]>`
    select conrelid::regclass::text as table, conname as name from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace`;
  for (const check of checks) await db.admin.unsafe(`alter table ${check.table} drop constraint ${check.name}`);
  await fillTables(db.admin, tables, mine);
  await fillTables(db.admin, tables, theirs);
});

/** Runs one statement as the app role with a company set (or none) and undoes it. Says how many rows, or the SQLSTATE. */
async function asApp(
  context: CompanyId | undefined,
  statement: (tx: postgres.TransactionSql) => postgres.PendingQuery<postgres.Row[]>,
) {
  const app = postgres(db.urls.app, { max: 1, onnotice: () => undefined });
  let outcome: number | string = 'nothing';
  try {
    await app.begin(async (tx) => {
      if (context) await tx.unsafe(`set local app.company_id = '${context}'`);
      outcome = (await statement(tx)).count;
      throw new Error('undo');
    });
  } catch (error) {
    if (error instanceof postgres.PostgresError) outcome = error.code;
  } finally {
    await app.end();
  }
  return outcome;
}

const INSUFFICIENT_PRIVILEGE = '42501';
const seen = (rows: number) => [rows, INSUFFICIENT_PRIVILEGE]; // a right that was never granted is a wall as well

test('the catalogue has nothing to say against the walls', async () => {
  expect(tables.length).toBeGreaterThan(15);
  expect(await wallFaults(db.admin)).toEqual([]);
});

test('select, update and delete reach the own company and no other row, in every table', async () => {
  for (const { name } of tables) {
    const read = await asApp(mine, (tx) => tx`select company_id from ${tx(name)}`);
    expect(read, `select from ${name}`).toBe(1);
    const update = await asApp(mine, (tx) => tx`update ${tx(name)} set company_id = company_id`);
    expect(seen(1), `update ${name}`).toContain(update);
    const remove = await asApp(mine, (tx) => tx`delete from ${tx(name)} where company_id = ${theirs}`);
    expect(seen(0), `delete from ${name}`).toContain(remove);
  }
});

test('without a company there is no row to read or change, in any table', async () => {
  for (const { name } of tables) {
    expect(await asApp(undefined, (tx) => tx`select company_id from ${tx(name)}`), `select from ${name}`).toBe(0);
    expect(seen(0), name).toContain(await asApp(undefined, (tx) => tx`update ${tx(name)} set company_id = company_id`));
    expect(seen(0), name).toContain(await asApp(undefined, (tx) => tx`delete from ${tx(name)}`));
  }
});

test('a row cannot be added to another company or moved there, in any table', async () => {
  for (const table of tables) {
    const insert = (into: CompanyId) => (tx: postgres.TransactionSql) =>
      tx`insert into ${tx(table.name)} ${tx(rowOf(table, into))}`;
    expect(await asApp(mine, insert(theirs)), `insert into ${table.name}`).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await asApp(undefined, insert(mine)), `insert into ${table.name} of no company`).toBe(
      INSUFFICIENT_PRIVILEGE,
    );
    const move = await asApp(mine, (tx) => tx`update ${tx(table.name)} set company_id = ${theirs}`);
    expect(move, `move a row of ${table.name}`).toBe(INSUFFICIENT_PRIVILEGE);
  }
});

test('the app role cannot switch the walls off, climb over them or own anything', async () => {
  const attempts = [
    'alter table companies disable row level security',
    'alter table companies no force row level security',
    'drop policy company_wall on companies',
    'create policy open on companies using (true)',
    'alter policy company_wall on companies using (true)',
    'truncate companies',
    'set role souk_owner',
    'set role souk_search',
    'set session authorization souk_owner',
    "copy companies to program 'cat'",
    'select * from pg_authid',
    'create table mine (id int)',
    'create schema mine',
    'create function f() returns int language sql as $$ select 1 $$',
    'alter role souk_app bypassrls',
    'grant souk_owner to souk_app',
    'delete from audit_entries',
    'update audit_entries set action = action',
    'update audit_links set hash = hash',
    'delete from audit_links',
    "update events set data = '{}'",
    "update company_handles set company_id = 'x'",
    'delete from company_handles',
    'delete from signing_keys',
    'update signing_keys set audience = audience',
    'create trigger t before insert on companies execute function now()',
  ];
  for (const attempt of attempts) {
    expect(await asApp(mine, (tx) => tx.unsafe(attempt)), attempt).toBe(INSUFFICIENT_PRIVILEGE);
  }
  // Row security switched off means an error instead of a filter; either way no row.
  const off = await asApp(mine, (tx) => tx.unsafe('set local row_security = off; select * from companies'));
  expect(off).toBe(INSUFFICIENT_PRIVILEGE);
  const owned =
    await db.admin`select relname from pg_class where relowner in (select oid from pg_roles where rolname in ('souk_app', 'souk_relay'))`;
  expect(owned).toEqual([]);
});

test('the relay sees which companies have work waiting, and not what it is', async () => {
  const relay = (statement: string) =>
    db.relay
      .unscoped((tx) => tx.execute(statement))
      .then(
        (rows) => rows.length,
        (error) => error.cause?.code ?? error.code,
      );
  expect(await relay('select company_id from events where dispatched_at is null')).toBe(2);
  expect(await relay('select company_id, due_at from notifications')).toBe(2);
  for (const forbidden of [
    'select data from events',
    'select privately from events',
    'select recipient from notifications',
    'select name from companies',
    'select * from staff',
    'select * from api_keys',
    'select * from signing_keys',
    'delete from events',
    "update events set type = ''",
  ]) {
    expect(await relay(forbidden), forbidden).toBe(INSUFFICIENT_PRIVILEGE);
  }
});

test('a process whose role could walk through the walls refuses to start', async () => {
  await expect(refuseUnsafeRole(db.app.unscoped)).resolves.toBeUndefined();
  await expect(refuseUnsafeRole(db.relay.unscoped)).resolves.toBeUndefined();
  const superuser = openDatabase({ url: db.urls.admin, size: 1 });
  const owner = openDatabase({ url: db.urls.migrate, size: 1 });
  await expect(refuseUnsafeRole(superuser.unscoped)).rejects.toThrow('is superuser');
  await expect(refuseUnsafeRole(owner.unscoped)).rejects.toThrow(/owns \d+ tenant tables/);
  await Promise.all([superuser.close(), owner.close()]);
});

test('a role that may become a more powerful one is refused as well', async () => {
  await db.admin.unsafe('create role zz_bypass bypassrls; grant zz_bypass to souk_relay');
  await expect(refuseUnsafeRole(db.relay.unscoped)).rejects.toThrow('may become a role');
  await db.admin.unsafe('revoke zz_bypass from souk_relay; drop role zz_bypass');
});

test('the proof itself fails when a wall is missing', async () => {
  // In a copy of one table: no policy, no force, a global unique key and a foreign key past the company.
  await db.admin.unsafe(`
    create table careless (company_id text not null, id text primary key, staff_id text, slug text unique);
    grant select, insert, update, delete on careless to souk_app`);
  const faults = await wallFaults(db.admin);
  await db.admin.unsafe('drop table careless');
  expect(faults).toEqual(
    expect.arrayContaining([
      'careless does not force row security',
      'careless has no primary key that starts with company_id',
      'careless lacks the policy company_wall in its one form',
      'careless: unique key careless_slug_key does not start with company_id',
      'careless is not owned by souk_owner',
    ]),
  );
});

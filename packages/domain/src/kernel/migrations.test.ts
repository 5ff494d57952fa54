import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { useDatabase } from '../testing/database.ts';
import { newId } from './ids.ts';
import { knownMigrations, migrateDatabase } from './migrations.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../../../drizzle');
const db = useDatabase();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'souk-migrations-'));
  await cp(FOLDER, folder, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Adds one more migration behind the present ones, as the next release would. */
async function addMigration(tag: string, statements: string) {
  const file = path.join(folder, 'meta', '_journal.json');
  const journal = JSON.parse(await readFile(file, 'utf8'));
  const when = Math.max(...journal.entries.map((entry: { when: number }) => entry.when)) + 1;
  journal.entries.push({ idx: journal.entries.length, version: '7', when, tag, breakpoints: true });
  await writeFile(file, JSON.stringify(journal));
  await writeFile(path.join(folder, `${tag}.sql`), statements);
}

async function dropMigration(tag: string) {
  const file = path.join(folder, 'meta', '_journal.json');
  const journal = JSON.parse(await readFile(file, 'utf8'));
  journal.entries = journal.entries.filter((entry: { tag: string }) => entry.tag !== tag);
  await writeFile(file, JSON.stringify(journal));
}

const migrate = () => migrateDatabase({ url: db.urls.migrate, folder });

/** Everything that makes two databases the same to us: columns, constraints, indexes, policies, rights. */
async function shapeOf(sql: postgres.Sql) {
  return sql`
    select 'column ' || table_name || '.' || column_name as name,
      concat_ws(' ', data_type, collation_name, is_nullable, column_default) as shape from information_schema.columns where table_schema = 'public'
    union all select 'constraint ' || conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace
    union all select 'index ' || indexname, indexdef from pg_indexes where schemaname = 'public'
    union all select 'policy ' || tablename || ' ' || policyname, concat_ws(' ', permissive, roles::text, cmd, qual, with_check) from pg_policies
    union all select 'table ' || relname, concat_ws(' ', relrowsecurity::text, relforcerowsecurity::text, pg_get_userbyid(relowner), relacl::text)
      from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
    order by 1`;
}

test('migrating twice changes nothing', async () => {
  const before = await shapeOf(db.admin);
  await migrate();
  expect(await shapeOf(db.admin)).toEqual(before);
});

test('a database migrated step by step is the same as a fresh one', async () => {
  const steps = await knownMigrations(folder);
  const url = new URL(db.urls.admin);
  const name = `${url.pathname.slice(1)}_steps`;
  await db.admin.unsafe(`create database ${name} owner souk_owner template template0`);
  url.pathname = `/${name}`;
  const admin = postgres(url.href, { max: 1, onnotice: () => undefined });
  const target = new URL(db.urls.migrate);
  target.pathname = `/${name}`;
  await admin.unsafe('grant create, usage on schema public to souk_owner, souk_search');
  await admin.unsafe('revoke create on schema public from public');
  await admin.unsafe(`revoke all on database ${name} from public; grant connect on database ${name} to souk_migrate`);
  try {
    const partial = await mkdtemp(path.join(tmpdir(), 'souk-steps-'));
    await cp(FOLDER, partial, { recursive: true });
    const journalFile = path.join(partial, 'meta', '_journal.json');
    const journal = JSON.parse(await readFile(journalFile, 'utf8'));
    const walls = await readFile(path.join(partial, 'walls.sql'), 'utf8');
    for (let upTo = 1; upTo <= steps.length; upTo++) {
      await writeFile(journalFile, JSON.stringify({ ...journal, entries: journal.entries.slice(0, upTo) }));
      await writeFile(path.join(partial, 'walls.sql'), upTo === steps.length ? walls : 'select 1');
      await migrateDatabase({ url: target.href, folder: partial });
    }
    expect(await shapeOf(admin)).toEqual(await shapeOf(db.admin));
    await rm(partial, { recursive: true });
  } finally {
    await admin.end();
    await db.admin.unsafe(`drop database ${name} with (force)`);
  }
});

async function givenTwoCompanies() {
  for (const companyId of [newId('com'), newId('com')]) {
    await db.admin`insert into companies (company_id, handle, name, country, currency, timezone)
      values (${companyId}, ${companyId}, 'x', 'NG', 'NGN', 'UTC')`;
  }
  const [{ count } = { count: 0 }] = await db.admin`select count(*)::int as count from companies`;
  return Number(count);
}

const backfill = (statement: string) => `
  alter table companies no force row level security;--> statement-breakpoint
  ${statement};--> statement-breakpoint
  alter table companies force row level security;`;

test('a backfill reaches the rows of every company, and row security is forced again after it', async () => {
  const count = await givenTwoCompanies();
  await addMigration('9001_backfill', backfill("update companies set status_reason = 'backfilled'"));
  await migrate();
  expect(await db.admin`select 1 from companies where status_reason = 'backfilled'`).toHaveLength(count);
  const [forced] = await db.admin`select relforcerowsecurity as forced from pg_class where relname = 'companies'`;
  expect(forced).toEqual({ forced: true });
});

test('a backfill that forgets the owner is walled in as well changes no row: this is why the recipe exists', async () => {
  await givenTwoCompanies();
  await addMigration('9002_naive', "update companies set status_reason = 'naive'");
  await migrate();
  expect(await db.admin`select 1 from companies where status_reason = 'naive'`).toHaveLength(0);
});

test('a foreign key over orphans is refused, and the whole migration with it', async () => {
  await db.admin.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`alter table staff_roles drop constraint staff_roles_role`;
    await tx`insert into staff_roles (company_id, staff_id, role_id) values (${newId('com')}, ${newId('stf')}, ${newId('role')})`;
  });
  await addMigration(
    '9003_orphans',
    `alter table staff_roles no force row level security;--> statement-breakpoint
     alter table roles no force row level security;--> statement-breakpoint
     alter table staff_roles add constraint staff_roles_role foreign key (company_id, role_id) references roles (company_id, id);--> statement-breakpoint
     alter table staff_roles force row level security;--> statement-breakpoint
     alter table roles force row level security;`,
  );
  await expect(migrate()).rejects.toThrow();
  const [forced] = await db.admin`select relforcerowsecurity as forced from pg_class where relname = 'staff_roles'`;
  expect(forced).toEqual({ forced: true });
  await dropMigration('9003_orphans');
});

test('a migration that meets a table in use lets others pass, and is done when the table is free', {
  timeout: 60_000,
}, async () => {
  await addMigration('9998_in_use', 'alter table products add column in_use text');
  const holder = postgres(db.urls.admin, { max: 1, onnotice: () => undefined });
  let free: () => void = () => undefined;
  try {
    const isFree = new Promise<void>((resolve) => {
      free = resolve;
    });
    let holding: Promise<unknown> | undefined;
    await new Promise<void>((isHeld) => {
      holding = holder.begin(async (tx) => {
        await tx`select 1 from products limit 1`;
        isHeld();
        await isFree;
      });
    });
    const migrating = migrate();
    await vi.waitFor(async () => expect(await waitingForProducts()).toBe(1), { timeout: 30_000 });
    // Behind a migration that waits for ever nobody would read this.
    expect(await db.admin`select 1 from products limit 1`).toEqual([]);
    free();
    await holding;
    await migrating;
    expect(await db.admin`select in_use from products`).toEqual([]);
  } finally {
    free(); // also when it was never waited for: a holder that is not let go ends never
    await holder.end();
  }
});

async function waitingForProducts(): Promise<unknown> {
  const [row] = await db.admin`select count(*)::int as waiting from pg_locks
    where relation = 'products'::regclass and not granted`;
  return row?.['waiting'];
}

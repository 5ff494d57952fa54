import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemSession } from '@souk/domain/kernel/ctx';
import type { CompanyId } from '@souk/domain/kernel/ids';
import { foundCompany } from '@souk/domain/setup/registration/registration.service';
import { sandboxIdOf } from '@souk/domain/setup/sandbox/sandbox-id';
import { useDatabase } from '@souk/domain/testing/database';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { soukProgram } from './program.ts';

const db = useDatabase();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'souk-cli-'));
  vi.stubEnv('DATABASE_URL', db.urls.app);
  vi.stubEnv('DATABASE_RELAY_URL', db.urls.relay);
  vi.stubEnv('DATABASE_MIGRATE_URL', db.urls.migrate);
  vi.stubEnv('SEED_STATE', path.join(folder, 'demo.json'));
  vi.stubEnv('SOUK_OWNER_PASSWORD', 'correct horse battery');
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** Runs one command line and gives back the JSON document it answered. */
async function souk<Document>(...words: string[]): Promise<Document> {
  const lines: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  await soukProgram().parseAsync([...words, '--json'], { from: 'user' });
  vi.restoreAllMocks();
  return JSON.parse(lines.join(''));
}

const companyWords = (handle: string) =>
  `company create --name Shop --handle ${handle} --country NG --currency NGN --timezone Africa/Lagos --owner-name Ada --owner-email ada@example.com`.split(
    ' ',
  );

test('an operator creates, suspends, resumes and closes a company, and the audit log says so', async () => {
  const { company, apiKey } = await souk<{ company: { id: string; status: string }; apiKey: { key: string } }>(
    ...companyWords('cli-shop'),
  );
  expect(company.status).toBe('active');
  expect(apiKey.key).toMatch(/^souk_pk_live_/);
  const status = async (...words: string[]) => (await souk<{ status: string }>('company', ...words)).status;
  expect(await status('suspend', 'cli-shop', '--reason', 'unpaid')).toBe('suspended');
  expect(await status('resume', 'cli-shop')).toBe('active');
  expect(await status('close', 'cli-shop')).toBe('closed');
  const actions = await db.admin<{ action: string; actor: string }[]>`
    select action, actor_type || ':' || actor_id as actor from audit_entries
    where company_id = ${company.id} and action like 'company.%' order by id`;
  expect(actions.map(({ action }) => action)).toEqual([
    'company.created',
    'company.suspended',
    'company.resumed',
    'company.closed',
  ]);
  expect(new Set(actions.map(({ actor }) => actor))).toEqual(new Set(['system:operator']));
});

test('a company takes its sandbox with it', async () => {
  const { company } = await souk<{ company: { id: CompanyId } }>(...companyWords('two-shops'));
  const sandbox = sandboxIdOf(company.id);
  await db.app.run(systemSession(sandbox, 'test'), (ctx) =>
    foundCompany(
      ctx,
      {
        name: 'x',
        handle: 'two-shops-test',
        country: 'NG',
        currency: 'NGN',
        timezone: 'UTC',
        parentCompanyId: company.id,
      },
      { name: 'Ada', email: 'ada@example.com', passwordHash: 'x' },
    ),
  );
  const statusOf = async () =>
    (await db.admin`select status from companies where company_id = ${sandbox}`)[0]?.['status'];
  await souk('company', 'suspend', 'two-shops', '--reason', 'fraud');
  expect(await statusOf()).toBe('suspended');
  await souk('company', 'resume', 'two-shops');
  expect(await statusOf()).toBe('active');
  await souk('company', 'close', 'two-shops');
  expect(await statusOf()).toBe('closed');
});

test('one company whose roles cannot be seeded does not keep the others from their permissions', async () => {
  const { company } = await souk<{ company: { id: string } }>(...companyWords('odd-shop'));
  await db.admin`delete from role_permissions where company_id = ${company.id}`;
  await db.admin`update roles set system_key = null, is_system = false where company_id = ${company.id} and system_key = 'support'`;
  await souk('migrate');
  const roles = await db.admin`select name from roles where company_id = ${company.id} and system_key = 'support'`;
  expect(roles).toEqual([{ name: 'Support (system)' }]);
  const before = await db.admin`select count(*)::int as count from audit_entries where company_id = ${company.id}`;
  await souk('migrate');
  expect(await db.admin`select count(*)::int as count from audit_entries where company_id = ${company.id}`).toEqual(
    before,
  );
});

test('a command given a role that could walk through the walls refuses to work', async () => {
  vi.stubEnv('DATABASE_URL', db.urls.admin);
  await expect(souk('company', 'resume', 'cli-shop')).rejects.toThrow('is superuser');
  vi.stubEnv('DATABASE_URL', db.urls.app);
});

test('a closed company cannot be opened again, and an unknown handle is named', async () => {
  await souk(...companyWords('gone-shop'));
  await souk('company', 'close', 'gone-shop');
  await expect(souk('company', 'resume', 'gone-shop')).rejects.toThrow('cannot become active');
  await expect(souk('company', 'resume', 'no-such-shop')).rejects.toThrow('"no-such-shop"');
});

test('migrating again brings every company to the present permissions', async () => {
  const { company } = await souk<{ company: { id: string } }>(...companyWords('old-shop'));
  await db.admin`delete from role_permissions where company_id = ${company.id} and permission = 'audit.read'`;
  await db.admin`insert into permissions (company_id, name, sentence) values (${company.id}, 'gone.word', 'of an older version')`;
  const { companies } = await souk<{ companies: number }>('migrate');
  expect(companies).toBeGreaterThan(0);
  const held =
    await db.admin`select 1 from role_permissions where company_id = ${company.id} and permission = 'audit.read'`;
  expect(held.length).toBeGreaterThan(0);
  expect(
    await db.admin`select 1 from permissions where company_id = ${company.id} and name = 'gone.word'`,
  ).toHaveLength(0);
});

test('demo companies are made once, and their file is for their owner only', async () => {
  const first = await souk<{ companies: { handle: string; apiKey: string }[] }>('seed', 'demo');
  expect(first.companies.map(({ handle }) => handle)).toEqual(['adire-house', 'kyoto-paper']);
  expect(await souk('seed', 'demo')).toEqual(first);
  const file = path.join(folder, 'demo.json');
  expect(JSON.parse(await readFile(file, 'utf8'))).toHaveLength(2);
  await rm(file);
  await expect(souk('seed', 'demo')).rejects.toThrow('npm run reset');
});

test('demo companies are refused in production', async () => {
  vi.stubEnv('NODE_ENV', 'production');
  await expect(souk('seed', 'demo')).rejects.toThrow('no place in production');
  vi.stubEnv('NODE_ENV', 'test');
});

test('missing settings are all named at once', async () => {
  vi.stubEnv('DATABASE_MIGRATE_URL', '');
  vi.stubEnv('DATABASE_RELAY_URL', '');
  await expect(souk('migrate')).rejects.toThrow(/DATABASE_MIGRATE_URL[^]*DATABASE_RELAY_URL/);
  vi.stubEnv('DATABASE_MIGRATE_URL', db.urls.migrate);
  vi.stubEnv('DATABASE_RELAY_URL', db.urls.relay);
});

test('after rotating, a new key signs and the old one still verifies', async () => {
  await souk('migrate');
  await souk('signing-keys', 'rotate');
  const keys = await db.admin`select retired_at is null as signs from signing_keys where audience = 'staff'`;
  expect(keys.filter((key) => key['signs'])).toHaveLength(1);
  expect(keys.length).toBeGreaterThan(1);
});

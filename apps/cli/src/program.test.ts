import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { putSecret, revealSecret } from '@souk/domain/company/secrets/secrets.service';
import { loadSigningKeys } from '@souk/domain/identity/sessions/signing-keys.service';
import { systemSession } from '@souk/domain/kernel/ctx';
import type { CompanyId, Id } from '@souk/domain/kernel/ids';
import { seal, unseal } from '@souk/domain/kernel/sealing';
import { foundCompany } from '@souk/domain/setup/registration/registration.service';
import { sandboxIdOf } from '@souk/domain/setup/sandbox/sandbox-id';
import { useDatabase } from '@souk/domain/testing/database';
import { DEVELOPMENT_MASTER_KEY } from '@souk/platform/config';
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

test('migrating takes from a system role what its pattern does not give, however much that is', async () => {
  const { company } = await souk<{ company: { id: string } }>(...companyWords('lax-shop'));
  await db.admin`insert into role_permissions (company_id, role_id, permission)
    select company_id, id, unnest(array['roles.write', 'staff.write', 'settings.write']) from roles
    where company_id = ${company.id} and system_key = 'read_only'`;
  await souk('migrate');
  const held =
    await db.admin`select permission from role_permissions p join roles r on r.company_id = p.company_id and r.id = p.role_id
    where r.company_id = ${company.id} and system_key = 'read_only' and permission like '%.write'`;
  expect(held).toEqual([]);
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
});

test('demo companies whose file is gone are answered without password and key, and no empty ones are remembered', async () => {
  await souk('seed', 'demo');
  const file = path.join(folder, 'demo.json');
  await rm(file);
  expect(await souk('seed', 'demo')).toEqual({
    companies: [
      { name: 'Adire House', handle: 'adire-house', owner: { email: 'ada@adire-house.example' } },
      { name: 'Kyoto Paper', handle: 'kyoto-paper', owner: { email: 'kenji@kyoto-paper.example' } },
    ],
  });
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual([]);
});

test('demo companies are refused in production', async () => {
  vi.stubEnv('NODE_ENV', 'production');
  await expect(souk('seed', 'demo')).rejects.toThrow('no place in production');
  vi.stubEnv('NODE_ENV', 'test');
});

test('missing settings are all named at once', async () => {
  vi.stubEnv('DATABASE_MIGRATE_URL', '');
  vi.stubEnv('DATABASE_RELAY_URL', '');
  await expect(souk('migrate')).rejects.toThrow(/DATABASE_MIGRATE_URL.*DATABASE_RELAY_URL/s);
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

const FRESH_MASTER_KEY = `fresh:${Buffer.alloc(32, 9).toString('base64')}`;
const TOTP_SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

type TotpColumn = 'totp_secret' | 'totp_pending';
interface Founded {
  company: { id: CompanyId };
  staff: { id: Id<'stf'> };
}

/** A company with one of everything that a master key seals for long. The command before has set the process's keys. */
async function givenSealed(handle: string) {
  const { company, staff } = await souk<Founded>(...companyWords(handle));
  const session = systemSession(company.id, 'test');
  const bound = (column: TotpColumn) => `${company.id}|staff|${column}|${staff.id}`;
  await db.app.run(session, (ctx) => putSecret(ctx, 'payment-provider.paystack', 'sk_live_of_a_shop'));
  await db.admin`update staff set totp_secret = ${seal(TOTP_SECRET, bound('totp_secret'))},
    totp_pending = ${seal(TOTP_SECRET, bound('totp_pending'))} where id = ${staff.id}`;
  const open = async () => {
    const [row] = await db.admin<Record<TotpColumn, string>[]>`
      select totp_secret, totp_pending from staff where id = ${staff.id}`;
    return {
      credential: await db.app.run(session, (ctx) => revealSecret(ctx, 'payment-provider.paystack')),
      totp: unseal(row?.totp_secret ?? '', bound('totp_secret')),
      pending: unseal(row?.totp_pending ?? '', bound('totp_pending')),
    };
  };
  return { companyId: company.id, staffId: staff.id, open };
}

const ALL_OPEN = { credential: 'sk_live_of_a_shop', totp: TOTP_SECRET, pending: TOTP_SECRET };

test('after rewrapping, the old master key can be dropped: credentials, two-factor secrets and signing keys all open', async () => {
  await souk('migrate');
  const [one, two] = [await givenSealed('wrapped-one'), await givenSealed('wrapped-two')];
  const before = await db.app.unscoped((tx) => loadSigningKeys(tx, 'staff'));
  // The demo companies of the tests before have some as well.
  const [keys] = await db.admin<{ count: number }[]>`select count(*)::int as count from company_data_keys`;
  vi.stubEnv('MASTER_KEYS', `${FRESH_MASTER_KEY},${DEVELOPMENT_MASTER_KEY}`);
  const first = await souk('master-keys', 'rewrap');
  expect(first).toMatchObject({ masterKey: 'fresh', dataKeys: keys?.count, twoFactorSecrets: 2, failures: [] });
  const customers = await db.app.unscoped((tx) => loadSigningKeys(tx, 'customer'));
  expect(first).toHaveProperty('signingKeys', before.length + customers.length);
  vi.stubEnv('MASTER_KEYS', FRESH_MASTER_KEY);
  expect(await souk('master-keys', 'rewrap')).toMatchObject({ dataKeys: 0, twoFactorSecrets: 0, signingKeys: 0 });
  expect([await one.open(), await two.open()]).toEqual([ALL_OPEN, ALL_OPEN]);
  expect(before.length).toBeGreaterThan(0);
  expect(await db.app.unscoped((tx) => loadSigningKeys(tx, 'staff'))).toEqual(before);
  const notes = await db.admin`select action, actor_type || ':' || actor_id as actor from audit_entries
    where company_id = ${one.companyId} and action in ('data_key.rewrapped', 'two_factor.resealed') order by action`;
  expect(notes.map((note) => [note['action'], note['actor']])).toEqual([
    ['data_key.rewrapped', 'system:operator'],
    ['two_factor.resealed', 'system:operator'],
  ]);
  vi.stubEnv('MASTER_KEYS', '');
});

test('what cannot be rewrapped is named at the end and stops nothing else, and a repetition mends it', async () => {
  const broken = await givenSealed('broken-shop');
  const [whole, alsoBroken] = [await givenSealed('whole-shop'), await givenSealed('broken-person')];
  const [kept] = await db.admin`select wrapped from company_data_keys where company_id = ${broken.companyId}`;
  await db.admin`update company_data_keys set wrapped = 'v1.lost.x.y' where company_id = ${broken.companyId}`;
  await db.admin`update staff set totp_pending = 'v1.lost.x.y' where id = ${alsoBroken.staffId}`;
  vi.stubEnv('MASTER_KEYS', `${FRESH_MASTER_KEY},${DEVELOPMENT_MASTER_KEY}`);
  const failed = await souk('master-keys', 'rewrap').catch((error: Error) => error.message);
  expect(failed).toContain(`${broken.companyId}: Cannot open a sealed value: no master key named lost`);
  expect(failed).toContain(`${alsoBroken.companyId}: the two-factor secret of ${alsoBroken.staffId} does not open`);
  expect(failed).not.toContain(whole.companyId);
  expect(failed).toContain('Keep the older master keys');

  vi.restoreAllMocks();
  await db.admin`update company_data_keys set wrapped = ${kept?.['wrapped']} where company_id = ${broken.companyId}`;
  await db.admin`update staff set totp_pending = null where id = ${alsoBroken.staffId}`;
  // The other secret of that company and the other companies were done the first time.
  expect(await souk('master-keys', 'rewrap')).toMatchObject({ dataKeys: 1, twoFactorSecrets: 1, failures: [] });
  vi.stubEnv('MASTER_KEYS', FRESH_MASTER_KEY);
  await souk('master-keys', 'rewrap');
  expect([await broken.open(), await whole.open()]).toEqual([ALL_OPEN, ALL_OPEN]);
  vi.stubEnv('MASTER_KEYS', '');
});

test("a company's data key is rotated, and its credentials stay what they were", async () => {
  const shop = await givenSealed('new-data-key');
  const [before] = await db.admin`select id from company_data_keys where company_id = ${shop.companyId}`;
  expect(await souk('company', 'rotate-data-key', 'new-data-key')).toEqual({ companyId: shop.companyId, resealed: 1 });
  const after = await db.admin`select id from company_data_keys where company_id = ${shop.companyId}`;
  expect(after).toHaveLength(1);
  expect(after[0]?.['id']).not.toBe(before?.['id']);
  expect(await shop.open()).toEqual(ALL_OPEN);
  await expect(souk('company', 'rotate-data-key', 'no-such-shop')).rejects.toThrow('"no-such-shop"');
});

import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { HandleTaken } from '../../company/companies/companies.errors.ts';
import { readKey } from '../../identity/api-keys/key-form.ts';
import { allPermissions } from '../../kernel/access.ts';
import { systemClock } from '../../kernel/clock.ts';
import { systemSession } from '../../kernel/ctx.ts';
import { useDatabase } from '../../testing/database.ts';
import { countingAttempts, fakeAccessTokens } from '../../testing/ports.ts';
import { tenantTables } from '../../testing/walls.ts';
import '../declarations/declarations.ts';
import { permissionsOf } from '../../identity/staff/staff.service.ts';
import { INVITATION_DAYS, writeInvitation } from './invitations.ts';
import type { RegistrationInput } from './registration.contract.ts';
import { InvitationNeeded, RegistrationClosed } from './registration.errors.ts';
import { type RegistrationPolicy, registerCompany } from './registration.flow.ts';

const db = useDatabase();

const ports = (policy: RegistrationPolicy = 'open', clock = systemClock) => ({
  accessTokens: fakeAccessTokens,
  attempts: countingAttempts(),
  clock,
  policy,
});
const caller = { requestId: 'test', ip: '127.0.0.1' };
const asking = (handle = `shop-${randomUUID().slice(0, 8)}`): RegistrationInput => ({
  company: { name: 'Adire House', handle, country: 'NG', currency: 'NGN', timezone: 'Africa/Lagos' },
  owner: { name: 'Ada Obi', email: 'ada@example.com', password: 'correct horse battery' },
});

/** The tables that hold a row of nobody: leftovers of a registration that did not happen. */
async function rowsOutside(companyIds: string[]) {
  const found: string[] = [];
  for (const { name } of await tenantTables(db.admin)) {
    const rows = await db.admin`select 1 from ${db.admin(name)} where company_id <> all(${companyIds})`;
    if (rows.length > 0) found.push(name);
  }
  return found;
}

test('a registered company has its owner with every permission, its roles, and a key that is its own', async () => {
  const { company, staff, tokens, apiKey } = await registerCompany(db.app.run, ports(), caller, asking());
  const session = systemSession(company.id, 'test');
  const held = await db.app.run(session, (ctx) => permissionsOf(ctx, staff.id));
  expect([...held].sort()).toEqual(allPermissions().map(({ name }) => name));
  expect(readKey(apiKey.key)).toMatchObject({ type: 'publishable', mode: 'live', companyId: company.id });
  expect(await fakeAccessTokens.verify(tokens.accessToken)).toMatchObject({ companyId: company.id, staffId: staff.id });
  expect(company).toMatchObject({ status: 'active', mode: 'live', currency: 'NGN' });
  const roles = await db.admin`select system_key from roles where company_id = ${company.id} and is_system order by 1`;
  expect(roles.map((row) => row['system_key'])).toEqual([
    'admin',
    'catalogue_manager',
    'order_manager',
    'owner',
    'read_only',
    'support',
  ]);
});

test('a registered company has one place to sell from', async () => {
  const { company } = await registerCompany(db.app.run, ports(), caller, asking());
  const places = await db.admin`select handle, is_active from stock_locations where company_id = ${company.id}`;
  expect(places.map((row) => ({ ...row }))).toEqual([{ handle: 'main', is_active: true }]);
});

test('a taken handle is refused and nothing of the second company is left', async () => {
  const first = await registerCompany(db.app.run, ports(), caller, asking());
  await expect(registerCompany(db.app.run, ports(), caller, asking(first.company.handle))).rejects.toBeInstanceOf(
    HandleTaken,
  );
  const known = await db.admin<{ id: string }[]>`select company_id as id from companies`;
  expect(await rowsOutside(known.map(({ id }) => id))).toEqual([]);
});

test('ten registrations of one handle at once make one company', async () => {
  const input = asking();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, () => registerCompany(db.app.run, ports(), caller, input)),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await db.admin`select 1 from companies where handle = ${input.company.handle}`).toHaveLength(1);
});

test('where registration is closed nobody registers, invited or not', async () => {
  const input = asking();
  const invitation = writeInvitation({ handle: input.company.handle, email: input.owner.email }, new Date());
  const closed = registerCompany(db.app.run, ports('closed'), caller, { ...input, invitation });
  await expect(closed).rejects.toBeInstanceOf(RegistrationClosed);
});

test('where it is by invitation, the invitation opens it for its handle and address, in its time, once', async () => {
  const input = asking();
  const invitation = writeInvitation({ handle: input.company.handle, email: 'ADA@example.com' }, new Date());
  const by = (more: Partial<RegistrationInput>, clock = systemClock) =>
    registerCompany(db.app.run, ports('invite', clock), caller, { ...input, invitation, ...more });
  await expect(by({ invitation: undefined })).rejects.toBeInstanceOf(InvitationNeeded);
  await expect(by({ invitation: `${invitation}x` })).rejects.toBeInstanceOf(InvitationNeeded);
  await expect(by({ company: asking().company })).rejects.toBeInstanceOf(InvitationNeeded);
  await expect(by({ owner: { ...input.owner, email: 'eve@example.com' } })).rejects.toBeInstanceOf(InvitationNeeded);
  const tooLate = () => new Date(Date.now() + (INVITATION_DAYS * 86_400 + 1) * 1000);
  await expect(by({}, tooLate)).rejects.toBeInstanceOf(InvitationNeeded);
  await by({});
  await expect(by({})).rejects.toBeInstanceOf(HandleTaken);
});

test('registrations are counted by address before anything expensive happens', async () => {
  const counted = ports();
  await registerCompany(db.app.run, counted, caller, asking());
  expect(counted.attempts.counted).toEqual(['registration address:127.0.0.1']);
});

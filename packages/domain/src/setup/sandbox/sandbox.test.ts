import { expect, test } from 'vitest';
import { roleIdOf } from '../../company/iam/roles.service.ts';
import { mintKey } from '../../identity/api-keys/api-keys.service.ts';
import { readKey } from '../../identity/api-keys/key-form.ts';
import { verifyPassword } from '../../identity/passwords/password-hash.ts';
import { createStaff } from '../../identity/staff/staff.service.ts';
import { systemClock } from '../../kernel/clock.ts';
import { type Session, systemSession } from '../../kernel/ctx.ts';
import { type CompanyId, decodeSuffix, type Id, newId, suffixOf } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { countingAttempts, fakeAccessTokens } from '../../testing/ports.ts';
import '../declarations/declarations.ts';
import { registerCompany } from '../registration/registration.flow.ts';
import { SandboxAccountDisabled, SandboxOfSandbox } from './sandbox.errors.ts';
import { openSandbox } from './sandbox.flow.ts';
import { sandboxIdOf } from './sandbox-id.ts';

const db = useDatabase();
const ports = {
  accessTokens: fakeAccessTokens,
  attempts: countingAttempts(),
  clock: systemClock,
  policy: 'open' as const,
};
let count = 0;

async function given() {
  count += 1;
  const { company, staff } = await registerCompany(
    db.app.run,
    ports,
    { requestId: 'test' },
    {
      company: {
        name: 'Adire House',
        handle: `adire-${count}`,
        country: 'NG',
        currency: 'NGN',
        timezone: 'Africa/Lagos',
      },
      owner: { name: 'Ada Obi', email: 'ada@example.com', password: 'correct horse battery' },
    },
  );
  return { company, owner: as(company.id, staff.id) };
}
const as = (companyId: CompanyId, id: Id<'stf'>): Session => ({
  ...systemSession(companyId, 'test'),
  actor: { type: 'staff', id },
});

test('a sandbox is a company of its own, in test mode, and its keys say so', async () => {
  const { company, owner } = await given();
  const sandbox = await openSandbox(db.app.run, ports, owner);
  expect(sandbox.company).toMatchObject({
    id: sandboxIdOf(company.id),
    mode: 'test',
    handle: `${company.handle}-test`,
    parentCompanyId: company.id,
  });
  expect(sandbox.staff.email).toBe('ada@example.com');
  const { key } = await db.app.run(systemSession(sandbox.company.id, 'test'), (ctx) =>
    mintKey(ctx, { name: 'x', type: 'publishable', scopes: ['store.read'] }),
  );
  expect(readKey(key)).toMatchObject({ mode: 'test', companyId: sandbox.company.id });
});

test('asking again, also ten times at once, opens the same sandbox', async () => {
  const { owner } = await given();
  const opened = await Promise.all(Array.from({ length: 10 }, () => openSandbox(db.app.run, ports, owner)));
  const again = await openSandbox(db.app.run, ports, owner);
  expect(new Set([...opened, again].map(({ company }) => company.id)).size).toBe(1);
  expect(await db.admin`select 1 from staff where company_id = ${again.company.id}`).toHaveLength(1);
});

test('a second owner ten times at once is one second owner', async () => {
  const { company, owner } = await given();
  await openSandbox(db.app.run, ports, owner);
  const second = await db.app.run(systemSession(company.id, 'test'), async (ctx) =>
    createStaff(ctx, {
      name: 'Bola',
      email: 'bola@example.com',
      passwordHash: 'x',
      roleIds: [await roleIdOf(ctx, 'owner')],
    }),
  );
  const opened = await Promise.all(
    Array.from({ length: 10 }, () => openSandbox(db.app.run, ports, as(company.id, second.id))),
  );
  expect(new Set(opened.map(({ staff }) => staff.id)).size).toBe(1);
});

test('the password of the live company opens nothing in the sandbox', async () => {
  const { owner } = await given();
  const { staff } = await openSandbox(db.app.run, ports, owner);
  const [row] = await db.admin<{ hash: string }[]>`select password_hash as hash from staff where id = ${staff.id}`;
  expect(await verifyPassword(row?.hash, 'correct horse battery')).toBe(false);
});

test('who was disabled in the sandbox stays out', async () => {
  const { owner } = await given();
  const { staff } = await openSandbox(db.app.run, ports, owner);
  await db.admin`update staff set status = 'disabled' where id = ${staff.id}`;
  await expect(openSandbox(db.app.run, ports, owner)).rejects.toBeInstanceOf(SandboxAccountDisabled);
});

test('a second person of the company becomes a second owner there', async () => {
  const { company, owner } = await given();
  await openSandbox(db.app.run, ports, owner);
  const second = await db.app.run(systemSession(company.id, 'test'), async (ctx) =>
    createStaff(ctx, {
      name: 'Bola',
      email: 'bola@example.com',
      passwordHash: 'x',
      roleIds: [await roleIdOf(ctx, 'owner')],
    }),
  );
  const sandbox = await openSandbox(db.app.run, ports, as(company.id, second.id));
  expect(sandbox.staff.email).toBe('bola@example.com');
  expect(await db.admin`select 1 from staff where company_id = ${sandbox.company.id}`).toHaveLength(2);
});

test('a sandbox has no sandbox', async () => {
  const { owner } = await given();
  const sandbox = await openSandbox(db.app.run, ports, owner);
  await expect(openSandbox(db.app.run, ports, as(sandbox.company.id, sandbox.staff.id))).rejects.toBeInstanceOf(
    SandboxOfSandbox,
  );
});

test('the derived id is a UUIDv7 that keeps the time of its company', () => {
  const company = newId('com');
  const [parent, derived] = [decodeSuffix(suffixOf(company)), decodeSuffix(suffixOf(sandboxIdOf(company)))];
  expect(derived.subarray(0, 6)).toEqual(parent.subarray(0, 6));
  expect([(derived[6] ?? 0) >> 4, (derived[8] ?? 0) >> 6]).toEqual([7, 2]);
  expect(sandboxIdOf(company)).toBe(sandboxIdOf(company));
  expect(sandboxIdOf(company)).not.toBe(company);
});

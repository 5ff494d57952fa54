import { expect, test } from 'vitest';
import { type Session, systemSession } from '../../kernel/ctx.ts';
import { NotFound, VersionStale } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { useDatabase } from '../../testing/database.ts';
import { newCompany } from './companies.contract.ts';
import { CompanyStatusConflict, HandleTaken } from './companies.errors.ts';
import {
  closeCompany,
  createCompany,
  getCompany,
  resumeCompany,
  suspendCompany,
  updateCompany,
} from './companies.service.ts';
import { claimHandle, companyIdByHandle } from './company-handles.service.ts';
import { sandboxHandle } from './handle-words.ts';

const db = useDatabase();
const shop = { name: 'Ada Fabrics', country: 'NG', currency: 'NGN', timezone: 'Africa/Lagos' };
const given = () => systemSession(newId('com'), 'test');
const handleOf = (session: Session) => session.companyId.slice(4);
const create = (session: Session, handle = handleOf(session)) =>
  db.app.run(session, (ctx) => createCompany(ctx, { ...shop, handle }));

test('a new company is active and live, in the directory under its handle, audited and announced', async () => {
  const session = given();
  const company = await create(session);
  expect(company).toMatchObject({
    id: session.companyId,
    ...shop,
    status: 'active',
    mode: 'live',
    version: 1,
    parentCompanyId: null,
  });
  expect(await db.app.unscoped((tx) => companyIdByHandle(tx, ` ${company.handle.toUpperCase()} `))).toBe(
    session.companyId,
  );
  expect(await db.admin`select action from audit_entries where company_id = ${session.companyId}`).toEqual([
    { action: 'company.created' },
  ]);
  expect(await db.admin`select type, sequence, data from events where company_id = ${session.companyId}`).toEqual([
    { type: 'company.created', sequence: 1, data: { company } },
  ]);
});

test('of companies that claim one handle at once, one is made and the others leave nothing', async () => {
  const sessions = [given(), given(), given(), given()];
  const outcomes = await Promise.allSettled(sessions.map((session) => create(session, 'one-of-a-kind')));
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(HandleTaken);
  expect(await db.admin`select 1 from companies where handle = 'one-of-a-kind'`).toHaveLength(1);
});

test('claiming a handle of one’s own again is fine, and a rolled back claim frees it', async () => {
  const session = given();
  await create(session);
  await db.app.run(session, async (ctx) => {
    await claimHandle(ctx.tx, handleOf(session), session.companyId);
    ctx.audit({ action: 'handle.claimed', entity: { type: 'company', id: session.companyId } });
  });
  const late = given();
  const undone = db.app.run(late, async (ctx) => {
    await createCompany(ctx, { ...shop, handle: 'changed-my-mind' });
    throw new Error('undone');
  });
  await expect(undone).rejects.toThrow('undone');
  await expect(create(given(), 'changed-my-mind')).resolves.toBeDefined();
});

test('a company moves along its life cycle and no other way, and asking twice changes nothing', async () => {
  const session = given();
  await create(session);
  const run = (work: Parameters<typeof db.app.run<unknown>>[1]) => db.app.run(session, work);
  db.committed.length = 0;
  await run((ctx) => suspendCompany(ctx, 'unpaid since March'));
  expect(db.committed).toEqual([{ companyId: session.companyId, touched: true, nudged: true }]);
  expect(
    await db.app.run({ ...session, actor: { type: 'staff', id: newId('stf') } }, (ctx) => suspendCompany(ctx, 'again')),
  ).toMatchObject({ version: 2 });
  expect(await run(resumeCompany)).toMatchObject({ status: 'active' });
  expect(await run(closeCompany)).toMatchObject({ status: 'closed' });
  await expect(run(resumeCompany)).rejects.toBeInstanceOf(CompanyStatusConflict);
  await expect(run((ctx) => suspendCompany(ctx, 'x'))).rejects.toBeInstanceOf(CompanyStatusConflict);
  const events =
    await db.admin`select type, sequence from events where company_id = ${session.companyId} order by sequence`;
  expect(events.map((row) => row['type'])).toEqual([
    'company.created',
    'company.suspended',
    'company.resumed',
    'company.closed',
  ]);
  expect(JSON.stringify(await db.admin`select data from events where company_id = ${session.companyId}`)).not.toContain(
    'unpaid',
  );
});

test('of two changes that read the same version one wins; a change of nothing is none', async () => {
  const session = given();
  await create(session);
  const rename = (name: string) => db.app.run(session, (ctx) => updateCompany(ctx, { name }, 1));
  const outcomes = await Promise.allSettled([rename('One'), rename('Two')]);
  expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(VersionStale);
  const staff: Session = { ...session, actor: { type: 'staff', id: newId('stf') } };
  expect(await db.app.run(staff, (ctx) => updateCompany(ctx, { country: 'NG' }))).toMatchObject({ version: 2 });
});

test('a company that is not there is not found, and one company never sees another', async () => {
  const [a, b] = [given(), given()];
  await create(a);
  await expect(db.app.run(b, getCompany)).rejects.toBeInstanceOf(NotFound);
  await expect(db.app.run(b, (ctx) => updateCompany(ctx, { name: 'x' }))).rejects.toBeInstanceOf(NotFound);
});

test('handles are 3 to 40 small letters, digits and single dashes, and never one of ours', () => {
  const accepts = (handle: string) => newCompany.safeParse({ ...shop, handle }).success;
  for (const handle of ['abc', 'a-1', 'ada-fabrics', '1st-shop', 'a'.repeat(40)])
    expect([handle, accepts(handle)]).toEqual([handle, true]);
  const wrong = [
    '',
    'ab',
    'a'.repeat(41),
    'Ada',
    '-ada',
    'ada-',
    'a--b',
    'ada.shop',
    'ada_shop',
    'ädä',
    'admin',
    'www',
    'ada-test',
    'a b',
    'ada\0',
  ];
  for (const handle of wrong) expect([handle, accepts(handle)]).toEqual([handle, false]);
  expect(sandboxHandle('ada')).toBe('ada-test');
  expect(sandboxHandle('a'.repeat(40))).not.toBe(sandboxHandle(`${'a'.repeat(39)}b`));
});

test('countries, currencies and time zones are those of the lists, in their own spelling', () => {
  const accepts = (change: object) => newCompany.safeParse({ ...shop, handle: 'abc', ...change }).success;
  for (const change of [{ country: 'GB' }, { currency: 'JPY' }, { timezone: 'Europe/London' }, { timezone: 'UTC' }])
    expect(accepts(change)).toBe(true);
  for (const change of [
    { country: 'UK' },
    { country: 'ng' },
    { country: 'XX' },
    { currency: 'ngn' },
    { currency: 'XYZ' },
    { timezone: 'Mars/Olympus' },
    { timezone: '+01:00' },
    { timezone: '' },
    { extra: 1 },
  ]) {
    expect([change, accepts(change)]).toEqual([change, false]);
  }
});

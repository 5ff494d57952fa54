import { expect, test } from 'vitest';
import { InvalidInput } from '../../kernel/errors.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop, PASSWORD, visitor, warmUp } from '../../testing/people.ts';
import { countingAttempts, limitedAttempts } from '../../testing/ports.ts';
import { addressKey, TooManyAttempts } from '../sessions/attempts.ts';
import { disableStaff } from '../sessions/disablement.service.ts';
import { listSessions, openSession } from '../sessions/sessions.service.ts';
import { credentialsOf } from '../staff/credentials.service.ts';
import { verifyPassword } from './password-hash.ts';
import { ResetRefused, WrongPassword } from './passwords.errors.ts';
import { changeOwnPassword, requestPasswordReset, resetForgottenPassword } from './passwords.flow.ts';

const db = useDatabase();
const ports = { attempts: countingAttempts() };
const NEW = 'eleven paper boats';

async function given() {
  const shop = await givenShop(db);
  const person = await shop.hire('owner');
  const opened = await db.app.run(shop.system, (ctx) => openSession(ctx, person.id));
  const elsewhere = await db.app.run(shop.system, (ctx) => openSession(ctx, person.id));
  const session = await shop.as(person, opened.sessionId);
  const openSessions = async () => {
    const page = await db.app.run(session, (ctx) => listSessions(ctx, person.id, { limit: 20 }));
    return page.data.map(({ id }) => id);
  };
  const passwordIs = async (password: string) =>
    verifyPassword((await db.app.run(shop.system, (ctx) => credentialsOf(ctx, person.id))).passwordHash, password);
  const change = (currentPassword: string, newPassword: string) =>
    changeOwnPassword(db.app.run, ports, session, { currentPassword, newPassword });
  const ask = (company = shop.handle, email = person.email) =>
    requestPasswordReset(db.app.run, { ...ports, unscoped: db.app.unscoped }, visitor, { company, email });
  const mailed = async () =>
    (await shop.eventsOf(person.id))
      .filter(({ type }) => type === 'staff.password_reset_requested')
      .map((event) => String(event.privately.token));
  return { shop, person, session, opened, elsewhere, openSessions, passwordIs, change, ask, mailed };
}

const reset = (token: string, password = NEW) =>
  resetForgottenPassword(db.app.run, ports, visitor, { token, password });

test("changing one's password needs the present one, ends the other sessions and keeps this one", async () => {
  const { shop, person, opened, openSessions, passwordIs, change } = await given();
  await expect(change('not my password', NEW)).rejects.toBeInstanceOf(WrongPassword);
  expect(await openSessions()).toHaveLength(2);
  await change(PASSWORD, NEW);
  expect(await passwordIs(NEW)).toBe(true);
  expect(await openSessions()).toEqual([opened.sessionId]);
  expect(await shop.auditOf(person.id)).toEqual(['staff.created', 'session.all_ended', 'staff.password_changed']);
  expect((await shop.eventsOf(person.id)).map(({ type }) => type)).toEqual(['staff.created', 'staff.password_changed']);
});

test('two changes at once from the same present password: one is made', async () => {
  await warmUp(db);
  const { passwordIs, change } = await given();
  const done = await Promise.allSettled([change(PASSWORD, NEW), change(PASSWORD, 'nine copper spoons')]);
  expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect([await passwordIs(NEW), await passwordIs('nine copper spoons')].filter(Boolean)).toHaveLength(1);
});

test('a weak new password is refused', async () => {
  const { shop, passwordIs, change } = await given();
  for (const weak of ['password1', shop.handle])
    await expect(change(PASSWORD, weak)).rejects.toBeInstanceOf(InvalidInput);
  expect(await passwordIs(PASSWORD)).toBe(true);
});

test('what a unit of work looked up to check a password is never kept as an idempotent answer', async () => {
  const { shop, session } = await given();
  const claim = { key: 'k1', route: 'PUT /v1/me/password', digest: 'd' };
  const wrong = { currentPassword: 'wrong', newPassword: NEW };
  await changeOwnPassword(db.app.run, ports, { ...session, idempotency: claim }, wrong).catch(() => undefined);
  expect(await db.admin`select 1 from idempotency_keys where company_id = ${shop.companyId}`).toHaveLength(0);
});

test('a forgotten password: the token in the mail sets a new one, ends all sessions and opens none', async () => {
  const { shop, person, openSessions, passwordIs, ask, mailed } = await given();
  await ask();
  const [token = ''] = await mailed();
  await reset(token);
  expect(await passwordIs(NEW)).toBe(true);
  expect(await openSessions()).toEqual([]);
  expect(await shop.auditOf(person.id)).toContain('staff.password_reset');
});

test('a reset token is good once, also for ten at the same moment', async () => {
  await warmUp(db);
  const { ask, mailed } = await given();
  await ask();
  const [token = ''] = await mailed();
  const done = await Promise.allSettled(Array.from({ length: 10 }, () => reset(token)));
  expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const result of done) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(ResetRefused);
});

test('only the newest reset token is good, for thirty minutes, and not after the password was changed', async () => {
  const { ask, mailed, change, passwordIs } = await given();
  await ask();
  await ask();
  const [first = '', second = ''] = await mailed();
  await expect(reset(first)).rejects.toBeInstanceOf(ResetRefused);
  await db.admin`update password_resets set expires_at = expires_at - interval '30 minutes'`;
  await expect(reset(second)).rejects.toBeInstanceOf(ResetRefused);
  await ask();
  await change(PASSWORD, 'nine copper spoons');
  await expect(reset((await mailed()).at(-1) ?? '')).rejects.toBeInstanceOf(ResetRefused);
  expect(await passwordIs('nine copper spoons')).toBe(true);
});

test('nobody learns from a reset request who exists: unknown shop, unknown address and disabled person are all silent', async () => {
  const { shop, person, ask, mailed } = await given();
  await shop.hire('owner').then(async (boss) => db.app.run(await shop.as(boss), (ctx) => disableStaff(ctx, person.id)));
  expect(await ask('no-such-shop')).toBeUndefined();
  expect(await ask(shop.handle, 'nobody@example.com')).toBeUndefined();
  expect(await ask()).toBeUndefined();
  expect(await mailed()).toEqual([]);
  expect(await db.admin`select 1 from password_resets where company_id = ${shop.companyId}`).toHaveLength(0);
});

test('asking for an account too often gets the same silence and no more mail; whoever it belongs to can still ask', async () => {
  const { shop, person, mailed } = await given();
  const attempts = limitedAttempts();
  const ask = (ip: string) =>
    requestPasswordReset(
      db.app.run,
      { attempts, unscoped: db.app.unscoped },
      { ...visitor, ip },
      {
        company: shop.handle,
        email: person.email,
      },
    );
  for (let i = 0; i < 7; i++) expect(await ask('198.51.100.9')).toBeUndefined();
  expect(await mailed()).toHaveLength(5);
  expect(await ask('192.0.2.1')).toBeUndefined();
  expect(await mailed()).toHaveLength(6);
  for (let i = 0; i < 19; i++) await ask(`203.0.113.${i}`);
  expect(await mailed()).toHaveLength(20); // from everywhere together
});

test('a network that asks for many accounts is told to wait, and nobody is mailed when nothing can be counted', async () => {
  const { shop, person, mailed } = await given();
  const attempts = limitedAttempts();
  const ask = (email: string) =>
    requestPasswordReset(db.app.run, { attempts, unscoped: db.app.unscoped }, visitor, { company: shop.handle, email });
  for (let i = 0; i < 30; i++) await attempts.consume('password_reset', addressKey(visitor.ip));
  await expect(ask(person.email)).rejects.toBeInstanceOf(TooManyAttempts);
  attempts.consume = async (_kind, key) => {
    if (key.startsWith('account:')) throw new Error('down');
  };
  await expect(ask(person.email)).rejects.toThrow('down');
  expect(await mailed()).toEqual([]);
});

test('a reset token carried to another company, junk, and one of a person disabled since are refused', async () => {
  const { shop, person, ask, mailed } = await given();
  await ask();
  const [token = ''] = await mailed();
  const other = await givenShop(db);
  const elsewhere = token.replace(/_[0-9a-z]{26}_/, `_${other.companyId.slice(4)}_`);
  for (const bad of [elsewhere, 'x', token.replace('_pwr_', '_rt_')])
    await expect(reset(bad)).rejects.toBeInstanceOf(ResetRefused);
  await shop.hire('owner').then(async (boss) => db.app.run(await shop.as(boss), (ctx) => disableStaff(ctx, person.id)));
  await expect(reset(token)).rejects.toBeInstanceOf(ResetRefused);
});

import argon2 from 'argon2';
import { Secret, TOTP } from 'otpauth';
import { beforeEach, expect, test } from 'vitest';
import { closeCompany, suspendCompany } from '../../company/companies/companies.service.ts';
import type { Run, RunUnscoped } from '../../kernel/ctx.ts';
import { DomainError } from '../../kernel/errors.ts';
import { useMasterKeys } from '../../kernel/sealing.ts';
import { useDatabase } from '../../testing/database.ts';
import { givenShop, PASSWORD, visitor, warmUp } from '../../testing/people.ts';
import { countingAttempts, fakeAccessTokens, limitedAttempts } from '../../testing/ports.ts';
import { isOutdated, PasswordsBusy, verifyPassword } from '../passwords/password-hash.ts';
import { WrongPassword } from '../passwords/passwords.errors.ts';
import { changeOwnPassword, requestPasswordReset, resetForgottenPassword } from '../passwords/passwords.flow.ts';
import { accountKey, addressKey, TooManyAttempts } from '../sessions/attempts.ts';
import { disableStaff } from '../sessions/disablement.service.ts';
import { listSessions } from '../sessions/sessions.service.ts';
import { credentialsOf } from '../staff/credentials.service.ts';
import { type LoginPorts, login, loginWithCode } from './login.flow.ts';
import { writeChallenge } from './mfa-challenge.ts';
import { LoginRefused, MfaRefused, TwoFactorOff, TwoFactorOn, WrongCode } from './two-factor.errors.ts';
import { replaceRecoveryCodes, setUpTwoFactor, turnOffTwoFactor, turnOnTwoFactor } from './two-factor.flow.ts';
import { resealTwoFactor, twoFactorStatusOf } from './two-factor.service.ts';

const db = useDatabase();
const PERIOD_MS = 30_000;

let ports: LoginPorts;
beforeEach(() => {
  ports = { unscoped: db.app.unscoped, accessTokens: fakeAccessTokens, attempts: countingAttempts() };
});

async function given() {
  const shop = await givenShop(db);
  const person = await shop.hire('owner');
  const enter = (more: object = {}) =>
    login(db.app.run, ports, visitor, { company: shop.handle, email: person.email, password: PASSWORD, ...more });
  const session = await shop.as(person);
  return { shop, person, session, enter };
}

async function tokensFrom(result: ReturnType<typeof login>) {
  const answer = await result;
  if ('mfa' in answer) throw new Error('a second step is asked for');
  return answer;
}

async function challengeFrom(result: ReturnType<typeof login>) {
  const answer = await result;
  if (!('mfa' in answer)) throw new Error('no second step is asked for');
  return answer.mfa.token;
}

async function givenTwoFactor() {
  const made = await given();
  const { secret, url } = await setUpTwoFactor(db.app.run, ports, made.session, PASSWORD);
  const totp = new TOTP({ secret: Secret.fromBase32(secret) });
  const codeAt = (steps: number) => totp.generate({ timestamp: Date.now() + steps * PERIOD_MS });
  const { recoveryCodes } = await turnOnTwoFactor(db.app.run, ports, made.session, codeAt(-1));
  const second = (token: string, code: string) => loginWithCode(db.app.run, ports, visitor, { token, code });
  return { ...made, secret, url, totp, codeAt, recoveryCodes, second };
}

test("a right login opens a session, answers with tokens, and is written down as the person's own", async () => {
  const { shop, person, session, enter } = await given();
  const { staff, tokens } = await tokensFrom(
    enter({ email: person.email.toUpperCase(), company: shop.handle.toUpperCase() }),
  );
  expect(staff.id).toBe(person.id);
  expect(staff.lastLoginAt).not.toBeNull();
  const claims = await fakeAccessTokens.verify(tokens.accessToken);
  const { data } = await db.app.run(session, (ctx) => listSessions(ctx, person.id, { limit: 5 }));
  expect(data).toMatchObject([{ id: claims?.sessionId, ip: visitor.ip, userAgent: visitor.userAgent }]);
  const [note] =
    await db.admin`select actor_type, actor_id, ip from audit_entries where action = 'staff.logged_in' and entity_id = ${person.id}`;
  expect(note).toEqual({ actor_type: 'staff', actor_id: person.id, ip: visitor.ip });
});

test('every wrong login gets the same answer, byte by byte', async () => {
  const { shop, person, enter } = await given();
  const disabled = await shop.hire('support');
  await db.app.run(shop.system, (ctx) => disableStaff(ctx, disabled.id));
  const closed = await given();
  await db.app.run(closed.shop.system, closeCompany);
  const tries = [
    { password: 'not my password' },
    { company: 'no-such-shop' },
    { email: 'nobody@example.com' },
    { email: disabled.email },
    { company: closed.shop.handle, email: closed.person.email },
    { company: closed.shop.handle },
    { password: '' },
  ];
  const answers = new Set<string>();
  for (const more of tries) {
    const error = await enter(more).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LoginRefused);
    if (error instanceof DomainError)
      answers.add(JSON.stringify([error.status, error.code, error.message, error.faults, error.retryAfterSeconds]));
  }
  expect(answers.size).toBe(1);
  expect(await db.admin`select 1 from staff_sessions where staff_id in (${person.id}, ${disabled.id})`).toHaveLength(0);
});

test('every wrong login costs the same units of work', async () => {
  const { shop, person } = await given();
  const cost = async (more: object) => {
    const spent: string[] = [];
    const run: Run = (session, work) => {
      spent.push('run');
      return db.app.run(session, work);
    };
    const unscoped: RunUnscoped = (work) => {
      spent.push('unscoped');
      return db.app.unscoped(work);
    };
    const input = { company: shop.handle, email: person.email, password: 'not my password', ...more };
    await expect(login(run, { ...ports, unscoped }, visitor, input)).rejects.toBeInstanceOf(LoginRefused);
    return spent;
  };
  const wrong = await cost({});
  expect(wrong).toEqual(['unscoped', 'run']);
  expect(await cost({ company: 'no-such-shop' })).toEqual(wrong);
  expect(await cost({ email: 'nobody@example.com' })).toEqual(wrong);
});

test('an account that does not exist waits in the same queue for the same hash', async () => {
  const { enter } = await given();
  let isFlooded = true;
  const flood = Array.from({ length: 60 }, async () => {
    while (isFlooded) {
      // Whoever had a turn takes the next place at once, so that none is ever free; whoever had none waits a moment.
      await verifyPassword(undefined, PASSWORD).catch(() => new Promise((resolve) => setImmediate(resolve)));
    }
  });
  try {
    for (const more of [{ company: 'no-such-shop' }, { email: 'nobody@example.com' }, { password: 'wrong' }]) {
      await expect(enter(more)).rejects.toBeInstanceOf(PasswordsBusy);
    }
  } finally {
    isFlooded = false;
    await Promise.all(flood);
  }
});

test('staff of a suspended company log in; those of a closed one do not', async () => {
  const { shop, enter } = await given();
  await db.app.run(shop.system, (ctx) => suspendCompany(ctx, 'a test'));
  await tokensFrom(enter());
  await db.app.run(shop.system, closeCompany);
  await expect(enter()).rejects.toBeInstanceOf(LoginRefused);
});

test('the same address and password in another company is another person', async () => {
  const [a, b] = [await givenShop(db), await givenShop(db)];
  const [inA, inB] = [await a.hire('owner', 'ada@example.com'), await b.hire('owner', 'ada@example.com')];
  const enter = (company: string) =>
    tokensFrom(login(db.app.run, ports, visitor, { company, email: 'ada@example.com', password: PASSWORD }));
  expect([(await enter(a.handle)).staff.id, (await enter(b.handle)).staff.id]).toEqual([inA.id, inB.id]);
});

test('after ten wrong passwords the right one is refused as well, before anything is hashed, and it is written down once', async () => {
  const { shop, person, enter } = await given();
  ports.attempts = limitedAttempts();
  for (let i = 0; i < 10; i++) await expect(enter({ password: 'wrong' })).rejects.toBeInstanceOf(LoginRefused);
  for (let i = 0; i < 3; i++) await expect(enter()).rejects.toBeInstanceOf(TooManyAttempts);
  expect((await shop.auditOf(person.id)).filter((action) => action === 'login.throttled')).toHaveLength(1);
});

test('a stranger with wrong passwords does not lock the owner of the account out', async () => {
  const { shop, person, enter } = await given();
  ports.attempts = limitedAttempts();
  const input = { company: shop.handle, email: person.email, password: 'wrong' };
  const from = (ip: string, more: object = {}) => login(db.app.run, ports, { ...visitor, ip }, { ...input, ...more });
  for (let i = 0; i < 30; i++) await expect(from('198.51.100.9')).rejects.toBeInstanceOf(DomainError);
  await expect(from('198.51.100.9', { password: PASSWORD })).rejects.toBeInstanceOf(TooManyAttempts);
  await tokensFrom(enter());
});

test('an account guessed at from many networks at once is closed after a hundred tries, and not written down without end', async () => {
  const { shop, person, enter } = await given();
  ports.attempts = limitedAttempts();
  let checked = 0;
  const run: Run = (session, work) => {
    checked += 1;
    return db.app.run(session, work);
  };
  for (let i = 0; i < 100; i++) await ports.attempts.consume('login', accountKey(shop.handle, person.email));
  const input = { company: shop.handle, email: person.email, password: 'wrong' };
  for (let i = 0; i < 30 * 11; i++) {
    const from = { ...visitor, ip: `198.51.100.${i % 30}` };
    await expect(login(run, ports, from, input)).rejects.toBeInstanceOf(TooManyAttempts);
  }
  await expect(enter()).rejects.toBeInstanceOf(TooManyAttempts);
  const notes = (await shop.auditOf(person.id)).filter((action) => action === 'login.throttled');
  expect(notes.length).toBe(checked);
  expect(checked).toBeLessThanOrEqual(10);
});

test('an account that does not exist is throttled exactly like one that does', async () => {
  const { enter } = await given();
  ports.attempts = limitedAttempts();
  const answers: unknown[] = [];
  for (const more of [{ password: 'wrong' }, { email: 'nobody@example.com' }, { company: 'no-such-shop' }]) {
    const codes: string[] = [];
    for (let i = 0; i < 12; i++)
      codes.push(
        await enter(more).then(
          () => 'in',
          (error: DomainError) => error.message,
        ),
      );
    answers.push(codes);
  }
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
});

test('a right password forgives the wrong ones before it, but never the address', async () => {
  const { enter } = await given();
  ports.attempts = limitedAttempts();
  for (let i = 0; i < 9; i++) await expect(enter({ password: 'wrong' })).rejects.toBeInstanceOf(LoginRefused);
  await tokensFrom(enter());
  for (let i = 0; i < 9; i++) await expect(enter({ password: 'wrong' })).rejects.toBeInstanceOf(LoginRefused);
  await tokensFrom(enter());
  for (let i = 0; i < 79; i++) await ports.attempts.consume('login', addressKey(visitor.ip));
  await expect(enter({ email: 'a@example.com' })).rejects.toBeInstanceOf(LoginRefused); // the hundredth from here
  await expect(enter({ email: 'b@example.com' })).rejects.toBeInstanceOf(TooManyAttempts);
});

test('a counter that cannot count lets nobody in', async () => {
  const { enter } = await given();
  ports.attempts = { consume: () => Promise.reject(new Error('down')), forgive: async () => undefined };
  await expect(enter()).rejects.toThrow('down');
});

test('a hash made with weaker parameters is replaced by the next login', async () => {
  const { shop, person, enter } = await given();
  const weak = await argon2.hash(PASSWORD, { type: argon2.argon2id, memoryCost: 8192, timeCost: 1, parallelism: 1 });
  await db.admin`update staff set password_hash = ${weak} where id = ${person.id}`;
  await tokensFrom(enter());
  const { passwordHash } = await db.app.run(shop.system, (ctx) => credentialsOf(ctx, person.id));
  expect([passwordHash === weak, isOutdated(passwordHash)]).toEqual([false, false]);
  await tokensFrom(enter());
});

test('with two-factor login on, the password alone gives no token of any use', async () => {
  const { person, enter } = await givenTwoFactor();
  const answer = await enter();
  expect(Object.keys(answer)).toEqual(['mfa']);
  expect(await db.admin`select 1 from staff_sessions where staff_id = ${person.id}`).toHaveLength(0);
});

test('password and code together open a session', async () => {
  const { person, enter, codeAt, second } = await givenTwoFactor();
  const { staff } = await second(await challengeFrom(enter()), codeAt(0));
  expect(staff).toMatchObject({ id: person.id, hasTwoFactor: true });
});

test('a code is good once: not again in a second login, not for two at once, not an older one after it', async () => {
  await warmUp(db);
  const { enter, codeAt, second } = await givenTwoFactor();
  const challenges = [await challengeFrom(enter()), await challengeFrom(enter()), await challengeFrom(enter())];
  const code = codeAt(0);
  const done = await Promise.allSettled(challenges.map((token) => second(token, code)));
  expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await expect(second(challenges[0] ?? '', code)).rejects.toBeInstanceOf(MfaRefused);
  await expect(second(challenges[0] ?? '', codeAt(-1))).rejects.toBeInstanceOf(MfaRefused);
  await second(challenges[0] ?? '', codeAt(1));
});

test('a code from two steps away is refused', async () => {
  const { enter, codeAt, second } = await givenTwoFactor();
  const token = await challengeFrom(enter());
  for (const steps of [-3, 3]) await expect(second(token, codeAt(steps))).rejects.toBeInstanceOf(MfaRefused);
});

test('a recovery code opens a session once, however it is written', async () => {
  await warmUp(db);
  const { shop, person, session, enter, recoveryCodes, second } = await givenTwoFactor();
  expect(new Set(recoveryCodes).size).toBe(10);
  const code = recoveryCodes[3]?.toUpperCase().replaceAll('-', ' ') ?? '';
  const done = await Promise.allSettled([
    second(await challengeFrom(enter()), code),
    second(await challengeFrom(enter()), code),
  ]);
  expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await db.app.run(session, (ctx) => twoFactorStatusOf(ctx, person.id))).toEqual({
    enabled: true,
    recoveryCodesLeft: 9,
  });
  expect(await shop.auditOf(person.id)).toContain('two_factor.recovery_code_used');
});

test('the token between the steps is for this company and person, until the password changes, for five minutes', async () => {
  const { shop, person, session, enter, codeAt, second } = await givenTwoFactor();
  const token = await challengeFrom(enter());
  const other = await givenShop(db);
  const elsewhere = token.replace(/_[0-9a-z]{26}_/, `_${other.companyId.slice(4)}_`);
  const edited = `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`;
  for (const bad of [elsewhere, edited, 'x', ''])
    await expect(second(bad, codeAt(0))).rejects.toBeInstanceOf(MfaRefused);
  const { passwordHash, nowMs } = await db.app.run(shop.system, (ctx) => credentialsOf(ctx, person.id));
  const made = (secondsAgo: number) =>
    writeChallenge(shop.companyId, { staffId: person.id, passwordHash, nowMs: nowMs - secondsAgo * 1000 });
  await expect(second(made(301), codeAt(0))).rejects.toBeInstanceOf(MfaRefused);
  await second(made(280), codeAt(0));
  await changeOwnPassword(db.app.run, ports, session, { currentPassword: PASSWORD, newPassword: 'eleven paper boats' });
  await expect(second(token, codeAt(1))).rejects.toBeInstanceOf(MfaRefused);
});

test('codes cannot be guessed: after ten the right one is refused too, however often the login begins anew', async () => {
  const { enter, codeAt, second } = await givenTwoFactor();
  ports.attempts = limitedAttempts();
  for (let i = 0; i < 10; i++)
    await expect(second(await challengeFrom(enter()), '000000')).rejects.toBeInstanceOf(MfaRefused);
  await expect(second(await challengeFrom(enter()), codeAt(0))).rejects.toBeInstanceOf(TooManyAttempts);
});

test('a reset password does not get around the second factor', async () => {
  const { shop, person, enter } = await givenTwoFactor();
  await requestPasswordReset(db.app.run, ports, visitor, { company: shop.handle, email: person.email });
  const token = String((await shop.eventsOf(person.id)).at(-1)?.privately.token);
  await resetForgottenPassword(db.app.run, ports, visitor, { token, password: 'eleven paper boats' });
  expect(Object.keys(await enter({ password: 'eleven paper boats' }))).toEqual(['mfa']);
});

test('two-factor login is set up with the password, confirmed with a code, and its secret is only stored sealed', async () => {
  const { person, session } = await given();
  await expect(setUpTwoFactor(db.app.run, ports, session, 'wrong')).rejects.toBeInstanceOf(WrongPassword);
  await expect(turnOnTwoFactor(db.app.run, ports, session, '123456')).rejects.toBeInstanceOf(TwoFactorOff);
  const { secret, url } = await setUpTwoFactor(db.app.run, ports, session, PASSWORD);
  expect(decodeURIComponent(url)).toContain(`otpauth://totp/Adire House:${person.email}`);
  const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate();
  const wrong = code === '000000' ? '000001' : '000000';
  await expect(turnOnTwoFactor(db.app.run, ports, session, wrong)).rejects.toBeInstanceOf(WrongCode);
  const { recoveryCodes } = await turnOnTwoFactor(db.app.run, ports, session, code);
  await expect(setUpTwoFactor(db.app.run, ports, session, PASSWORD)).rejects.toBeInstanceOf(TwoFactorOn);
  const [row] = await db.admin`
    select (select json_agg(s)::text from staff s where id = ${person.id})
      || (select json_agg(r)::text from recovery_codes r where staff_id = ${person.id})
      || (select json_agg(a)::text from audit_entries a where entity_id = ${person.id}) as everything`;
  for (const shown of [secret, ...recoveryCodes]) expect(row?.['everything']).not.toContain(shown);
});

test('turning it off needs both factors, and then the password is enough again', async () => {
  const { shop, person, session, enter, codeAt, recoveryCodes } = await givenTwoFactor();
  const off = (password: string, code: string) => turnOffTwoFactor(db.app.run, ports, session, { password, code });
  await expect(off('wrong', codeAt(0))).rejects.toBeInstanceOf(WrongPassword);
  await expect(off(PASSWORD, 'aaaa-bbbb-cccc-dddd')).rejects.toBeInstanceOf(WrongCode);
  await off(PASSWORD, codeAt(0));
  await tokensFrom(enter());
  await expect(off(PASSWORD, recoveryCodes[0] ?? '')).rejects.toBeInstanceOf(TwoFactorOff);
  const actions = await shop.auditOf(person.id);
  expect(actions.filter((action) => action.startsWith('two_factor'))).toEqual([
    'two_factor.started',
    'two_factor.enabled',
    'two_factor.disabled',
  ]);
});

test('new recovery codes make the old ones worthless', async () => {
  const { session, enter, codeAt, recoveryCodes, second } = await givenTwoFactor();
  const fresh = await replaceRecoveryCodes(db.app.run, ports, session, { password: PASSWORD, code: codeAt(0) });
  await expect(second(await challengeFrom(enter()), recoveryCodes[0] ?? '')).rejects.toBeInstanceOf(MfaRefused);
  await second(await challengeFrom(enter()), fresh.recoveryCodes[0] ?? '');
});

test('after the secrets are sealed anew and the old master key is dropped, the second step still works', async () => {
  const { shop, person, enter, codeAt, second } = await givenTwoFactor();
  const [old, fresh] = [['test', Buffer.alloc(32, 7)] as const, ['fresh', Buffer.alloc(32, 9)] as const];
  useMasterKeys(new Map([fresh, old]));
  const reseal = () => db.app.run(shop.system, (ctx) => resealTwoFactor(ctx));
  expect(await reseal()).toEqual({ resealed: 1, unreadable: [], next: undefined });
  expect(await reseal()).toEqual({ resealed: 0, unreadable: [], next: undefined });
  useMasterKeys(new Map([fresh]));
  try {
    const { staff } = await second(await challengeFrom(enter()), codeAt(0));
    expect(staff.id).toBe(person.id);
    expect(await shop.auditOf(person.id)).toContain('two_factor.resealed');
  } finally {
    useMasterKeys(new Map([old]));
  }
});

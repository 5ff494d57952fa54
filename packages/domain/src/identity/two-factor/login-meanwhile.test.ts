import { Secret, TOTP } from 'otpauth';
import { expect, test } from 'vitest';
import { useDatabase } from '../../testing/database.ts';
import { givenShop, PASSWORD } from '../../testing/people.ts';
import { countingAttempts } from '../../testing/ports.ts';
import { changeOwnPassword } from '../passwords/passwords.flow.ts';
import { disableStaff } from '../sessions/disablement.service.ts';
import { listSessions, openSession } from '../sessions/sessions.service.ts';
import { credentialsOf } from '../staff/credentials.service.ts';
import { completeLogin } from './login.service.ts';
import { LoginRefused } from './two-factor.errors.ts';
import { setUpTwoFactor, turnOnTwoFactor } from './two-factor.flow.ts';

// What happens between the check of a password, which is outside any transaction, and the session it opens.

const db = useDatabase();
const ports = { attempts: countingAttempts() };

async function given() {
  const shop = await givenShop(db);
  const person = await shop.hire('owner');
  const { passwordHash: verified } = await db.app.run(shop.system, (ctx) => credentialsOf(ctx, person.id));
  const complete = () => db.app.run(shop.system, (ctx) => completeLogin(ctx, person.id, { verified }));
  const session = await shop.as(person);
  const sessions = async () =>
    (await db.app.run(session, (ctx) => listSessions(ctx, person.id, { limit: 20 }))).data.map(({ id }) => id);
  return { shop, person, session, complete, sessions };
}

async function turnOn(session: Awaited<ReturnType<typeof given>>['session']) {
  const { secret } = await setUpTwoFactor(db.app.run, ports, session, PASSWORD);
  await turnOnTwoFactor(db.app.run, ports, session, new TOTP({ secret: Secret.fromBase32(secret) }).generate());
}

test('a login whose password was checked opens a session if nothing happened meanwhile', async () => {
  const { complete, sessions } = await given();
  const { opened } = await complete();
  expect(await sessions()).toEqual([opened.sessionId]);
});

test('a password that was changed after it was checked opens nothing', async () => {
  const { session, complete, sessions } = await given();
  await changeOwnPassword(db.app.run, ports, session, { currentPassword: PASSWORD, newPassword: 'eleven paper boats' });
  await expect(complete()).rejects.toBeInstanceOf(LoginRefused);
  expect(await sessions()).toEqual([]);
});

test('a password that was checked just before two-factor login was turned on is not enough any more', async () => {
  const { session, complete, sessions } = await given();
  await turnOn(session);
  await expect(complete()).rejects.toBeInstanceOf(LoginRefused);
  expect(await sessions()).toEqual([]);
});

test('a person who was disabled after the check stays out', async () => {
  const { shop, person, complete, sessions } = await given();
  const boss = await shop.as(await shop.hire('owner'));
  await db.app.run(boss, (ctx) => disableStaff(ctx, person.id));
  await expect(complete()).rejects.toBeInstanceOf(LoginRefused);
  expect(await sessions()).toEqual([]);
});

test('turning two-factor login on ends the sessions that a password alone opened, and keeps the one it is done in', async () => {
  const { shop, person, sessions } = await given();
  const open = () => db.app.run(shop.system, (ctx) => openSession(ctx, person.id));
  const [here] = [await open(), await open(), await open()];
  await turnOn(await shop.as(person, here.sessionId));
  expect(await sessions()).toEqual([here.sessionId]);
});

import { companyIdByHandle } from '../../company/companies/company-handles.service.ts';
import { lookingOnly, type Run, type RunUnscoped, type Session } from '../../kernel/ctx.ts';
import { newId } from '../../kernel/ids.ts';
import { isAskedTooOften } from '../sessions/account-tries.ts';
import { type Attempts, addressKey, subjectKey } from '../sessions/attempts.ts';
import { readToken } from '../sessions/opaque-token.ts';
import { steadily } from '../sessions/steady-answer.ts';
import { staffIdOf, type Visitor, visitorIn } from '../sessions/visitor.ts';
import { type Credentials, credentialsOf } from '../staff/credentials.service.ts';
import { hashPassword, verifyPassword } from './password-hash.ts';
import { refuseWeakPassword } from './password-rules.ts';
import type { PasswordChange, PasswordReset, PasswordResetRequest } from './passwords.contract.ts';
import { ResetRefused, WrongPassword } from './passwords.errors.ts';
import { changePassword, requestReset, resetPassword, resetSubject } from './passwords.service.ts';

interface Ports {
  attempts: Attempts;
}

/**
 * Asks a signed-in person for their password again and gives their credentials back. Counted like logins, so that a stolen
 * access token is no way to guess. Throws `WrongPassword` at `pointer`, `TooManyAttempts`.
 */
export async function confirmPassword(
  run: Run,
  { attempts }: Ports,
  session: Session,
  given: { password: string; pointer: string },
): Promise<Credentials> {
  const staffId = staffIdOf(session);
  const counter = subjectKey(session.companyId, staffId);
  await attempts.consume('login', counter);
  const credentials = await run(lookingOnly(session), (ctx) => credentialsOf(ctx, staffId));
  if (!(await verifyPassword(credentials.passwordHash, given.password))) throw new WrongPassword(given.pointer);
  await attempts.forgive('login', counter);
  return credentials;
}

/** Changes one's own password; the other sessions end. Throws `WrongPassword`, `InvalidInput` (weak), `TooManyAttempts`. */
export async function changeOwnPassword(
  run: Run,
  ports: Ports,
  session: Session,
  input: PasswordChange,
): Promise<void> {
  const present = { password: input.currentPassword, pointer: '/currentPassword' };
  const { staffId, passwordHash: verified, email, companyHandle } = await confirmPassword(run, ports, session, present);
  refuseWeakPassword(input.newPassword, { handle: companyHandle, email }, '/newPassword');
  const passwordHash = await hashPassword(input.newPassword);
  await run(session, (ctx) => changePassword(ctx, staffId, { verified, passwordHash }));
}

/**
 * Sends a way back to whoever has this address, if anybody has. Answers nothing, and takes the same time, for every
 * company and address, and also when this account was asked for too often: a stranger who asks in its owner's place must
 * not get them an error; they find the mails of before. Throws `TooManyAttempts` for a network that asks too often.
 */
export async function requestPasswordReset(
  run: Run,
  { unscoped, attempts }: Ports & { unscoped: RunUnscoped },
  visitor: Visitor,
  { company, email }: PasswordResetRequest,
): Promise<void> {
  await attempts.consume('password_reset', addressKey(visitor.ip));
  await steadily(async () => {
    if (await isAskedTooOften(attempts, 'password_reset', { shop: company, email, ip: visitor.ip })) return;
    const companyId = await unscoped((tx) => companyIdByHandle(tx, company));
    // An unknown company is looked into as well: an id of nobody's finds no row.
    await run(visitorIn(companyId ?? newId('com'), visitor), (ctx) => requestReset(ctx, email));
  });
}

/** Sets a new password with the token from the mail. Logs nobody in. Throws `ResetRefused`, `InvalidInput` (weak). */
export async function resetForgottenPassword(
  run: Run,
  { attempts }: Ports,
  visitor: Visitor,
  input: PasswordReset,
): Promise<void> {
  await attempts.consume('password_reset', addressKey(visitor.ip));
  const read = readToken('pwr', input.token);
  if (!read) throw new ResetRefused();
  const session = visitorIn(read.companyId, visitor);
  // Looked at before hashing: a made-up token must not cost a hash.
  const { email, companyHandle } = await run(session, (ctx) => resetSubject(ctx, read.hash));
  refuseWeakPassword(input.password, { handle: companyHandle, email }, '/password');
  const passwordHash = await hashPassword(input.password);
  await run(session, (ctx) => resetPassword(ctx, read.hash, passwordHash));
}

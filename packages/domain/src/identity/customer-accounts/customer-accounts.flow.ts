import { getCompany } from '../../company/companies/companies.service.ts';
import { lookingOnly, type Run, type Session } from '../../kernel/ctx.ts';
import { confirmCustomerPassword } from '../customer-sessions/customer-login.flow.ts';
import { customerIdOf } from '../customers/customer-actor.ts';
import type { CustomerView, NewCustomer } from '../customers/customers.contract.ts';
import { hashPassword, verifyPassword } from '../passwords/password-hash.ts';
import { refuseWeakPassword } from '../passwords/password-rules.ts';
import type { PasswordChange } from '../passwords/passwords.contract.ts';
import { WrongPassword } from '../passwords/passwords.errors.ts';
import { isAskedTooOften } from '../sessions/account-tries.ts';
import { type Attempts, addressAtKey, subjectKey } from '../sessions/attempts.ts';
import { steadily } from '../sessions/steady-answer.ts';
import type {
  CustomerEmailChange,
  CustomerErasure,
  CustomerPasswordReset,
  CustomerRegistration,
  CustomerResetRequest,
  CustomerVerification,
} from './customer-accounts.contract.ts';
import { linkHash } from './customer-links.service.ts';
import {
  changeCustomerPassword,
  customerResetSubject,
  requestCustomerReset,
  resetCustomerPassword,
} from './customer-passwords.service.ts';
import { requestEmailChange } from './email-change.service.ts';
import { type Eraser, eraseCustomer } from './personal-data.service.ts';
import { createCustomer, registerCustomer } from './registration.service.ts';
import { sendVerification, verificationSubject, verifyCustomer, type WhenVerified } from './verification.service.ts';

interface Ports {
  attempts: Attempts;
}
interface VerifyingPorts extends Ports {
  /** What later modules do in the same unit of work once an address is proved. */
  whenVerified: readonly WhenVerified[];
}

/**
 * Registers a customer at the shop of this session. Answers nothing, and takes the same time, whether or not the address
 * has an account, and also when it was asked for too often. Throws `InvalidInput` (weak password), `TooManyAttempts` for a
 * network that asks too often, `PasswordsBusy`.
 */
export async function signUpCustomer(
  run: Run,
  { attempts }: Ports,
  session: Session,
  { password, ...about }: CustomerRegistration,
): Promise<void> {
  await attempts.consume('customer_registration', addressAtKey(session.companyId, session.ip));
  const { handle } = await run(lookingOnly(session), getCompany);
  refuseWeakPassword(password, { handle, email: about.email }, '/password');
  const passwordHash = await hashPassword(password);
  const account = { shop: session.companyId, email: about.email, ip: session.ip };
  await steadily(async () => {
    if (await isAskedTooOften(attempts, 'customer_registration', account)) return;
    await run(session, (ctx) => registerCustomer(ctx, about, passwordHash));
  });
}

/** Makes a customer's account in their place; they are invited by mail. Counted by company. Throws as `createCustomer`. */
export async function inviteCustomer(
  run: Run,
  { attempts }: Ports,
  session: Session,
  input: NewCustomer,
): Promise<CustomerView> {
  await attempts.consume('customer_invite', subjectKey('customer_invite', session.companyId));
  return run(session, (ctx) => createCustomer(ctx, input));
}

/**
 * Proves an address with the token from a mail, of which `verifyCustomer` says when it counts. A password is counted like
 * those of logins. Throws `CustomerLinkRefused`, `PasswordNeeded`, `WrongPassword`, `TooManyAttempts`, `PasswordsBusy`.
 */
export async function confirmEmail(
  run: Run,
  { attempts, whenVerified }: VerifyingPorts,
  session: Session,
  { token, password }: CustomerVerification,
): Promise<void> {
  await attempts.consume('customer_mail', addressAtKey(session.companyId, session.ip));
  const proof = password === undefined ? undefined : await provedBy(run, { attempts }, session, { token, password });
  await run(session, async (ctx) => {
    const verified = await verifyCustomer(ctx, token, proof);
    for (const work of whenVerified) await work(ctx, verified);
  });
}

/** The hash that the password beside a link was checked against; undefined where the link is good no more. */
async function provedBy(
  run: Run,
  { attempts }: Ports,
  session: Session,
  { token, password }: { token: string; password: string },
): Promise<string | undefined> {
  const person = await run(lookingOnly(session), (ctx) => verificationSubject(ctx, token));
  if (!person) return undefined;
  const counter = subjectKey(session.companyId, person.customerId);
  await attempts.consume('customer_login', counter);
  if (!(await verifyPassword(person.passwordHash, password))) throw new WrongPassword('/password');
  await attempts.forgive('customer_login', counter);
  return person.passwordHash;
}

/** Sends a logged-in customer the mail of their registration again. Throws `TooManyAttempts`. */
export async function verifyAgain(run: Run, { attempts }: Ports, session: Session): Promise<void> {
  const customerId = customerIdOf(session);
  await attempts.consume('customer_mail', subjectKey(session.companyId, customerId));
  await run(session, (ctx) => sendVerification(ctx, customerId));
}

/** Sends a way back to whoever has this address, if anybody has; answers as `signUpCustomer` does. */
export async function requestCustomerPasswordReset(
  run: Run,
  { attempts }: Ports,
  session: Session,
  { email }: CustomerResetRequest,
): Promise<void> {
  await attempts.consume('customer_mail', addressAtKey(session.companyId, session.ip));
  await steadily(async () => {
    const account = { shop: session.companyId, email, ip: session.ip };
    if (await isAskedTooOften(attempts, 'customer_mail', account)) return;
    await run(session, (ctx) => requestCustomerReset(ctx, email));
  });
}

/** Sets a password with the token from a mail. Logs nobody in. Throws `CustomerLinkRefused`, `InvalidInput` (weak). */
export async function resetForgottenCustomerPassword(
  run: Run,
  { attempts, whenVerified }: VerifyingPorts,
  session: Session,
  { token, password }: CustomerPasswordReset,
): Promise<void> {
  await attempts.consume('customer_mail', addressAtKey(session.companyId, session.ip));
  const hash = linkHash(session, token);
  // Looked at before hashing: a made-up token must not cost a hash.
  const { email, companyHandle } = await run(lookingOnly(session), (ctx) => customerResetSubject(ctx, hash));
  refuseWeakPassword(password, { handle: companyHandle, email }, '/password');
  const passwordHash = await hashPassword(password);
  await run(session, async (ctx) => {
    const verified = await resetCustomerPassword(ctx, hash, passwordHash);
    for (const work of whenVerified) await work(ctx, verified);
  });
}

/** Changes one's own password; the other sessions end. Throws `WrongPassword`, `InvalidInput` (weak), `TooManyAttempts`. */
export async function changeOwnCustomerPassword(
  run: Run,
  ports: Ports,
  session: Session,
  input: PasswordChange,
): Promise<void> {
  const present = { password: input.currentPassword, pointer: '/currentPassword' };
  const { customerId, passwordHash: verified, ...about } = await confirmCustomerPassword(run, ports, session, present);
  refuseWeakPassword(input.newPassword, { handle: about.companyHandle, email: about.email }, '/newPassword');
  const passwordHash = await hashPassword(input.newPassword);
  await run(session, (ctx) => changeCustomerPassword(ctx, customerId, { verified, passwordHash }));
}

/**
 * Asks for another address: a mail goes there. Says nothing of whether it is somebody else's. Throws `WrongPassword`,
 * `EmailUnchanged`, `TooManyAttempts`.
 */
export async function changeOwnEmail(
  run: Run,
  ports: Ports,
  session: Session,
  { email, password }: CustomerEmailChange,
): Promise<void> {
  const { customerId } = await confirmCustomerPassword(run, ports, session, { password, pointer: '/password' });
  await ports.attempts.consume('customer_mail', subjectKey(session.companyId, customerId));
  await steadily(() => run(session, (ctx) => requestEmailChange(ctx, customerId, email)));
}

/** Erases oneself. Throws `WrongPassword`, `TooManyAttempts`. */
export async function eraseOneself(
  run: Run,
  ports: Ports & { erasers: readonly Eraser[] },
  session: Session,
  { password }: CustomerErasure,
): Promise<void> {
  const { customerId } = await confirmCustomerPassword(run, ports, session, { password, pointer: '/password' });
  // Noted in the audit log, unlike what else customers do to their own; without what says from where.
  const unseen = { ...session, isShopper: false, ip: undefined, userAgent: undefined };
  await run(unseen, (ctx) => eraseCustomer(ctx, customerId, ports.erasers));
}

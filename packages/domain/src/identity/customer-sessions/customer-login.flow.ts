import { type Ctx, lookingOnly, type Run, type Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { emailKey } from '../../kernel/text.ts';
import { customerIdOf } from '../customers/customer-actor.ts';
import { isOutdated, rehash, verifyPassword } from '../passwords/password-hash.ts';
import { WrongPassword } from '../passwords/passwords.errors.ts';
import { countLogin, forgiveLogin } from '../sessions/account-tries.ts';
import { type Attempts, subjectKey } from '../sessions/attempts.ts';
import { readToken } from '../sessions/opaque-token.ts';
import type { RefreshInput, Tokens } from '../sessions/sessions.contract.ts';
import { RefreshRefused } from '../sessions/sessions.errors.ts';
import {
  type CustomerCredentials,
  customerCredentialsByEmail,
  customerCredentialsOf,
} from './customer-credentials.service.ts';
import type { CustomerLoggedIn, CustomerLogin } from './customer-sessions.contract.ts';
import { CustomerLoginRefused } from './customer-sessions.errors.ts';
import { completeCustomerLogin, rotateCustomerToken } from './customer-sessions.service.ts';
import type { CustomerClaims, CustomerTokens } from './customer-tokens.ts';

interface Ports {
  attempts: Attempts;
  customerTokens: CustomerTokens;
}

interface LoginPorts extends Ports {
  /** What later modules do in the same unit of work for whoever has proved their address: since then guests may have used it. */
  whenVerified?: readonly ((ctx: Ctx, verified: { customerId: Id<'cus'>; emailKey: string }) => Promise<void>)[];
}

/**
 * Logs a customer in at the shop whose key the session has. Every wrong login does the same work and gets the same answer,
 * `CustomerLoginRefused`. Throws `TooManyAttempts` before anything is hashed, and `PasswordsBusy`.
 */
export async function logInCustomer(
  run: Run,
  { attempts, customerTokens, whenVerified = [] }: LoginPorts,
  session: Session,
  { email, password }: CustomerLogin,
): Promise<CustomerLoggedIn> {
  const { companyId } = session;
  const account = { shop: companyId, email, ip: session.ip };
  await countLogin(attempts, 'customer_login', account, async () => undefined);
  const person = await run(lookingOnly(session), (ctx) => customerCredentialsByEmail(ctx, email));
  const isRight = await verifyPassword(person?.mayLogIn ? person.passwordHash : undefined, password);
  if (!isRight || !person) throw new CustomerLoginRefused();
  await forgiveLogin(attempts, 'customer_login', account);
  const { customerId, passwordHash: verified } = person;
  const rehashed = isOutdated(verified) ? await rehash(password) : undefined;
  const { customer, opened } = await run(session, async (ctx) => {
    const done = await completeCustomerLogin(ctx, customerId, { verified, rehashed });
    const proved = { customerId, emailKey: emailKey(done.customer.email) };
    if (done.customer.isEmailVerified) for (const work of whenVerified) await work(ctx, proved);
    return done;
  });
  const claims = { companyId, customerId, sessionId: opened.sessionId };
  return { customer, tokens: await tokensOf(customerTokens, claims, opened.refreshToken) };
}

/** Exchanges a refresh token for new tokens. Throws `RefreshRefused`, whatever is wrong with it; also in another shop. */
export async function refreshCustomer(
  run: Run,
  { customerTokens }: Pick<Ports, 'customerTokens'>,
  session: Session,
  { refreshToken }: RefreshInput,
): Promise<{ tokens: Tokens }> {
  const { companyId } = session;
  const read = readToken('crt', refreshToken);
  if (read?.companyId !== companyId) throw new RefreshRefused();
  const rotation = await run(session, (ctx) => rotateCustomerToken(ctx, read.hash));
  // Only now: a throw inside would undo the end of a session whose token was stolen.
  if (rotation.outcome !== 'rotated') throw new RefreshRefused();
  const { customerId, sessionId } = rotation;
  const claims = { companyId, customerId, sessionId };
  return { tokens: await tokensOf(customerTokens, claims, rotation.refreshToken) };
}

/**
 * Asks a logged-in customer for their password again. Counted like logins, so that a stolen access token is no way to
 * guess. Throws `WrongPassword` at `pointer`, `TooManyAttempts`.
 */
export async function confirmCustomerPassword(
  run: Run,
  { attempts }: Pick<Ports, 'attempts'>,
  session: Session,
  given: { password: string; pointer: string },
): Promise<CustomerCredentials> {
  const customerId = customerIdOf(session);
  const counter = subjectKey(session.companyId, customerId);
  await attempts.consume('customer_login', counter);
  const credentials = await run(lookingOnly(session), (ctx) => customerCredentialsOf(ctx, customerId));
  if (!(await verifyPassword(credentials.passwordHash, given.password))) throw new WrongPassword(given.pointer);
  await attempts.forgive('customer_login', counter);
  return credentials;
}

// Signed here, outside any transaction.
async function tokensOf(customerTokens: CustomerTokens, claims: CustomerClaims, refreshToken: string): Promise<Tokens> {
  const { accessToken, expiresIn } = await customerTokens.sign(claims);
  return { accessToken, refreshToken, expiresIn };
}

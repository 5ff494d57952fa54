import { companyIdByHandle } from '../../company/companies/company-handles.service.ts';
import type { Run, RunUnscoped, Session } from '../../kernel/ctx.ts';
import { newId } from '../../kernel/ids.ts';
import { hashPassword, isOutdated, PasswordsBusy, verifyPassword } from '../passwords/password-hash.ts';
import type { AccessTokens } from '../sessions/access-tokens.ts';
import {
  type Attempts,
  accountFromKey,
  accountKey,
  addressKey,
  subjectKey,
  TooManyAttempts,
} from '../sessions/attempts.ts';
import { tokensOf } from '../sessions/sessions.flow.ts';
import { steadily } from '../sessions/steady-answer.ts';
import { knownAs, type Visitor, visitorIn } from '../sessions/visitor.ts';
import { credentialsByEmail } from '../staff/credentials.service.ts';
import { type CompletedLogin, completeLogin, completeMfa, noteThrottled } from './login.service.ts';
import { readChallenge, writeChallenge } from './mfa-challenge.ts';
import type { LoggedIn, LoginInput, LoginResult, MfaInput } from './two-factor.contract.ts';
import { LoginRefused, MfaRefused } from './two-factor.errors.ts';
import { codeCounter } from './two-factor.flow.ts';

export interface LoginPorts {
  unscoped: RunUnscoped;
  accessTokens: AccessTokens;
  attempts: Attempts;
}

/**
 * Logs somebody in by their shop's handle, email address and password; with two-factor login on, gives the token for the
 * second step instead. Every wrong login does the same work and gets the same answer, `LoginRefused`. Throws
 * `TooManyAttempts` before anything is hashed, and `PasswordsBusy`.
 */
export async function login(run: Run, ports: LoginPorts, visitor: Visitor, input: LoginInput): Promise<LoginResult> {
  await countLogin(run, ports, visitor, input);
  const session = await sessionFor(ports, visitor, input.company);
  const person = await run(session, (ctx) => credentialsByEmail(ctx, input.email));
  const isRight = await verifyPassword(person?.mayLogIn ? person.passwordHash : undefined, input.password);
  if (!isRight || !person) throw new LoginRefused();
  for (const counter of accountCounters(visitor, input)) await ports.attempts.forgive('login', counter);
  const { staffId, passwordHash: verified, totpSecret } = person;
  if (totpSecret !== null) return { mfa: { token: writeChallenge(session.companyId, person) } };
  const rehashed = isOutdated(verified) ? await rehash(input.password) : undefined;
  return answer(
    ports,
    session,
    await run(knownAs(session, staffId), (ctx) => completeLogin(ctx, staffId, { verified, rehashed })),
  );
}

/**
 * The second step of a login: a code of the app, or a recovery code. Throws `MfaRefused`, whatever is wrong, and
 * `TooManyAttempts`: the tries are counted for the person, however often they begin anew.
 */
export async function loginWithCode(run: Run, ports: LoginPorts, visitor: Visitor, input: MfaInput): Promise<LoggedIn> {
  await ports.attempts.consume('mfa', addressKey(visitor.ip));
  const challenge = readChallenge(input.token);
  if (!challenge) throw new MfaRefused();
  const counter = codeCounter(challenge.companyId, challenge.staffId);
  await ports.attempts.consume('mfa', counter);
  const session = visitorIn(challenge.companyId, visitor);
  const done = await run(knownAs(session, challenge.staffId), (ctx) => completeMfa(ctx, challenge, input.code));
  await ports.attempts.forgive('mfa', counter);
  return answer(ports, session, done);
}

// An unknown company is looked into as well: an id of nobody's finds no row, in the same time.
async function sessionFor({ unscoped }: LoginPorts, visitor: Visitor, handle: string): Promise<Session> {
  const companyId = await unscoped((tx) => companyIdByHandle(tx, handle));
  return visitorIn(companyId ?? newId('com'), visitor);
}

/** From this network first: whoever is refused there uses up nothing of the count that the account's owner shares. */
const accountCounters = ({ ip }: Visitor, { company, email }: LoginInput) => [
  accountFromKey(company, email, ip),
  accountKey(company, email),
];

async function countLogin(run: Run, ports: LoginPorts, visitor: Visitor, input: LoginInput): Promise<void> {
  await ports.attempts.consume('login', addressKey(visitor.ip));
  try {
    for (const counter of accountCounters(visitor, input)) await ports.attempts.consume('login', counter);
  } catch (error) {
    // Steadily: the audit note of a known account must not show in the time.
    if (error instanceof TooManyAttempts && error.isFirst) await steadily(() => noteFlood(run, ports, visitor, input));
    throw error;
  }
}

async function noteFlood(run: Run, ports: LoginPorts, visitor: Visitor, input: LoginInput): Promise<void> {
  // Counted as well: a flood from a thousand networks must not become a thousand audit notes.
  const notes = subjectKey('throttled', accountKey(input.company, input.email));
  if (await isSpent(ports.attempts, notes)) return;
  const session = await sessionFor(ports, visitor, input.company);
  await run(session, async (ctx) => {
    const person = await credentialsByEmail(ctx, input.email);
    if (person) noteThrottled(ctx, person.staffId);
  });
}

async function isSpent(attempts: Attempts, counter: string): Promise<boolean> {
  try {
    await attempts.consume('login', counter);
    return false;
  } catch (error) {
    if (error instanceof TooManyAttempts) return true;
    throw error;
  }
}

/** Better parameters can wait for a quieter moment. */
async function rehash(password: string): Promise<string | undefined> {
  return hashPassword(password).catch((error: unknown) => {
    if (error instanceof PasswordsBusy) return undefined;
    throw error;
  });
}

async function answer(
  { accessTokens }: LoginPorts,
  { companyId }: Session,
  { staff, opened }: CompletedLogin,
): Promise<LoggedIn> {
  return { staff, tokens: await tokensOf(accessTokens, { companyId, staffId: staff.id }, opened) };
}

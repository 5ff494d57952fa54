import { companyIdByHandle } from '../../company/companies/company-handles.service.ts';
import type { Run, RunUnscoped, Session } from '../../kernel/ctx.ts';
import { newId } from '../../kernel/ids.ts';
import { isOutdated, rehash, verifyPassword } from '../passwords/password-hash.ts';
import type { AccessTokens } from '../sessions/access-tokens.ts';
import { countLogin, forgiveLogin } from '../sessions/account-tries.ts';
import { type Attempts, addressKey } from '../sessions/attempts.ts';
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
  await countTry(run, ports, visitor, input);
  const session = await sessionFor(ports, visitor, input.company);
  const person = await run(session, (ctx) => credentialsByEmail(ctx, input.email));
  const isRight = await verifyPassword(person?.mayLogIn ? person.passwordHash : undefined, input.password);
  if (!isRight || !person) throw new LoginRefused();
  await forgiveLogin(ports.attempts, 'login', accountOf(visitor, input));
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

const accountOf = ({ ip }: Visitor, { company, email }: LoginInput) => ({ shop: company, email, ip });

const countTry = (run: Run, ports: LoginPorts, visitor: Visitor, input: LoginInput): Promise<void> =>
  // Steadily: the audit note of a known account must not show in the time.
  countLogin(ports.attempts, 'login', accountOf(visitor, input), () =>
    steadily(() => noteFlood(run, ports, visitor, input)),
  );

async function noteFlood(run: Run, ports: LoginPorts, visitor: Visitor, input: LoginInput): Promise<void> {
  const session = await sessionFor(ports, visitor, input.company);
  await run(session, async (ctx) => {
    const person = await credentialsByEmail(ctx, input.email);
    if (person) noteThrottled(ctx, person.staffId);
  });
}

async function answer(
  { accessTokens }: LoginPorts,
  { companyId }: Session,
  { staff, opened }: CompletedLogin,
): Promise<LoggedIn> {
  return { staff, tokens: await tokensOf(accessTokens, { companyId, staffId: staff.id }, opened) };
}

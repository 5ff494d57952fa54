import { hashPassword } from '../../identity/passwords/password-hash.ts';
import { refuseWeakPassword } from '../../identity/passwords/password-rules.ts';
import type { AccessTokens } from '../../identity/sessions/access-tokens.ts';
import { type Attempts, addressKey } from '../../identity/sessions/attempts.ts';
import { openSession } from '../../identity/sessions/sessions.service.ts';
import type { Clock } from '../../kernel/clock.ts';
import { type Run, systemSession } from '../../kernel/ctx.ts';
import { newId } from '../../kernel/ids.ts';
import { invites } from './invitations.ts';
import type { Registered, RegistrationInput } from './registration.contract.ts';
import { InvitationNeeded, RegistrationClosed } from './registration.errors.ts';
import { foundCompany } from './registration.service.ts';

export type RegistrationPolicy = 'open' | 'invite' | 'closed';

export interface RegistrationPorts {
  accessTokens: AccessTokens;
  attempts: Attempts;
  clock: Clock;
  policy: RegistrationPolicy;
}

/** Where a registration came from, for the audit log and the throttle. */
export interface Caller {
  requestId: string;
  ip?: string;
  userAgent?: string;
}

/**
 * Registers a company with its owner and logs the owner in. All rows are written in one transaction; a crash leaves
 * nothing. Throws `RegistrationClosed`, `InvitationNeeded`, `TooManyAttempts`, `HandleTaken`.
 */
export async function registerCompany(
  run: Run,
  ports: RegistrationPorts,
  caller: Caller,
  input: RegistrationInput,
): Promise<Registered> {
  refuseUninvited(ports, input);
  await ports.attempts.consume('registration', addressKey(caller.ip));
  const { password, email } = input.owner;
  refuseWeakPassword(password, { handle: input.company.handle, email }, '/owner/password');
  const passwordHash = await hashPassword(password); // before the transaction: it takes as long as a hundred queries
  const session = { ...systemSession(newId('com'), 'registration'), ...caller };
  const founded = await run(session, async (ctx) => {
    const parts = await foundCompany(ctx, input.company, { name: input.owner.name, email, passwordHash });
    return { ...parts, opened: await openSession(ctx, parts.staff.id) };
  });
  const { opened, ...parts } = founded;
  const access = await ports.accessTokens.sign({
    companyId: session.companyId,
    staffId: parts.staff.id,
    sessionId: opened.sessionId,
  });
  return { ...parts, tokens: { ...access, refreshToken: opened.refreshToken } } as Registered;
}

function refuseUninvited({ policy, clock }: RegistrationPorts, { company, owner, invitation }: RegistrationInput) {
  if (policy === 'closed') throw new RegistrationClosed();
  const isInvited =
    invitation !== undefined && invites(invitation, { handle: company.handle, email: owner.email }, clock());
  if (policy === 'invite' && !isInvited) throw new InvitationNeeded();
}

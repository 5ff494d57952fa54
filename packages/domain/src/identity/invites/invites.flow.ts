import type { Run, Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { hashPassword } from '../passwords/password-hash.ts';
import { refuseWeakPassword } from '../passwords/password-rules.ts';
import type { AccessTokens } from '../sessions/access-tokens.ts';
import { type Attempts, addressKey, subjectKey } from '../sessions/attempts.ts';
import { readToken } from '../sessions/opaque-token.ts';
import { tokensOf } from '../sessions/sessions.flow.ts';
import { type Visitor, visitorIn } from '../sessions/visitor.ts';
import type { LoggedIn } from '../two-factor/two-factor.contract.ts';
import { acceptInvite, invitedAddress, type KeyPermissions } from './acceptance.service.ts';
import type { InviteAcceptance, InviteView, NewInvite } from './invites.contract.ts';
import { InviteRefused } from './invites.errors.ts';
import { createInvite, resendInvite } from './invites.service.ts';

interface Ports {
  attempts: Attempts;
}

/** Invites somebody, by mail. Counted by company: it sends mail to addresses of the caller's choice. Throws as `createInvite`. */
export async function inviteStaff(run: Run, ports: Ports, session: Session, input: NewInvite): Promise<InviteView> {
  await countMail(ports, session);
  return run(session, (ctx) => createInvite(ctx, input));
}

/** Sends an invite again with a new token. Throws as `resendInvite`, and `TooManyAttempts`. */
export async function inviteAgain(run: Run, ports: Ports, session: Session, id: Id<'inv'>): Promise<InviteView> {
  await countMail(ports, session);
  return run(session, (ctx) => resendInvite(ctx, id));
}

/** Takes up an invite with the token from the mail and logs the new person in. Throws as `acceptInvite`, `InvalidInput` (weak). */
export async function takeUpInvite(
  run: Run,
  { attempts, accessTokens, keyPermissions }: Ports & { accessTokens: AccessTokens; keyPermissions: KeyPermissions },
  visitor: Visitor,
  input: InviteAcceptance,
): Promise<LoggedIn> {
  await attempts.consume('invite', addressKey(visitor.ip));
  const read = readToken('inv', input.token);
  if (!read) throw new InviteRefused();
  const session = visitorIn(read.companyId, visitor);
  // Looked at before hashing: a token that is worth nothing must not cost a hash.
  const { email, companyHandle } = await run(session, (ctx) => invitedAddress(ctx, read.hash));
  refuseWeakPassword(input.password, { handle: companyHandle, email }, '/password');
  const passwordHash = await hashPassword(input.password);
  const { staff, opened } = await run(session, (ctx) =>
    acceptInvite(ctx, read.hash, { name: input.name, passwordHash }, keyPermissions),
  );
  const who = { companyId: read.companyId, staffId: staff.id };
  return { staff, tokens: await tokensOf(accessTokens, who, opened) };
}

const countMail = ({ attempts }: Ports, session: Session) =>
  attempts.consume('invite', subjectKey('invite', session.companyId));

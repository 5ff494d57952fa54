import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { type OpenedSession, openSession } from '../sessions/sessions.service.ts';
import { lockCredentials, recordLogin } from '../staff/credentials.service.ts';
import type { StaffView } from '../staff/staff.contract.ts';
import { getStaff } from '../staff/staff.service.ts';
import { isStillGood, type readChallenge } from './mfa-challenge.ts';
import { LoginRefused, MfaRefused } from './two-factor.errors.ts';
import { spendCode } from './two-factor.service.ts';

export interface CompletedLogin {
  staff: StaffView;
  opened: OpenedSession;
}

/**
 * Opens the session of somebody whose password was checked against `verified`, outside the transaction. Throws
 * `LoginRefused` if the password, the person's or the company's status, or two-factor login changed meanwhile.
 */
export async function completeLogin(
  ctx: Ctx,
  staffId: Id<'stf'>,
  { verified, rehashed }: { verified: string; rehashed?: string },
): Promise<CompletedLogin> {
  const person = await lockCredentials(ctx, staffId);
  if (!person.mayLogIn || person.passwordHash !== verified || person.totpSecret !== null) throw new LoginRefused();
  return open(ctx, staffId, rehashed);
}

/** Opens the session of somebody who showed the second factor as well. Throws `MfaRefused`. */
export async function completeMfa(
  ctx: Ctx,
  challenge: NonNullable<ReturnType<typeof readChallenge>>,
  code: string,
): Promise<CompletedLogin> {
  const person = await lockCredentials(ctx, challenge.staffId);
  if (!person.mayLogIn || !isStillGood(challenge, person) || !(await spendCode(ctx, person, code)))
    throw new MfaRefused();
  return open(ctx, challenge.staffId);
}

/** Notes that logins of an account are being refused for their number; once for each time that begins. */
export function noteThrottled(ctx: Ctx, staffId: Id<'stf'>): void {
  ctx.audit({ action: 'login.throttled', entity: { type: 'staff', id: staffId } });
}

async function open(ctx: Ctx, staffId: Id<'stf'>, rehashed?: string): Promise<CompletedLogin> {
  await recordLogin(ctx, staffId, rehashed);
  const opened = await openSession(ctx, staffId);
  ctx.audit({
    action: 'staff.logged_in',
    entity: { type: 'staff', id: staffId },
    after: { sessionId: opened.sessionId },
  });
  return { staff: await getStaff(ctx, staffId), opened };
}

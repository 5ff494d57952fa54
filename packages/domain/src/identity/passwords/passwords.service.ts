import { and, eq, gt, isNull, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { mine } from '../../kernel/tables.ts';
import { makeToken } from '../sessions/opaque-token.ts';
import { endSessions } from '../sessions/sessions.service.ts';
import { credentialsByEmail, credentialsOf, lockCredentials, storePasswordHash } from '../staff/credentials.service.ts';
import { nextEventOf } from '../staff/staff.service.ts';
import { ResetRefused, WrongPassword } from './passwords.errors.ts';
import { passwordChanged, passwordResetRequested } from './passwords.events.ts';
import { passwordResets } from './passwords.schema.ts';

/** OWASP Forgot Password Cheat Sheet: short-lived, single use. */
const RESET_MINUTES = 30;

/**
 * Replaces one's own password and ends one's other sessions. `verified` is the hash the present password was checked
 * against, outside the transaction: if it is not the stored one any more, somebody was faster. Throws `WrongPassword`.
 */
export async function changePassword(
  ctx: Ctx,
  staffId: Id<'stf'>,
  change: { verified: string; passwordHash: string },
): Promise<void> {
  const { passwordHash: stored } = await lockCredentials(ctx, staffId);
  if (stored !== change.verified) throw new WrongPassword('/currentPassword');
  await storePasswordHash(ctx, staffId, change.passwordHash);
  await voidResets(ctx, staffId);
  await endSessions(ctx, staffId, 'password', ctx.staffSessionId);
  await announceChange(ctx, staffId, 'staff.password_changed');
}

/** Opens a way back for whoever has this address; does nothing if nobody may log in with it. The older ways are closed. */
export async function requestReset(ctx: Ctx, email: string): Promise<void> {
  const person = await credentialsByEmail(ctx, email);
  if (!person?.mayLogIn) return;
  const { staffId } = person;
  await voidResets(ctx, staffId);
  const { token, hash } = makeToken('pwr', ctx.companyId);
  const [made] = await ctx.tx
    .insert(passwordResets)
    .values({
      companyId: ctx.companyId,
      id: newId('pwr'),
      staffId,
      tokenHash: hash,
      expiresAt: sql`now() + make_interval(mins => ${RESET_MINUTES})`,
    })
    .returning();
  if (!made) throw new Error('an insert of a password reset returned no row');
  ctx.audit({ action: 'staff.password_reset_requested', entity: { type: 'staff', id: staffId } });
  const { sequence, view } = await nextEventOf(ctx, staffId);
  await emit(ctx, passwordResetRequested, {
    aggregate: { id: staffId, sequence },
    data: { staff: view },
    privately: { token, expiresAt: made.expiresAt },
  });
}

/** Whose password a token would reset, before anything is hashed. Throws `ResetRefused`. */
export async function resetSubject(ctx: Ctx, hash: string): Promise<{ email: string; companyHandle: string }> {
  const [open] = await ctx.tx
    .select({ staffId: passwordResets.staffId })
    .from(passwordResets)
    .where(mine(ctx, passwordResets, isUsable(hash)));
  if (!open) throw new ResetRefused();
  const person = await credentialsOf(ctx, open.staffId);
  if (!person.mayLogIn) throw new ResetRefused();
  return { email: person.email, companyHandle: person.companyHandle };
}

/**
 * Uses up the token, stores the new password and ends all sessions. Opens none: two-factor login stays in force. Throws
 * `ResetRefused`; of two at once one gets through.
 */
export async function resetPassword(ctx: Ctx, hash: string, passwordHash: string): Promise<void> {
  const [used] = await ctx.tx
    .update(passwordResets)
    .set({ usedAt: sql`now()` })
    .where(mine(ctx, passwordResets, isUsable(hash)))
    .returning({ staffId: passwordResets.staffId });
  if (!used) throw new ResetRefused();
  const { mayLogIn } = await lockCredentials(ctx, used.staffId);
  if (!mayLogIn) throw new ResetRefused();
  await storePasswordHash(ctx, used.staffId, passwordHash);
  await voidResets(ctx, used.staffId);
  await endSessions(ctx, used.staffId, 'password');
  await announceChange(ctx, used.staffId, 'staff.password_reset');
}

const isUsable = (hash: string) =>
  and(eq(passwordResets.tokenHash, hash), isNull(passwordResets.usedAt), gt(passwordResets.expiresAt, sql`now()`));

async function voidResets(ctx: Ctx, staffId: Id<'stf'>): Promise<void> {
  await ctx.tx
    .update(passwordResets)
    .set({ usedAt: sql`now()` })
    .where(mine(ctx, passwordResets, eq(passwordResets.staffId, staffId), isNull(passwordResets.usedAt)));
}

async function announceChange(ctx: Ctx, staffId: Id<'stf'>, action: string): Promise<void> {
  ctx.audit({ action, entity: { type: 'staff', id: staffId } });
  const { sequence, view } = await nextEventOf(ctx, staffId);
  await emit(ctx, passwordChanged, { aggregate: { id: staffId, sequence }, data: { staff: view } });
}

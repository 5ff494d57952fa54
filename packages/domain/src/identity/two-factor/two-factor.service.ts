import { and, asc, count, eq, gt, isNull, or, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { currentMasterKey, currentSealPrefix, SealBroken, seal, unseal } from '../../kernel/sealing.ts';
import { mine } from '../../kernel/tables.ts';
import { endSessions } from '../sessions/sessions.service.ts';
import {
  type Credentials,
  credentialsOf,
  lockCredentials,
  storeTotp,
  useTotpStep,
} from '../staff/credentials.service.ts';
import type { StaffEvent } from '../staff/staff.events.ts';
import { staff } from '../staff/staff.schema.ts';
import { nextEventOf } from '../staff/staff.service.ts';
import { hashRecoveryCode, newRecoveryCodes, newTotpSecret, stepOf, totpUrl } from './one-time-codes.ts';
import type { RecoveryCodesShown, TwoFactorSetup, TwoFactorStatus } from './two-factor.contract.ts';
import { TwoFactorOff, TwoFactorOn, WrongCode } from './two-factor.errors.ts';
import { twoFactorDisabled, twoFactorEnabled } from './two-factor.events.ts';
import { recoveryCodes } from './two-factor.schema.ts';

type StaffId = Id<'stf'>;
type Column = 'totp_secret' | 'totp_pending';

/** People whose secrets are sealed anew in one unit of work: well within its time. */
const RESEALED_AT_ONCE = 200;

/** What one batch of `resealTwoFactor` did. */
export interface ResealedBatch {
  resealed: number;
  /** People with a secret that does not open: its master key is not here, or the row was tampered with. */
  unreadable: StaffId[];
  /** Where the next batch begins; undefined when there is none. */
  next: StaffId | undefined;
}

/** Whether two-factor login is on for this person, and how many recovery codes are left. */
export async function twoFactorStatusOf(ctx: Ctx, staffId: StaffId): Promise<TwoFactorStatus> {
  const { totpSecret } = await credentialsOf(ctx, staffId);
  const [left] = await ctx.tx
    .select({ count: count() })
    .from(recoveryCodes)
    .where(mine(ctx, recoveryCodes, eq(recoveryCodes.staffId, staffId), isNull(recoveryCodes.usedAt)));
  return { enabled: totpSecret !== null, recoveryCodesLeft: left?.count ?? 0 };
}

/** Makes a secret that waits for its first code; starting again replaces it. Throws `TwoFactorOn`. */
export async function startTwoFactor(ctx: Ctx, staffId: StaffId): Promise<TwoFactorSetup> {
  const person = await lockCredentials(ctx, staffId);
  if (person.totpSecret !== null) throw new TwoFactorOn();
  const secret = newTotpSecret();
  await storeTotp(ctx, staffId, { totpPending: seal(secret, boundTo(ctx, 'totp_pending', staffId)) });
  ctx.audit({ action: 'two_factor.started', entity: { type: 'staff', id: staffId } });
  return { secret, url: totpUrl(secret, person) };
}

/**
 * Turns two-factor login on with the first code and gives the recovery codes out, once. The person's other sessions end:
 * they were opened with the password alone. Throws `TwoFactorOn`, `TwoFactorOff` (not started), `WrongCode`.
 */
export async function confirmTwoFactor(ctx: Ctx, staffId: StaffId, code: string): Promise<RecoveryCodesShown> {
  const person = await lockCredentials(ctx, staffId);
  if (person.totpSecret !== null) throw new TwoFactorOn();
  if (person.totpPending === null) throw new TwoFactorOff();
  const secret = unseal(person.totpPending, boundTo(ctx, 'totp_pending', staffId));
  const step = stepOf(secret, code, person.nowMs);
  if (step === undefined || !(await useTotpStep(ctx, staffId, step))) throw new WrongCode();
  await storeTotp(ctx, staffId, { totpSecret: seal(secret, boundTo(ctx, 'totp_secret', staffId)), totpPending: null });
  const shown = await replaceCodes(ctx, staffId);
  await endSessions(ctx, staffId, 'two_factor', ctx.staffSessionId);
  await announce(ctx, staffId, twoFactorEnabled, 'two_factor.enabled');
  return shown;
}

/** Turns two-factor login off, with a code; the other sessions end. Throws `TwoFactorOff`, `WrongCode`. */
export async function disableTwoFactor(ctx: Ctx, staffId: StaffId, code: string): Promise<void> {
  await spendOrRefuse(ctx, staffId, code);
  await storeTotp(ctx, staffId, { totpSecret: null, totpPending: null });
  await ctx.tx.delete(recoveryCodes).where(mine(ctx, recoveryCodes, eq(recoveryCodes.staffId, staffId)));
  await endSessions(ctx, staffId, 'two_factor', ctx.staffSessionId);
  await announce(ctx, staffId, twoFactorDisabled, 'two_factor.disabled');
}

/** Replaces all recovery codes, with a code. Throws `TwoFactorOff`, `WrongCode`. */
export async function renewRecoveryCodes(ctx: Ctx, staffId: StaffId, code: string): Promise<RecoveryCodesShown> {
  await spendOrRefuse(ctx, staffId, code);
  ctx.audit({ action: 'two_factor.recovery_codes_renewed', entity: { type: 'staff', id: staffId } });
  return replaceCodes(ctx, staffId);
}

/**
 * Uses up a code of the app, or a recovery code. False if it is neither, or was used before; of two at once with the same
 * code one gets through. `person` must be locked.
 */
export async function spendCode(ctx: Ctx, person: Credentials, code: string): Promise<boolean> {
  if (person.totpSecret === null) return false;
  const secret = unseal(person.totpSecret, boundTo(ctx, 'totp_secret', person.staffId));
  const step = stepOf(secret, code, person.nowMs);
  if (step !== undefined) return useTotpStep(ctx, person.staffId, step);
  return spendRecoveryCode(ctx, person.staffId, code);
}

/**
 * Seals TOTP secrets, and those that wait for their first code, with the current master key where an older one sealed
 * them; the secrets stay the same. A batch of people at a time, in order of their ids: call again with `next` while there
 * is one. Whose secret does not open is named and left as it is.
 */
export async function resealTwoFactor(ctx: Ctx, after?: StaffId): Promise<ResealedBatch> {
  const people = await ctx.tx
    .select({ id: staff.id, totpSecret: staff.totpSecret, totpPending: staff.totpPending })
    .from(staff)
    .where(
      mine(
        ctx,
        staff,
        after && gt(staff.id, after),
        or(
          sql`not starts_with(${staff.totpSecret}, ${currentSealPrefix()})`,
          sql`not starts_with(${staff.totpPending}, ${currentSealPrefix()})`,
        ),
      ),
    )
    .orderBy(asc(staff.id))
    .limit(RESEALED_AT_ONCE)
    .for('no key update');
  const unreadable: StaffId[] = [];
  for (const person of people) if (!(await resealPerson(ctx, person))) unreadable.push(person.id);
  const next = people.length < RESEALED_AT_ONCE ? undefined : people.at(-1)?.id;
  return { resealed: people.length - unreadable.length, unreadable, next };
}

/** False: a secret of theirs does not open. */
async function resealPerson(
  ctx: Ctx,
  { id, totpSecret, totpPending }: { id: StaffId; totpSecret: string | null; totpPending: string | null },
): Promise<boolean> {
  const resealed = (sealed: string | null, column: Column) =>
    sealed && seal(unseal(sealed, boundTo(ctx, column, id)), boundTo(ctx, column, id));
  try {
    await storeTotp(ctx, id, {
      totpSecret: resealed(totpSecret, 'totp_secret'),
      totpPending: resealed(totpPending, 'totp_pending'),
    });
  } catch (error) {
    if (error instanceof SealBroken) return false;
    throw error;
  }
  ctx.audit({
    action: 'two_factor.resealed',
    entity: { type: 'staff', id },
    after: { masterKeyName: currentMasterKey() },
  });
  return true;
}

async function spendRecoveryCode(ctx: Ctx, staffId: StaffId, code: string): Promise<boolean> {
  const codeHash = hashRecoveryCode(code, { companyId: ctx.companyId, staffId });
  const isUnused = and(
    eq(recoveryCodes.staffId, staffId),
    eq(recoveryCodes.codeHash, codeHash),
    isNull(recoveryCodes.usedAt),
  );
  const used = await ctx.tx
    .update(recoveryCodes)
    .set({ usedAt: sql`now()` })
    .where(mine(ctx, recoveryCodes, isUnused))
    .returning({ id: recoveryCodes.id });
  if (used.length === 0) return false;
  ctx.audit({ action: 'two_factor.recovery_code_used', entity: { type: 'staff', id: staffId } });
  return true;
}

async function spendOrRefuse(ctx: Ctx, staffId: StaffId, code: string): Promise<void> {
  const person = await lockCredentials(ctx, staffId);
  if (person.totpSecret === null) throw new TwoFactorOff();
  if (!(await spendCode(ctx, person, code))) throw new WrongCode();
}

async function replaceCodes(ctx: Ctx, staffId: StaffId): Promise<RecoveryCodesShown> {
  const codes = newRecoveryCodes();
  await ctx.tx.delete(recoveryCodes).where(mine(ctx, recoveryCodes, eq(recoveryCodes.staffId, staffId)));
  const who = { companyId: ctx.companyId, staffId };
  await ctx.tx
    .insert(recoveryCodes)
    .values(codes.map((code) => ({ ...who, id: newId('rcv'), codeHash: hashRecoveryCode(code, who) })));
  return { recoveryCodes: codes };
}

async function announce(ctx: Ctx, staffId: StaffId, event: StaffEvent, action: string): Promise<void> {
  ctx.audit({ action, entity: { type: 'staff', id: staffId } });
  const { sequence, view } = await nextEventOf(ctx, staffId);
  await emit(ctx, event, { aggregate: { id: staffId, sequence }, data: { staff: view } });
}

const boundTo = (ctx: Ctx, column: Column, staffId: StaffId) => `${ctx.companyId}|staff|${column}|${staffId}`;

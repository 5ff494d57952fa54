import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type CompanyId, type Id, idOf, suffixOf } from '../../kernel/ids.ts';
import { SealBroken, seal, unseal } from '../../kernel/sealing.ts';

/** Between the password and the code. */
const CHALLENGE_SECONDS = 5 * 60;
const FORM = /^souk_mfa_([0-7][0-9a-hjkmnp-tv-z]{25})_(.+)$/;

const content = z.object({ staffId: idOf('stf'), password: z.string(), madeAtMs: z.number() });

interface Subject {
  readonly staffId: Id<'stf'>;
  readonly passwordHash: string;
  /** The database's clock, in ms. */
  readonly nowMs: number;
}

/**
 * The token between the two steps of a login: `souk_mfa_<company suffix>_<sealed>`. Sealed, so it needs no row; it opens
 * for this company and this purpose only, for five minutes, until the password changes. The code behind it is good once.
 */
export function writeChallenge(companyId: CompanyId, { staffId, passwordHash, nowMs }: Subject): string {
  const text = JSON.stringify({ staffId, password: fingerprint(passwordHash), madeAtMs: nowMs });
  return `souk_mfa_${suffixOf(companyId)}_${seal(text, boundTo(companyId))}`;
}

/** Whom a challenge is for; undefined if it is not ours. Age and password are checked by `isStillGood`. */
export function readChallenge(token: string) {
  const [, suffix = '', sealed = ''] = FORM.exec(token) ?? [];
  const companyId: CompanyId = `com_${suffix}`;
  try {
    return sealed === '' ? undefined : { companyId, ...content.parse(JSON.parse(unseal(sealed, boundTo(companyId)))) };
  } catch (error) {
    if (error instanceof SealBroken) return undefined;
    throw error;
  }
}

/** Whether the password is still the same and the time is not over. */
export function isStillGood(
  challenge: NonNullable<ReturnType<typeof readChallenge>>,
  { passwordHash, nowMs }: Subject,
): boolean {
  return challenge.password === fingerprint(passwordHash) && nowMs - challenge.madeAtMs < CHALLENGE_SECONDS * 1000;
}

const boundTo = (companyId: CompanyId) => `${companyId}|mfa_challenge`;
const fingerprint = (passwordHash: string) => createHash('sha256').update(passwordHash).digest('base64url');

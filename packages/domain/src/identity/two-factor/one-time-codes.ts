import { createHash, randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import type { CompanyId, Id } from '../../kernel/ids.ts';

/** RFC 6238 with what every authenticator app understands: SHA-1, six digits, 30 seconds. */
const PERIOD_SECONDS = 30;
const DIGITS = 6;
const SECRET_BYTES = 20; // RFC 4226, 4: 160 bits
/** One step before and after, for clocks that are a little off (RFC 6238, 5.2). */
const WINDOW_STEPS = 1;

const RECOVERY_CODES = 10;
const RECOVERY_BYTES = 10; // 80 bits, so that a fast hash is enough to store them
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford: no letter that is read as a digit

/** A new secret in base32. */
export const newTotpSecret = (): string => new Secret({ size: SECRET_BYTES }).base32;

/** The URL an authenticator app reads from a QR code. The names are for its list of accounts. */
export const totpUrl = (secret: string, who: { companyName: string; email: string }): string =>
  totp(secret, who.companyName, who.email).toString();

/** The time step a code belongs to; undefined if it is not a code of now, or of the step before or after. */
export function stepOf(secret: string, code: string, nowMs: number): number | undefined {
  const digits = code.replaceAll(/[ -]/g, '');
  if (!/^\d{6}$/.test(digits)) return undefined;
  const delta = totp(secret).validate({ token: digits, timestamp: nowMs, window: WINDOW_STEPS });
  return delta === null ? undefined : Math.floor(nowMs / 1000 / PERIOD_SECONDS) + delta;
}

/** Ten new recovery codes, like `x7k2-9qpd-m4tw-c8ra`. */
export const newRecoveryCodes = (): string[] => Array.from({ length: RECOVERY_CODES }, recoveryCode);

/** What is stored of a recovery code; dashes, spaces and capitals do not matter. */
export function hashRecoveryCode(code: string, who: { companyId: CompanyId; staffId: Id<'stf'> }): string {
  const plain = code.replaceAll(/[ -]/g, '').toLowerCase();
  return createHash('sha256').update(`${who.companyId}|${who.staffId}|${plain}`).digest('base64url');
}

function totp(secret: string, issuer = 'Souk', label = ''): TOTP {
  return new TOTP({
    issuer: issuer.replaceAll(':', ' '), // the colon separates issuer and account in the URL
    label: label.replaceAll(':', ' '),
    algorithm: 'SHA1',
    digits: DIGITS,
    period: PERIOD_SECONDS,
    secret: Secret.fromBase32(secret),
  });
}

function recoveryCode(): string {
  let bits = BigInt(`0x${randomBytes(RECOVERY_BYTES).toString('hex')}`);
  let text = '';
  for (let i = 0; i < (RECOVERY_BYTES * 8) / 5; i++) {
    text += ALPHABET.charAt(Number(bits & 31n));
    bits >>= 5n;
  }
  return text.replaceAll(/(.{4})(?=.)/g, '$1-');
}

import { createHash } from 'node:crypto';
import { DomainError } from '../../kernel/errors.ts';
import { emailKey } from '../../kernel/text.ts';

/** What may be tried only so often. */
export type AttemptKind = 'login' | 'mfa' | 'password_reset' | 'registration' | 'invite';

/** So many tries in so many seconds. */
export interface AttemptLimit {
  readonly points: number;
  readonly seconds: number;
}

/**
 * How often each kind may be tried: by one subject (an account, known or not) and from one address. An address may be a
 * whole office, so it gets more.
 */
export const ATTEMPT_LIMITS: Readonly<Record<AttemptKind, { subject: AttemptLimit; address: AttemptLimit }>> = {
  login: { subject: { points: 10, seconds: 15 * 60 }, address: { points: 100, seconds: 15 * 60 } },
  mfa: { subject: { points: 10, seconds: 15 * 60 }, address: { points: 100, seconds: 15 * 60 } },
  password_reset: { subject: { points: 5, seconds: 60 * 60 }, address: { points: 30, seconds: 60 * 60 } },
  registration: { subject: { points: 5, seconds: 60 * 60 }, address: { points: 20, seconds: 60 * 60 } },
  invite: { subject: { points: 100, seconds: 60 * 60 }, address: { points: 60, seconds: 60 * 60 } },
};

const ADDRESS = 'address:';
const SUBJECT = 'subject:';

/** The key under which tries from one address are counted. Callers without an address share one count. */
export const addressKey = (ip: string | undefined): string => `${ADDRESS}${ip ?? 'unknown'}`;

/** The key under which tries on one subject are counted. Hashed: the counters hold no email addresses. */
export const subjectKey = (...parts: readonly string[]): string =>
  SUBJECT + createHash('sha256').update(JSON.stringify(parts)).digest('base64url');

/** The subject of a login or a reset as it was typed: counted alike whether or not there is such an account. */
export const accountKey = (handle: string, email: string): string =>
  subjectKey(handle.trim().toLowerCase(), emailKey(email));

/** The limit that goes with a key made by `addressKey`, `subjectKey` or `accountKey`. */
export const limitOf = (kind: AttemptKind, key: string): AttemptLimit =>
  ATTEMPT_LIMITS[kind][key.startsWith(ADDRESS) ? 'address' : 'subject'];

/** A port: counts tries, across all processes. */
export interface Attempts {
  /**
   * Counts one try against `limitOf(kind, key)`. Throws `TooManyAttempts` when there were too many, and a 503 when the
   * counter cannot be reached: without it nobody gets to guess.
   */
  consume(kind: AttemptKind, key: string): Promise<void>;
  /** Forgets the tries under a key: the right password was given. */
  forgive(kind: AttemptKind, key: string): Promise<void>;
}

/** Too many tries. Said before anything is hashed or looked up, so it tells nothing about the account. */
export class TooManyAttempts extends DomainError {
  readonly code = 'too_many_attempts';
  readonly status = 429;
  override readonly retryAfterSeconds: number;
  /** @param isFirst whether this try was the first one refused; only that one goes into the audit log. */
  constructor(
    retryAfterSeconds: number,
    readonly isFirst = false,
  ) {
    super(`Too many attempts. Try again in ${waitOf(retryAfterSeconds)}.`);
    this.retryAfterSeconds = Math.max(1, Math.ceil(retryAfterSeconds));
  }
}

function waitOf(seconds: number): string {
  if (seconds <= 90) return `${Math.max(1, Math.ceil(seconds))} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}

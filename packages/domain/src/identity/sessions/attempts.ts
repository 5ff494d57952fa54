import { createHash } from 'node:crypto';
import { DomainError } from '../../kernel/errors.ts';
import { networkName } from '../../kernel/network-name.ts';
import { emailKey } from '../../kernel/text.ts';

/** What may be tried only so often. */
export type AttemptKind =
  | 'login'
  | 'mfa'
  | 'password_reset'
  | 'registration'
  | 'invite'
  | 'customer_login'
  | 'customer_mail'
  | 'order_lookup'
  | 'customer_registration'
  | 'customer_invite'
  | 'discount_code';

/** So many tries in so many seconds. */
export interface AttemptLimit {
  readonly points: number;
  readonly seconds: number;
}

/** By what tries are counted. Stands before the colon of a key. */
export type AttemptCount = 'subject' | 'account' | 'address';

/**
 * How often each kind may be tried. `subject`: a person who proves themselves again, or an account from one network.
 * `account`: an account, known or not, from all networks together. More, for whoever knows an address could otherwise
 * lock its owner out with a few wrong passwords. `address`: one network, which may be a whole office.
 */
export const ATTEMPT_LIMITS: Readonly<
  Record<AttemptKind, { subject: AttemptLimit; account?: AttemptLimit; address: AttemptLimit }>
> = {
  login: {
    subject: { points: 10, seconds: 15 * 60 },
    account: { points: 100, seconds: 15 * 60 },
    address: { points: 100, seconds: 15 * 60 },
  },
  mfa: { subject: { points: 10, seconds: 15 * 60 }, address: { points: 100, seconds: 15 * 60 } },
  password_reset: {
    subject: { points: 5, seconds: 60 * 60 },
    account: { points: 20, seconds: 60 * 60 },
    address: { points: 30, seconds: 60 * 60 },
  },
  registration: { subject: { points: 5, seconds: 60 * 60 }, address: { points: 20, seconds: 60 * 60 } },
  invite: { subject: { points: 100, seconds: 60 * 60 }, address: { points: 60, seconds: 60 * 60 } },
  customer_login: {
    subject: { points: 10, seconds: 15 * 60 },
    account: { points: 100, seconds: 15 * 60 },
    address: { points: 100, seconds: 15 * 60 },
  },
  // Mails that whoever knows an address can have sent to it, and links in them.
  customer_mail: {
    subject: { points: 5, seconds: 60 * 60 },
    account: { points: 20, seconds: 60 * 60 },
    address: { points: 60, seconds: 60 * 60 },
  },
  // As above, with a count of their own: who has links to orders sent to an address must not use up its ways back.
  order_lookup: {
    subject: { points: 5, seconds: 60 * 60 },
    account: { points: 20, seconds: 60 * 60 },
    address: { points: 60, seconds: 60 * 60 },
  },
  customer_registration: {
    subject: { points: 5, seconds: 60 * 60 },
    account: { points: 20, seconds: 60 * 60 },
    address: { points: 60, seconds: 60 * 60 },
  },
  // By company: mails to addresses of its staff's choice.
  customer_invite: { subject: { points: 500, seconds: 60 * 60 }, address: { points: 500, seconds: 60 * 60 } },
  // Guesses of codes: of one cart, and from one network at one company.
  discount_code: { subject: { points: 30, seconds: 15 * 60 }, address: { points: 100, seconds: 15 * 60 } },
};

/** The key under which tries from one network are counted. Callers without an address share one count. */
export const addressKey = (ip: string | undefined): string => `address:${networkOf(ip)}`;

/**
 * The same at one shop: its own server says for which visitor it asks, and what it says must count at no other shop.
 */
export const addressAtKey = (companyId: string, ip: string | undefined): string => `${addressKey(ip)}|${companyId}`;

/** The key under which tries on one subject are counted. Hashed: the counters hold no email addresses. */
export const subjectKey = (...parts: readonly string[]): string => `subject:${hashOf(parts)}`;

/** The account of a login or a reset as it was typed: counted alike whether or not there is such an account. */
export const accountKey = (handle: string, email: string): string => `account:${hashOf(accountParts(handle, email))}`;

/** The same account, tried from the network of this address. */
export const accountFromKey = (handle: string, email: string, ip: string | undefined): string =>
  subjectKey(...accountParts(handle, email), networkOf(ip));

/** By what a key counts. Throws on a key that none of the functions here made, and on a kind without such a limit. */
export function countOf(kind: AttemptKind, key: string): AttemptCount {
  const count = key.slice(0, key.indexOf(':'));
  if (count === 'subject' || count === 'address') return count;
  if (count === 'account' && ATTEMPT_LIMITS[kind].account) return count;
  throw new Error(`${kind} is not counted by "${count}"`);
}

/** The limit that goes with a key made by one of the functions here. */
export function limitOf(kind: AttemptKind, key: string): AttemptLimit {
  const limits = ATTEMPT_LIMITS[kind];
  return limits[countOf(kind, key)] ?? limits.subject;
}

const networkOf = (ip: string | undefined) => (ip === undefined ? 'unknown' : networkName(ip));
const accountParts = (handle: string, email: string) => [handle.trim().toLowerCase(), emailKey(email)];
const hashOf = (parts: readonly string[]) => createHash('sha256').update(JSON.stringify(parts)).digest('base64url');

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

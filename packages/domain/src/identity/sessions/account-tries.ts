import {
  type AttemptKind,
  type Attempts,
  accountFromKey,
  accountKey,
  addressAtKey,
  addressKey,
  subjectKey,
  TooManyAttempts,
} from './attempts.ts';

/** An account as it was typed, and from where. `shop` is what names the company at that door: its handle, or its id. */
export interface TypedAccount {
  readonly shop: string;
  readonly email: string;
  readonly ip: string | undefined;
}

/** From this network first: whoever is refused there uses up nothing of the count that the account's owner shares. */
const countersOf = ({ shop, email, ip }: TypedAccount) => [accountFromKey(shop, email, ip), accountKey(shop, email)];

/**
 * Counts a login, known account or not. Throws `TooManyAttempts`; `onFlood` is awaited when refusing begins, and not for
 * each of a thousand networks, so that it may leave a note.
 */
export async function countLogin(
  attempts: Attempts,
  kind: AttemptKind,
  account: TypedAccount,
  onFlood: () => Promise<void>,
): Promise<void> {
  await attempts.consume(kind, isOfShop(kind) ? addressAtKey(account.shop, account.ip) : addressKey(account.ip));
  try {
    for (const counter of countersOf(account)) await attempts.consume(kind, counter);
  } catch (error) {
    if (error instanceof TooManyAttempts && error.isFirst) {
      const notes = subjectKey('throttled', accountKey(account.shop, account.email));
      if (!(await isSpent(attempts, kind, notes))) await onFlood();
    }
    throw error;
  }
}

/** At a shop's own door, where its server says from where somebody comes; staff of all companies share one door. */
const isOfShop = (kind: AttemptKind) => kind === 'customer_login';

/** The right password was given: the tries of before are forgotten. */
export async function forgiveLogin(attempts: Attempts, kind: AttemptKind, account: TypedAccount): Promise<void> {
  for (const counter of countersOf(account)) await attempts.forgive(kind, counter);
}

/** Counts, and says whether an account was asked for too often: for doors whose answer must not tell. */
export async function isAskedTooOften(attempts: Attempts, kind: AttemptKind, account: TypedAccount): Promise<boolean> {
  for (const counter of countersOf(account)) if (await isSpent(attempts, kind, counter)) return true;
  return false;
}

async function isSpent(attempts: Attempts, kind: AttemptKind, counter: string): Promise<boolean> {
  try {
    await attempts.consume(kind, counter);
    return false;
  } catch (error) {
    if (error instanceof TooManyAttempts) return true;
    throw error;
  }
}

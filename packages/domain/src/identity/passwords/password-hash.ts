import { randomBytes } from 'node:crypto';
import argon2 from 'argon2';
import { DomainError } from '../../kernel/errors.ts';

/** OWASP Password Storage Cheat Sheet, argon2id: at least 19 MiB, two passes, one lane. Raise them; logins rehash. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const; // memory in KiB
/** One verification fills a core for some 20 ms. Two at a time leave the other threads of the process their work. */
const AT_ONCE_MAX = 2;
const WAITING_MAX = 32;

/** So many people are logging in that the queue is full. Better a quick no than a shop that stands still. */
export class PasswordsBusy extends DomainError {
  readonly code = 'logins_busy';
  readonly status = 503;
  override readonly retryAfterSeconds = 2;
  constructor() {
    super('Too many people are logging in at this moment. Try again in a few seconds.');
  }
}

const options = { type: argon2.argon2id, ...PARAMETERS };
const { memoryCost, timeCost, parallelism } = PARAMETERS;
const unpadded = (bytes: number) => randomBytes(bytes).toString('base64').replaceAll('=', '');
/** A hash nobody has the password of, with today's parameters: verifying against it takes as long as a real one. */
export const UNUSABLE_PASSWORD_HASH = `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${unpadded(16)}$${unpadded(32)}`;

let running = 0;
const waiting: (() => void)[] = [];

/** Hashes a password with argon2id. Not inside a unit of work. Throws `PasswordsBusy` when the queue is full. */
export const hashPassword = (password: string): Promise<string> => inTurn(() => argon2.hash(password, options));

/**
 * Whether the password is the one that was hashed. Without a hash (no such person, disabled) it does the same work and
 * says no. Not inside a unit of work. Throws `PasswordsBusy` when the queue is full.
 */
export async function verifyPassword(hash: string | undefined, password: string): Promise<boolean> {
  const isRight = await inTurn(() => argon2.verify(hash ?? UNUSABLE_PASSWORD_HASH, password));
  return hash !== undefined && isRight;
}

/** Whether a hash was made with other parameters than today's; the next login replaces it. */
export const isOutdated = (hash: string): boolean => argon2.needsRehash(hash, options);

/** Hashes a password anew, if there is time: better parameters can wait for a quieter moment. */
export const rehash = (password: string): Promise<string | undefined> =>
  hashPassword(password).catch((error: unknown) => {
    if (error instanceof PasswordsBusy) return undefined;
    throw error;
  });

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE_MAX) {
    if (waiting.length >= WAITING_MAX) throw new PasswordsBusy();
    await new Promise<void>((resolve) => waiting.push(resolve)); // whoever finishes hands its place over
  } else {
    running += 1;
  }
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

import {
  ATTEMPT_LIMITS,
  type AttemptKind,
  type Attempts,
  countOf,
  limitOf,
  TooManyAttempts,
} from '@souk/domain/identity/sessions/attempts';
import { DomainError } from '@souk/domain/kernel/errors';
import type { Redis } from 'ioredis';
import pg from 'pg';
import type { Logger } from 'pino';
import {
  RateLimiterPostgres,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterStoreAbstract,
} from 'rate-limiter-flexible';
import { LIMITER_TABLE, QUEUE_SCHEMA } from './migrate.ts';

const CONNECTIONS_MAX = 2;
const CONNECT_TIMEOUT_MS = 2_000;
/** A store that did not count is not asked again for so long. */
const AWAY_MS = 2_000;

/** The counter of attempts cannot be reached: nobody gets to guess meanwhile. */
export class AttemptsUnavailable extends DomainError {
  readonly code = 'attempts_unavailable';
  readonly status = 503;
  override readonly retryAfterSeconds = 5;
  constructor(reason: string) {
    super('This is not possible right now, because tries cannot be counted. Try again in a few seconds.', { reason });
  }
}

type Store = (prefix: string, limit: { points: number; seconds: number }) => RateLimiterStoreAbstract;

/** Counts attempts in Redis, shared by all processes. */
export const attemptsOnRedis = (redis: Redis): Attempts =>
  attempts(
    (prefix, { points, seconds }) =>
      new RateLimiterRedis({ storeClient: redis, keyPrefix: `souk:${prefix}`, points, duration: seconds }),
  );

/**
 * Counts in the first store and, while that does not count, in the second one: people must get in. Whoever guesses has
 * at most two counts to use up.
 */
export function attemptsInsured(first: Attempts, second: Attempts): Attempts {
  let awayUntil = 0;
  const insured = async (work: (attempts: Attempts) => Promise<void>) => {
    if (Date.now() < awayUntil) return work(second);
    try {
      await work(first);
    } catch (error) {
      if (!(error instanceof AttemptsUnavailable)) throw error;
      awayUntil = Date.now() + AWAY_MS; // each question costs time, and there are several to a login
      await work(second);
    }
  };
  return {
    consume: (kind, key) => insured((attempts) => attempts.consume(kind, key)),
    forgive: (kind, key) => insured((attempts) => attempts.forgive(kind, key)),
  };
}

/**
 * Counts attempts in PostgreSQL, shared by all processes. Call `close` at the end: it has connections of its own.
 * `prepare: false` for a pooler that gives each transaction another connection.
 */
export function attemptsOnPostgres(
  url: string,
  log: Logger,
  { prepare }: { prepare: boolean },
): Attempts & { close(): Promise<void> } {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  pool.on('error', (error) => log.warn({ err: error }, 'a connection of the attempt counter was lost'));
  const store: Store = (prefix, { points, seconds }) =>
    new RateLimiterPostgres({
      storeClient: prepare ? pool : unnamed(pool),
      storeType: 'pool',
      schemaName: QUEUE_SCHEMA,
      tableName: LIMITER_TABLE,
      tableCreated: true, // by migrations: this role may not create tables
      keyPrefix: prefix,
      points,
      duration: seconds,
    });
  return { ...attempts(store), close: () => pool.end() };
}

/** The limiter names its statements, and a named one is there on one connection only. */
const unnamed = (pool: pg.Pool) => ({
  query: ({ text, values }: { text: string; values?: unknown[] }) => pool.query({ text, values }),
});

function attempts(store: Store): Attempts {
  const limiters = new Map(
    Object.entries(ATTEMPT_LIMITS).flatMap(([kind, limits]) =>
      Object.entries(limits).map(([of, limit]) => [`${kind}-${of}`, store(`${kind}-${of}`, limit)] as const),
    ),
  );
  const limiterOf = (kind: AttemptKind, key: string) => {
    const limiter = limiters.get(`${kind}-${countOf(kind, key)}`);
    if (!limiter) throw new Error(`There is no limiter for ${kind}`);
    return limiter;
  };
  return {
    async consume(kind, key) {
      try {
        await limiterOf(kind, key).consume(key);
      } catch (refused) {
        // The limiter rejects with its count when there were too many, with an error when it cannot count.
        if (!(refused instanceof RateLimiterRes)) throw new AttemptsUnavailable(String(refused));
        const isFirst = refused.consumedPoints === limitOf(kind, key).points + 1;
        throw new TooManyAttempts(refused.msBeforeNext / 1000, isFirst);
      }
    },
    async forgive(kind, key) {
      try {
        await limiterOf(kind, key).delete(key);
      } catch (error) {
        throw new AttemptsUnavailable(String(error));
      }
    },
  };
}

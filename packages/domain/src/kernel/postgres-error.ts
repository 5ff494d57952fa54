import { DrizzleQueryError } from 'drizzle-orm/errors';
import postgres from 'postgres';
import { DatabaseUnavailable, DomainError } from './errors.ts';

// SQLSTATE, PostgreSQL manual, appendix A.
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';
const IN_FAILED_TRANSACTION = '25P02';
/** The server goes down, perhaps behind a commit that is kept. */
const OPERATOR_INTERVENTION = '57P';
const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
const UNAVAILABLE = new Set(['55P03', '57014', '57P01', '57P02', '57P03', '53300']); // lock or statement time-out, shutdown, too many connections

/** Something else already has this name, or is still in use. A service that knows which says it with its own error. */
export class Conflict extends DomainError {
  readonly code = 'conflict';
  readonly status = 409;
  constructor(constraint: string | undefined) {
    super('This is in conflict with something that exists.', { constraint });
  }
}

/** The PostgreSQL error behind whatever was thrown, if there is one. */
export function postgresErrorOf(error: unknown): postgres.PostgresError | undefined {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  return cause instanceof postgres.PostgresError ? cause : undefined;
}

/** Did this unique constraint refuse the write? */
export const violates = (error: unknown, constraint: string): boolean =>
  postgresErrorOf(error)?.code === UNIQUE_VIOLATION && postgresErrorOf(error)?.constraint_name === constraint;

/** Whether repeating the whole unit of work can help. */
export function isWorthRetrying(error: unknown): boolean {
  const code = postgresErrorOf(error)?.code;
  return code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED;
}

/** Whether a query failed only because one before it in the same transaction had. */
export const isAftermath = (error: unknown): boolean => postgresErrorOf(error)?.code === IN_FAILED_TRANSACTION;

/** Whether it is PostgreSQL's own answer to a query, and not the end of the connection: what was asked for was not done. */
export function isAnswer(error: unknown): boolean {
  const code = postgresErrorOf(error)?.code;
  return code !== undefined && !code.startsWith(OPERATOR_INTERVENTION);
}

/** Turns what the database refused into what the domain says; everything else passes through. */
export function fromPostgres(error: unknown): unknown {
  const known = postgresErrorOf(error);
  if (!known) {
    // A connection that died rejects its queries with postgres.js's own error or the socket's.
    const cause = error instanceof DrizzleQueryError ? error.cause : error;
    if (cause instanceof DomainError) return cause;
    const code = (cause as { code?: unknown } | undefined)?.code;
    const isConnection = typeof code === 'string' && /^(CONNECTION_|CONNECT_|ECONN|EPIPE|ETIMEDOUT)/.test(code);
    return isConnection ? new DatabaseUnavailable(String(code)) : error;
  }
  if (UNAVAILABLE.has(known.code)) return new DatabaseUnavailable(`${known.code} ${known.message}`);
  if (known.code === UNIQUE_VIOLATION || known.code === FOREIGN_KEY_VIOLATION)
    return new Conflict(known.constraint_name);
  return error;
}

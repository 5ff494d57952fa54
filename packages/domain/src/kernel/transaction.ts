import { PgDatabase } from 'drizzle-orm/pg-core';
import { PostgresJsSession } from 'drizzle-orm/postgres-js';
import { auditedTable } from './audit-log.ts';
import type { Tx } from './ctx.ts';
import { CommitUnknown, DatabaseUnavailable, UnitOfWorkTimeout } from './errors.ts';
import type { Connection, Pool } from './pool.ts';
import { fromPostgres, isAftermath, isAnswer } from './postgres-error.ts';

const KINDS_MAX = 500;
/** Longer texts are those of batches, whose length follows what they carry. Characters. */
const KIND_LENGTH_MAX = 16_000;

// A select that takes no lock and calls none of PostgreSQL's functions that do something. Anything else counts as a write.
const PLAIN_READ = /^select\b/;
const LOCKING = /\bfor (?:update|no key update|share|key share)\b|\b(?:pg_|nextval|setval|set_config)/;

/** A transaction as its work sees it. */
export interface OpenTransaction {
  readonly tx: Tx;
  /** Tables that need an audit note and were written. */
  readonly wrote: ReadonlySet<string>;
  /** Statements that were sent and whose results nobody needs: they are waited for with the commit. */
  readonly closing: Promise<unknown>[];
  /** As `Ctx.settle`. */
  settle<T>(send: () => Promise<T>): Promise<T>;
}

/** What became of a unit of work that failed. */
export interface Progress {
  /** Something of it was committed. */
  isSettled: boolean;
}

interface Terms {
  /** Begins it, and puts it inside its company's wall. */
  readonly begin: string;
  /** Which statements are prepared and kept on the connection; `known`: whose text this process has sent before. */
  readonly prepare: 'all' | 'known';
  readonly limitMs: number;
  readonly progress: Progress;
}

/** One transaction on one connection. Nothing is ever sent on it after it was lost or the transaction has ended. */
export async function transaction<T>(
  pool: Pool,
  share: string,
  terms: Terms,
  work: (open: OpenTransaction) => Promise<T>,
): Promise<T> {
  const { limitMs, progress } = terms;
  const connection = await pool.acquire(share);
  const watchdog = setTimeout(() => connection.destroy(new UnitOfWorkTimeout(limitMs)), limitMs);
  const guarded = guard(connection, terms);
  const closing: Promise<unknown>[] = [];
  const settle = async <R>(send: () => Promise<R>): Promise<R> => {
    const before = guarded.count();
    const sent = send();
    if (guarded.count() === before) throw new Error('settle() got no statement that was sent before it returned.');
    const [result] = await commitBehind(connection, guarded.leave(), [sent], () => {
      progress.isSettled = true;
    });
    return result;
  };
  try {
    const result = await connection.whileUp(work({ tx: guarded.tx, wrote: guarded.wrote, closing, settle }));
    guarded.close();
    if (guarded.onlyRead()) endUnheard(connection, guarded.leave());
    else await commitBehind(connection, guarded.leave(), closing);
    return result;
  } catch (error) {
    guarded.close();
    if (guarded.leave()) await rollback(connection);
    throw fromPostgres(isAftermath(error) ? (guarded.cause() ?? error) : error);
  } finally {
    clearTimeout(watchdog);
    pool.release(connection, share);
  }
}

/** That a transaction was begun; undefined: none is open. */
type Begun = Promise<unknown> | undefined;

/**
 * Sends the commit right behind statements that are on their way: they and it are one round trip. If one of them fails,
 * PostgreSQL makes a rollback of the commit, and its error is the one that is thrown. Gives what the statements gave.
 */
async function commitBehind<T extends readonly unknown[]>(
  connection: Connection,
  begun: Begun,
  sent: readonly [...{ [K in keyof T]: Promise<T[K]> }],
  onCommitted: () => void = () => undefined,
): Promise<T> {
  if (!begun) return (await Promise.all(sent)) as unknown as T; // Promise.all keeps their order and kinds
  const committing = commit(connection);
  committing.then(onCommitted, () => undefined); // looked at below
  try {
    await begun;
    const results = await connection.whileUp(Promise.all(sent));
    await committing;
    return results as unknown as T; // as above
  } catch (error) {
    if (!isAnswer(error)) await committing;
    throw error;
  }
}

async function commit(connection: Connection): Promise<void> {
  if (connection.isLost()) throw new DatabaseUnavailable('the connection was lost before the commit');
  let outcome: { command: string };
  try {
    outcome = await connection.whileUp(connection.client.unsafe('commit'));
  } catch (error) {
    // Not asked whether the connection is lost: its queries hear of the end before it does.
    throw isAnswer(error) ? error : new CommitUnknown();
  }
  // After an error that somebody caught, PostgreSQL answers COMMIT with ROLLBACK and no error.
  if (outcome.command !== 'COMMIT')
    throw new Error('The transaction had failed: a query error inside it was swallowed.');
}

/**
 * Ends a transaction that only read: its commit promises nothing, so nobody waits for it. It travels with the `begin` of
 * whoever gets the connection next, and the connection works in order.
 */
function endUnheard(connection: Connection, begun: Begun): void {
  if (!begun) return;
  connection.client
    .unsafe('commit')
    .execute()
    .catch((error: unknown) => connection.destroy(error instanceof Error ? error : new Error(String(error))));
}

async function rollback(connection: Connection): Promise<void> {
  if (connection.isLost()) return;
  try {
    await connection.whileUp(connection.client.unsafe('rollback'));
  } catch (error) {
    connection.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

interface StatementKind {
  readonly isRead: boolean;
  /** Written, and in need of an audit note. */
  readonly table: string | undefined;
}

/** Long texts that were looked through before. There are few of them, each of which is run very often. */
const kinds = new Map<string, StatementKind>();

function kindOf(statement: string): StatementKind {
  const known = kinds.get(statement);
  if (known) return known;
  const isRead = PLAIN_READ.test(statement) && !LOCKING.test(statement);
  const kind = { isRead, table: isRead ? undefined : auditedTable(statement) };
  if (statement.length > KIND_LENGTH_MAX) return kind;
  if (kinds.size >= KINDS_MAX) kinds.clear();
  kinds.set(statement, kind);
  return kind;
}

interface Guarded {
  readonly tx: Tx;
  readonly wrote: ReadonlySet<string>;
  /** Whether nothing was written since the transaction was begun. */
  onlyRead(): boolean;
  /** How many queries were sent. */
  count(): number;
  /** The first error: of queries that were sent together whoever waits may hear first of one that came after it. */
  cause(): unknown;
  /** Says that the open transaction is being ended. What comes after, if anything, begins another one. */
  leave(): Begun;
  /** No query is taken any more. */
  close(): void;
}

/**
 * drizzle on a connection, for the time of one unit of work; it also takes down which tables were written. The transaction is begun
 * with the first query: sent with it and not awaited, one round trip less.
 */
function guard(connection: Connection, { begin, prepare }: Terms): Guarded {
  const { client, dialect } = connection;
  const wrote = new Set<string>();
  let begun: Begun;
  let isOpen = true;
  let onlyRead = true;
  let count = 0;
  let cause: unknown;
  const beginNow = () => {
    onlyRead = true;
    begun = client.unsafe(begin).execute();
    begun.catch(() => undefined); // looked at with the commit
  };
  const door = {
    options: client.options,
    // `isRare` is of `text-statement.ts`. drizzle says `prepare: false` of all it sends, and is not asked.
    unsafe(statement: string, parameters: never[], asked?: { isRare?: boolean }) {
      if (!isOpen) throw new Error('A query came after its unit of work had ended; await it inside.');
      if (connection.isLost()) throw new DatabaseUnavailable('the connection was lost');
      if (!begun) beginNow();
      // Prepared, a statement is one round trip; otherwise two, for its parameters are asked for first.
      const isPrepared = !asked?.isRare && (prepare === 'all' || kinds.has(statement));
      const { isRead, table } = kindOf(statement);
      if (!isRead) onlyRead = false;
      if (table) wrote.add(table);
      count += 1;
      const query = client.unsafe(statement, parameters, { prepare: isPrepared });
      query.catch((error: unknown) => {
        onlyRead = false; // failed: the transaction is dead, and its end has to be looked at
        cause ??= error;
      });
      return query;
    },
  };
  // drizzle's session asks its client for `options` and `unsafe` only; the types want the whole client.
  const session = new PostgresJsSession(door as never, dialect as never, undefined);
  const tx = new PgDatabase(dialect as never, session as never, undefined) as unknown as Tx;
  return {
    tx,
    wrote,
    onlyRead: () => onlyRead,
    count: () => count,
    cause: () => cause,
    leave() {
      const open = begun;
      begun = undefined;
      return open;
    },
    close() {
      isOpen = false;
    },
  };
}

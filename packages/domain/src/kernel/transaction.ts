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
  /** See `Connection.server`. */
  readonly server: string;
  /** Tables that need an audit note and were written. */
  readonly wrote: ReadonlySet<string>;
  /** Statements that were sent and whose results nobody needs: they are waited for with the commit. */
  readonly closing: Promise<unknown>[];
}

interface Terms {
  /** Begins it, and puts it inside its company's wall. */
  readonly begin: string;
  /** Which statements are prepared and kept on the connection; `known`: whose text this process has sent before. */
  readonly prepare: 'all' | 'known';
  readonly limitMs: number;
}

/** One transaction on one connection. Nothing is ever sent on it after it was lost or the transaction has ended. */
export async function transaction<T>(
  pool: Pool,
  share: string,
  { begin, prepare, limitMs }: Terms,
  work: (open: OpenTransaction) => Promise<T>,
): Promise<T> {
  const connection = await pool.acquire(share);
  const watchdog = setTimeout(() => connection.destroy(new UnitOfWorkTimeout(limitMs)), limitMs);
  const guarded = guard(connection, prepare);
  const closing: Promise<unknown>[] = [];
  try {
    // Sent with the first query of the work, not awaited: one round trip less.
    const begun = connection.client.unsafe(ending.delete(connection) ? `commit; ${begin}` : begin).execute();
    begun.catch(() => undefined);
    const result = await connection.whileUp(
      work({ tx: guarded.tx, server: connection.server, wrote: guarded.wrote, closing }),
    );
    guarded.end();
    await connection.whileUp(begun); // answered before what the work sent
    if (guarded.onlyRead()) commitBehind(connection);
    else await commitAfter(connection, closing);
    return result;
  } catch (error) {
    guarded.end();
    await rollback(connection);
    throw fromPostgres(isAftermath(error) ? (guarded.cause() ?? error) : error);
  } finally {
    clearTimeout(watchdog);
    pool.release(connection, share);
  }
}

/**
 * Sends the commit right behind statements whose results nobody needs: they and it are one round trip. If one of them
 * fails, PostgreSQL makes a rollback of the commit, and its error is the one that is thrown.
 */
async function commitAfter(connection: Connection, closing: readonly Promise<unknown>[]): Promise<void> {
  const committing = commit(connection);
  committing.catch(() => undefined); // looked at below
  try {
    // All of them, also where one failed: nobody gets a connection on which an answer is still to come.
    const ended = await connection.whileUp(Promise.allSettled(closing));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  } catch (error) {
    if (!isAnswer(error)) await committing;
    throw error;
  }
  await committing;
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

/** Connections whose last transaction only read and has not been told to end. */
const ending = new WeakSet<Connection>();

/**
 * Ends a transaction that only read: its commit promises nothing, so nobody waits for it. It is one message with the `begin`
 * of whoever gets the connection next, as somebody does at once where many wait; else it goes out by itself.
 */
function commitBehind(connection: Connection): void {
  ending.add(connection);
  setImmediate(() => sendCommit(connection));
}

function sendCommit(connection: Connection): void {
  if (!ending.delete(connection) || connection.isLost()) return;
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

/** drizzle on a connection, for the time of one transaction; it also takes down which tables were written. */
function guard(
  connection: Connection,
  prepare: Terms['prepare'],
): { tx: Tx; wrote: ReadonlySet<string>; onlyRead(): boolean; cause(): unknown; end(): void } {
  const { client, dialect } = connection;
  const wrote = new Set<string>();
  let isOpen = true;
  let onlyRead = true;
  let cause: unknown;
  const door = {
    options: client.options,
    // `isRare` is of `text-statement.ts`. drizzle says `prepare: false` of all it sends, and is not asked.
    unsafe(statement: string, parameters: never[], asked?: { isRare?: boolean }) {
      if (!isOpen) throw new Error('A query came after its unit of work had ended; await it inside.');
      if (connection.isLost()) throw new DatabaseUnavailable('the connection was lost');
      // Prepared, a statement is one round trip; otherwise two, for its parameters are asked for first.
      const isPrepared = !asked?.isRare && (prepare === 'all' || kinds.has(statement));
      const { isRead, table } = kindOf(statement);
      if (!isRead) onlyRead = false;
      if (table) wrote.add(table);
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
    // Of queries that were sent together whoever waits may hear first of one that came after it.
    cause: () => cause,
    end: () => {
      isOpen = false;
    },
  };
}

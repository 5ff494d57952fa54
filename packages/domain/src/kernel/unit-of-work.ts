import { AsyncLocalStorage } from 'node:async_hooks';
import { PgDatabase } from 'drizzle-orm/pg-core';
import { PostgresJsSession } from 'drizzle-orm/postgres-js';
import { auditedTable, storeAuditNotes, UnauditedWrite } from './audit-log.ts';
import { raiseCatalogueVersion, raisesVersion } from './catalogue-version.ts';
import { type Clock, systemClock } from './clock.ts';
import type { AuditNote, Ctx, IdempotencyClaim, Run, RunUnscoped, Session, Tx } from './ctx.ts';
import { CommitUnknown, DatabaseUnavailable, UnitOfWorkTimeout } from './errors.ts';
import { claimKey, storeAnswer, storeOwnAnswer } from './idempotency.ts';
import { type CompanyId, type Id, idOf } from './ids.ts';
import type { Connection, Pool } from './pool.ts';
import { fromPostgres, isAftermath, isAnswer, isWorthRetrying } from './postgres-error.ts';

export const UNIT_OF_WORK_LIMIT_MS = 10_000;
const ATTEMPTS_MAX = 3;
const KINDS_MAX = 500;
/** Longer texts are those of batches, whose length follows what they carry. Characters. */
const KIND_LENGTH_MAX = 16_000;
const RETRY_PAUSE_MS = 20;

/** What others learn when a unit of work has committed. Never called for one that was undone. */
export interface Committed {
  companyId: CompanyId;
  /** Cached knowledge of this company is stale. */
  touched: boolean;
  /** What is known of the sessions of these customers is stale; left out: of nobody's in particular. */
  customers?: Id<'cus'>[];
  /** A worker has something to do for this company. */
  nudged: boolean;
}

export interface UnitOfWorkOptions {
  limitMs?: number;
  clock?: Clock;
  onCommitted?: (what: Committed) => void;
  /**
   * Whether `run` inside `run` is refused at once. Knowing it costs every promise of the process a few percent, so
   * production leaves it off: there a nested call waits for a second connection, and at worst is told 503.
   */
  refuseNesting?: boolean;
}

// A select that takes no lock and calls none of PostgreSQL's functions that do something. Anything else counts as a write.
const PLAIN_READ = /^select\b/;
const LOCKING = /\bfor (?:update|no key update|share|key share)\b|\b(?:pg_|nextval|setval|set_config)/;

/** Work of no company has a share of the connections as well. */
const NO_COMPANY = '';
const companyIdForm = idOf('com');
const inside = new AsyncLocalStorage<true>();
const answered = new WeakSet<IdempotencyClaim>();

/** A second transaction opened inside a first one would wait for a connection the first one may be holding. */
class NestedUnitOfWork extends Error {
  constructor() {
    super('run() was called inside a unit of work; pass its ctx down instead.');
    this.name = 'NestedUnitOfWork';
  }
}

/** One claim, one answer: what the first of two units of work gave would be kept as the answer to the whole request. */
class ClaimedTwice extends Error {
  constructor() {
    super(
      'Two units of work of one request carry its idempotency claim; give lookingOnly(session) to all but the last.',
    );
    this.name = 'ClaimedTwice';
  }
}

/** Runs the work of one transaction, and refuses to do so within another. */
function nestingGuard({ refuseNesting = true }: UnitOfWorkOptions): <T>(work: () => Promise<T>) => Promise<T> {
  if (!refuseNesting) return (work) => work();
  return (work) => {
    if (inside.getStore()) throw new NestedUnitOfWork();
    return inside.run(true, work);
  };
}

/** Makes `run` for a pool: one transaction inside one company's wall, committed when `work` resolves, else undone. */
export function unitOfWork(pool: Pool, options: UnitOfWorkOptions = {}): Run {
  const { clock = systemClock, onCommitted } = options;
  const nesting = nestingGuard(options);
  return async (session, work) => {
    // The id goes into SQL text: it is parsed here, whoever made the session.
    const begin = `begin; set local app.company_id = '${companyIdForm.parse(session.companyId)}'`;
    return retrying(async () => {
      const committed: Committed = { companyId: session.companyId, touched: false, nudged: false };
      const prepare = !session.isBatch;
      const result = await transaction(
        pool,
        session.companyId,
        { begin, prepare, limitMs: options.limitMs },
        (tx, wrote, closing) => nesting(() => inCompany(session, { tx, wrote, closing }, clock(), committed, work)),
      );
      if (session.idempotency && session.idempotency.part !== 'next') answered.add(session.idempotency);
      if (committed.touched || committed.nudged || committed.customers) onCommitted?.(committed);
      return result;
    });
  };
}

/** Makes `unscoped` for a pool: a transaction of no company. Row security shows it not one tenant row. */
export function unscopedWork(pool: Pool, options: UnitOfWorkOptions = {}): RunUnscoped {
  const nesting = nestingGuard(options);
  return (work) =>
    retrying(() =>
      transaction(pool, NO_COMPANY, { begin: 'begin', prepare: true, limitMs: options.limitMs }, (tx) =>
        nesting(() => work(tx)),
      ),
    );
}

async function inCompany<T>(
  session: Session,
  { tx, wrote, closing }: { tx: Tx; wrote: ReadonlySet<string>; closing: Promise<unknown>[] },
  now: Date,
  committed: Committed,
  work: (ctx: Ctx) => Promise<T>,
): Promise<T> {
  const notes: AuditNote[] = [];
  let catalogueChanged = false;
  const ctx: Ctx = {
    ...session,
    tx,
    now,
    audit: (note) => void notes.push(note),
    touch: (customerId) => {
      if (customerId === undefined) committed.touched = true;
      else committed.customers = [...new Set(committed.customers).add(customerId)];
    },
    catalogueChanged: () => {
      catalogueChanged = true;
    },
    nudge: () => {
      committed.nudged = true;
    },
  };
  const claim = session.idempotency;
  if (claim && answered.has(claim)) throw new ClaimedTwice();
  if (claim) await claimKey(tx, session, claim);
  const result = await work(ctx);
  if (notes.length > 0) await storeAuditNotes(tx, session, notes);
  else refuseUnaudited(session, wrote);
  catalogueChanged ||= raisesVersion(wrote);
  // A claim that is not in parts was made above, in this transaction: its row is there, and the commit need not wait.
  if (claim && !claim.part && !catalogueChanged) {
    const stored = storeOwnAnswer(tx, session, claim, result);
    stored.catch(() => undefined); // looked at with the commit
    closing.push(stored);
  } else if (claim) await storeAnswer(tx, session, claim, result);
  // Last: a row that every write of a company raises is held for as short as possible.
  if (catalogueChanged) await raiseCatalogueVersion(tx, session.companyId);
  return result;
}

function refuseUnaudited(session: Session, wrote: ReadonlySet<string>) {
  const [table] = wrote;
  if (table && session.actor.type !== 'nobody' && !session.isShopper) throw new UnauditedWrite(table);
}

/** One transaction on one connection. Nothing is ever sent on it after it was lost or the transaction has ended. */
async function transaction<T>(
  pool: Pool,
  share: string,
  { begin, prepare, limitMs = UNIT_OF_WORK_LIMIT_MS }: { begin: string; prepare: boolean; limitMs?: number },
  work: (tx: Tx, wrote: ReadonlySet<string>, closing: Promise<unknown>[]) => Promise<T>,
): Promise<T> {
  const connection = await pool.acquire(share);
  const watchdog = setTimeout(() => connection.destroy(new UnitOfWorkTimeout(limitMs)), limitMs);
  const guarded = guard(connection, prepare);
  const closing: Promise<unknown>[] = [];
  try {
    // Sent with the first query of the work, not awaited: one round trip less.
    const begun = connection.client.unsafe(begin).execute();
    begun.catch(() => undefined);
    const result = await connection.whileUp(work(guarded.tx, guarded.wrote, closing));
    guarded.end();
    if (guarded.onlyRead()) commitBehind(connection);
    else {
      await begun;
      await commitAfter(connection, closing);
    }
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
    await connection.whileUp(Promise.all(closing));
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

/**
 * Ends a transaction that only read: its commit promises nothing, so nobody waits for it. It travels with the `begin` of
 * whoever gets the connection next, and the connection works in order.
 */
function commitBehind(connection: Connection): void {
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
  prepare: boolean,
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
      const { isRead, table } = kindOf(statement);
      if (!isRead) onlyRead = false;
      if (table) wrote.add(table);
      const query = client.unsafe(statement, parameters, { prepare: prepare && !asked?.isRare });
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

async function retrying<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (tried >= ATTEMPTS_MAX || !isWorthRetrying(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS * tried * (0.5 + Math.random())));
    }
  }
}

import { AsyncLocalStorage } from 'node:async_hooks';
import { storeAuditNotes, UnauditedWrite } from './audit-log.ts';
import { raiseCatalogueVersion, raisesVersion } from './catalogue-version.ts';
import { type Clock, systemClock } from './clock.ts';
import type { AuditNote, Ctx, IdempotencyClaim, Run, RunUnscoped, Session } from './ctx.ts';
import { claimKey, storeAnswer, storeOwnAnswer } from './idempotency.ts';
import { type CompanyId, type Id, idOf } from './ids.ts';
import type { Pool } from './pool.ts';
import { isWorthRetrying } from './postgres-error.ts';
import { type OpenTransaction, transaction } from './transaction.ts';

export const UNIT_OF_WORK_LIMIT_MS = 10_000;
const ATTEMPTS_MAX = 3;
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

/** The id goes into SQL text: it is parsed here, whoever made the session. */
function beginText({ companyId, isBatch, commitsAsync }: Session): string {
  const wall = `begin; set local app.company_id = '${companyIdForm.parse(companyId)}'`;
  // Not `force_custom_plan`: that would plan every check of a foreign key, a row each, at three times what it costs.
  const planned = isBatch ? '; discard plans' : '';
  return wall + planned + (commitsAsync ? '; set local synchronous_commit = off' : '');
}

/** Makes `run` for a pool: one transaction inside one company's wall, committed when `work` resolves, else undone. */
export function unitOfWork(pool: Pool, options: UnitOfWorkOptions = {}): Run {
  const { clock = systemClock, limitMs = UNIT_OF_WORK_LIMIT_MS, onCommitted } = options;
  const nesting = nestingGuard(options);
  return async (session, work) => {
    const begin = beginText(session);
    return retrying(async () => {
      const committed: Committed = { companyId: session.companyId, touched: false, nudged: false };
      const result = await transaction(
        pool,
        session.companyId,
        { begin, prepare: session.isBatch ? 'known' : 'all', limitMs },
        (open) => nesting(() => inCompany(session, open, clock(), committed, work)),
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
  const { limitMs = UNIT_OF_WORK_LIMIT_MS } = options;
  return (work) =>
    retrying(() =>
      transaction(pool, NO_COMPANY, { begin: 'begin', prepare: 'all', limitMs }, ({ tx }) => nesting(() => work(tx))),
    );
}

/** A context with all its fields. */
type FullCtx = { [Field in keyof Required<Ctx>]: Ctx[Field] };

async function inCompany<T>(
  session: Session,
  { tx, server, wrote, closing }: OpenTransaction,
  now: Date,
  committed: Committed,
  work: (ctx: Ctx) => Promise<T>,
): Promise<T> {
  const notes: AuditNote[] = [];
  let catalogueChanged = false;
  const ctx: FullCtx = {
    // Each by its name, also what this session does not have: every function reads contexts, and those of one form fast.
    companyId: session.companyId,
    actor: session.actor,
    permissions: session.permissions,
    requestId: session.requestId,
    staffSessionId: session.staffSessionId,
    customerSessionId: session.customerSessionId,
    keyId: session.keyId,
    isShopper: session.isShopper,
    isBatch: session.isBatch,
    commitsAsync: session.commitsAsync,
    ip: session.ip,
    userAgent: session.userAgent,
    idempotency: session.idempotency,
    tx,
    server,
    now,
    audit: (note) => void notes.push(note),
    touch: (customerId) => {
      if (customerId === undefined) committed.touched = true;
      else committed.customers = [...new Set(committed.customers).add(customerId)];
    },
    catalogueChanged: () => {
      catalogueChanged = true;
    },
    hasChangedCatalogue: () => catalogueChanged || raisesVersion(wrote),
    nudge: () => {
      committed.nudged = true;
    },
  };
  const claim = session.idempotency;
  if (claim && answered.has(claim)) throw new ClaimedTwice();
  if (claim) await claimKey(tx, session, claim);
  const result = await work(ctx as Ctx); // what is left out is undefined
  if (notes.length > 0) await storeAuditNotes(tx, session, notes);
  else refuseUnaudited(session, wrote);
  catalogueChanged = ctx.hasChangedCatalogue();
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

import type { PgDatabase } from 'drizzle-orm/pg-core';
import type { PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js';
import type { CompanyId, Id } from './ids.ts';

/** Who is acting. `system` is our own work (worker, seed, operator), named after the job. */
export type Actor =
  | { readonly type: 'staff'; readonly id: Id<'stf'> }
  | { readonly type: 'key'; readonly id: Id<'key'> }
  | { readonly type: 'customer'; readonly id: Id<'cus'> }
  | { readonly type: 'system'; readonly id: string }
  | { readonly type: 'nobody'; readonly id: 'nobody' };

/** What a request with an Idempotency-Key claims: this key, on this route, with this body. */
export interface IdempotencyClaim {
  readonly key: string;
  readonly route: string;
  /** SHA-256 of the body, hex. */
  readonly digest: string;
  /** Which of a request's several units of work this is: see `inParts`. Without it there is one. */
  readonly part?: 'first' | 'next' | 'last';
  /** Which try of the request this is, where it has parts. */
  readonly holder?: string;
}

/** What happened to which thing. `before` and `after` are views of it; fields that look secret are masked. */
export interface AuditNote {
  /** Noun and past participle, like `role.created`. */
  readonly action: string;
  readonly entity: { readonly type: string; readonly id: string };
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Plain data about the caller: which company, who, and what they may do. Made at the door, never changed. */
export interface Session {
  readonly companyId: CompanyId;
  readonly actor: Actor;
  /** Words the caller holds: permissions of staff and of secret keys, scopes of keys. */
  readonly permissions: ReadonlySet<string>;
  readonly requestId: string;
  readonly staffSessionId?: Id<'ses'>;
  readonly customerSessionId?: Id<'cses'>;
  /** The key of the storefront a shopper came with, customer or not. */
  readonly keyId?: Id<'key'>;
  /** Somebody who shops: a storefront's key, or a customer beside it. What shoppers do to their own needs no audit note. */
  readonly isShopper?: boolean;
  /**
   * The work handles hundreds of rows a statement, and may be what fills the tables: whatever PostgreSQL has planned on this
   * connection before, checks of foreign keys among it, is planned anew, once. A plan made while the tables were small walks
   * all of a company's rows for each value. Texts that come again are prepared nevertheless. (Plans of other work on the same
   * connection go as well, and are made again.)
   */
  readonly isBatch?: boolean;
  /**
   * Answered before it is on disk (PostgreSQL's asynchronous commit). If the database server itself crashes, units of work of
   * its last moments (three times `wal_writer_delay`, 0.6 s) are gone, each as a whole; nothing else can happen to them. For
   * what a shopper would do again without a thought. A commit that waits takes all before it along.
   */
  readonly commitsAsync?: boolean;
  readonly ip?: string;
  readonly userAgent?: string;
  /** Set when the request carries an Idempotency-Key: the unit of work stores the claim and the answer with the effect. */
  readonly idempotency?: IdempotencyClaim;
}

export type Tx = PgDatabase<PostgresJsQueryResultHKT, Record<string, never>>;

/** A session inside its open transaction. Service functions take it first; it has no way to the network. */
export interface Ctx extends Session {
  readonly tx: Tx;
  /** Which database server it is on: when that was started. After a failover it is another. */
  readonly server: string;
  readonly now: Date;
  /** Takes down what a privileged write did; stored in the same transaction. See `audit-log.ts`. */
  audit(note: AuditNote): void;
  /**
   * Says that cached knowledge of this company (standing of staff and keys, settings) is stale once this commits. With a
   * customer: only what is known of their sessions, for they come and go all day.
   */
  touch(customerId?: Id<'cus'>): void;
  /** Says that what visitors read changed: the company's catalogue version is raised as the last statement before the commit. */
  catalogueChanged(): void;
  /** Whether this unit of work wrote what visitors read: what it reads itself from now on holds for nobody else yet. */
  hasChangedCatalogue(): boolean;
  /** Says that a worker has something to do once this commits. */
  nudge(): void;
}

/** The only way to a transaction. Retries the whole of `work` on a serialisation failure or a deadlock. */
export type Run = <T>(session: Session, work: (ctx: Ctx) => Promise<T>) => Promise<T>;

/** A transaction of no company: sees the handle directory and the signing keys, and not one tenant row. */
export type RunUnscoped = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;

/** A session of our own work in one company. `job` names it in the audit log. */
export const systemSession = (companyId: CompanyId, job: string, permissions: Iterable<string> = []): Session => ({
  companyId,
  actor: { type: 'system', id: job },
  permissions: new Set(permissions),
  requestId: job,
});

/**
 * The session for a unit of work that only looks before the one that acts. Without the idempotency claim: what it reads
 * (a password's hash) must never be kept as the answer.
 */
export const lookingOnly = (session: Session): Session => ({ ...session, idempotency: undefined });

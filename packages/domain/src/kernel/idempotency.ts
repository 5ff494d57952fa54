import { randomBytes } from 'node:crypto';
import { and, eq, isNull, lt, or, sql } from 'drizzle-orm';
import type { Ctx, IdempotencyClaim, Run, Session, Tx } from './ctx.ts';
import { DomainError } from './errors.ts';
import { idempotencyKeys } from './idempotency.schema.ts';
import { postgresErrorOf } from './postgres-error.ts';
import { seal, unseal } from './sealing.ts';
import { runText, type TextStatement } from './text-statement.ts';

const LOCK_NOT_AVAILABLE = '55P03'; // SQLSTATE, PostgreSQL manual, appendix A
export const IDEMPOTENCY_KEPT_HOURS = 72;
/** A request of several units of work that is not heard of for so long is gone: whoever repeats it takes the work up. */
const LEASE_SECONDS = 10;
/** How often it is heard of, however long a foreign call takes. */
const BEAT_MS = 3_000;
const HOLDER_BYTES = 12;

/** Not an error: the work was done before, and this is what was answered. The HTTP layer sends it again. */
export class AnsweredBefore extends Error {
  constructor(readonly answer: unknown) {
    super('This Idempotency-Key was answered before');
    this.name = 'AnsweredBefore';
  }
}

/** The key was used with another body. IETF draft-ietf-httpapi-idempotency-key-header, section 2.7: 422. */
export class IdempotencyKeyReused extends DomainError {
  readonly code = 'idempotency_key_reused';
  readonly status = 422;
  constructor() {
    super('This Idempotency-Key was used before with another body. Use a new key for a new request.');
  }
}

/** The first request with this key is not finished. Same section: 409. */
export class IdempotencyKeyBusy extends DomainError {
  readonly code = 'idempotency_key_busy';
  readonly status = 409;
  override readonly retryAfterSeconds = 1;
  constructor() {
    super('A request with this Idempotency-Key is still running. Try again in a second.');
  }
}

const principalOf = ({ actor }: Pick<Session, 'actor'>) => `${actor.type}:${actor.id}`;
const boundTo = (session: Session, claim: IdempotencyClaim) =>
  `${session.companyId}|idempotency_keys|answer|${principalOf(session)}|${claim.route}|${claim.key}`;

const rowOf = (session: Pick<Session, 'companyId' | 'actor'>, claim: IdempotencyClaim) =>
  and(
    eq(idempotencyKeys.companyId, session.companyId),
    eq(idempotencyKeys.principal, principalOf(session)),
    eq(idempotencyKeys.route, claim.route),
    eq(idempotencyKeys.key, claim.key),
  );

/**
 * Claims the key inside the unit of work (of several: as `inParts` says). A second request with the same key waits here for the first one's commit.
 * Throws `AnsweredBefore` (with the stored answer), `IdempotencyKeyReused` or `IdempotencyKeyBusy`.
 */
export async function claimKey(tx: Tx, session: Session, claim: IdempotencyClaim): Promise<void> {
  if (claim.part === 'last') return;
  if (claim.part === 'next') return renewLease(tx, session, claim);
  if (claim.part === 'first') return claimOrResume(tx, session, claim);
  const { route, key, digest } = claim;
  const values = { company: session.companyId, principal: principalOf(session), route, key, digest };
  const inserted = await runText({ tx }, CLAIM, values).catch(refuseBusy);
  if (inserted.length > 0) return;
  await refuseClaimed(tx, session, claim);
  throw new IdempotencyKeyBusy();
}

/** The sessions of a request whose effect takes several units of work, with foreign calls between them. */
export interface Parts {
  /** Claims the key, and takes up again what a crash left. Its work has to find what an earlier try did. */
  readonly first: Session;
  /** Keeps the claim alive. */
  readonly next: Session;
  /** Stores its result as the answer to the request. */
  readonly last: Session;
}

/**
 * Spreads a session's claim over the units of work of a flow: the first claims, the last answers. A repeated request
 * waits while the first one runs (409, `Retry-After`), gets the answer once there is one, and otherwise does the work
 * again from the first part on: each part looks for what is there before it acts. Whoever lost the claim to a repeated
 * request is told `IdempotencyKeyBusy` by its next part.
 */
export function inParts(session: Session): Parts {
  const holder = randomBytes(HOLDER_BYTES).toString('base64url');
  const part = (which: IdempotencyClaim['part']): Session =>
    session.idempotency && which
      ? { ...session, idempotency: { ...session.idempotency, part: which, holder } }
      : session;
  return { first: part('first'), next: part('next'), last: part('last') };
}

/**
 * Does a flow's work in parts, and keeps the claim alive meanwhile. When it fails the key is free at once, so that a
 * repeated request need not wait.
 */
export async function workInParts<T>(run: Run, session: Session, work: (parts: Parts) => Promise<T>): Promise<T> {
  const parts = inParts(session);
  const claim = parts.next.idempotency;
  // Should one fail, the next is soon; and without any the lease runs out, which is what it is for.
  const beat = setInterval(() => {
    if (claim) run(unclaimed(session), (ctx) => renewLease(ctx.tx, session, claim)).catch(() => undefined);
  }, BEAT_MS);
  try {
    return await work(parts);
  } catch (error) {
    if (claim) await run(unclaimed(session), (ctx) => freeClaim(ctx, claim)).catch(() => undefined);
    throw error;
  } finally {
    clearInterval(beat);
  }
}

const unclaimed = (session: Session): Session => ({ ...session, idempotency: undefined });

/** The row, as long as it is this try that works on it. */
const heldRow = (session: Pick<Session, 'companyId' | 'actor'>, claim: IdempotencyClaim) =>
  and(rowOf(session, claim), eq(idempotencyKeys.holder, claim.holder ?? ''), isNull(idempotencyKeys.answer));

const freeClaim = (ctx: Ctx, claim: IdempotencyClaim) =>
  ctx.tx.update(idempotencyKeys).set({ leasedUntil: sql`now()` }).where(heldRow(ctx, claim));

const leaseEnd = sql`now() + make_interval(secs => ${LEASE_SECONDS})`;

/** The first part: a new claim, or one whose holder is gone. Throws as `claimKey` does. */
async function claimOrResume(tx: Tx, session: Session, { part: _, ...claim }: IdempotencyClaim): Promise<void> {
  const row = { companyId: session.companyId, principal: principalOf(session), ...claim, leasedUntil: leaseEnd };
  const taken = await tx
    .insert(idempotencyKeys)
    .values(row)
    .onConflictDoUpdate({
      target: [idempotencyKeys.companyId, idempotencyKeys.principal, idempotencyKeys.route, idempotencyKeys.key],
      set: { leasedUntil: leaseEnd, holder: claim.holder ?? null },
      setWhere: and(
        eq(idempotencyKeys.digest, claim.digest),
        isNull(idempotencyKeys.answer),
        or(isNull(idempotencyKeys.leasedUntil), lt(idempotencyKeys.leasedUntil, sql`now()`)),
      ),
    })
    .returning({ key: idempotencyKeys.key })
    .catch(refuseBusy);
  if (taken.length > 0) return;
  await refuseClaimed(tx, session, claim);
  throw new IdempotencyKeyBusy();
}

/** Throws `IdempotencyKeyBusy` when somebody else has taken the work up. */
async function renewLease(tx: Tx, session: Session, claim: IdempotencyClaim): Promise<void> {
  const kept = await tx
    .update(idempotencyKeys)
    .set({ leasedUntil: leaseEnd })
    .where(heldRow(session, claim))
    .returning({ key: idempotencyKeys.key });
  if (kept.length === 0) throw new IdempotencyKeyBusy();
}

// The first one still holds its row after our patience (`lock_timeout`).
function refuseBusy(error: unknown): never {
  if (postgresErrorOf(error)?.code === LOCK_NOT_AVAILABLE) throw new IdempotencyKeyBusy();
  throw error;
}

/**
 * For work of several transactions, of which the last one claims the key: refuses, before the first one, what `claimKey`
 * would refuse at the end. Throws as that does.
 */
export async function refuseClaimed(tx: Tx, session: Session, claim: IdempotencyClaim): Promise<void> {
  const [stored] = await tx.select().from(idempotencyKeys).where(rowOf(session, claim));
  if (!stored) return;
  if (stored.digest !== claim.digest) throw new IdempotencyKeyReused();
  if (stored.answer === null) throw new IdempotencyKeyBusy();
  throw new AnsweredBefore(JSON.parse(unseal(stored.answer, boundTo(session, claim))));
}

/** Stores the answer beside its effect, in the same transaction; of several units of work the last one's. */
export async function storeAnswer(tx: Tx, session: Session, claim: IdempotencyClaim, answer: unknown): Promise<void> {
  if (claim.part === 'first' || claim.part === 'next') return;
  const sealed = seal(JSON.stringify(answer ?? null), boundTo(session, claim));
  const which = claim.part === 'last' ? heldRow(session, claim) : rowOf(session, claim);
  const stored = await tx
    .update(idempotencyKeys)
    .set({ answer: sealed })
    .where(which)
    .returning({ key: idempotencyKeys.key });
  if (stored.length === 0) throw new IdempotencyKeyBusy();
}

const CLAIM: TextStatement<'company' | 'principal' | 'route' | 'key' | 'digest'> = {
  text: `insert into idempotency_keys (company_id, principal, route, key, digest)
    values ($1::text, $2::text, $3::text, $4::text, $5::text) on conflict do nothing returning key`,
  names: ['company', 'principal', 'route', 'key', 'digest'],
};

const STORE: TextStatement<'company' | 'principal' | 'route' | 'key' | 'answer'> = {
  text: `update idempotency_keys set answer = $5 where company_id = $1 and principal = $2 and route = $3 and key = $4`,
  names: ['company', 'principal', 'route', 'key', 'answer'],
};

/**
 * As `storeAnswer`, for a claim made in this very transaction, whose row nobody else can have touched. The statement is
 * sent before this returns its promise.
 */
export function storeOwnAnswer(tx: Tx, session: Session, claim: IdempotencyClaim, answer: unknown): Promise<unknown> {
  const { route, key } = claim;
  const sealed = seal(JSON.stringify(answer ?? null), boundTo(session, claim));
  const values = { company: session.companyId, principal: principalOf(session), route, key, answer: sealed };
  return runText({ tx }, STORE, values);
}

/** Deletes this company's keys that are past their time; returns how many. */
export async function sweepKeys(ctx: Ctx): Promise<number> {
  const old = lt(idempotencyKeys.createdAt, sql`now() - make_interval(hours => ${IDEMPOTENCY_KEPT_HOURS})`);
  const gone = await ctx.tx
    .delete(idempotencyKeys)
    .where(and(eq(idempotencyKeys.companyId, ctx.companyId), old))
    .returning({ key: idempotencyKeys.key });
  return gone.length;
}

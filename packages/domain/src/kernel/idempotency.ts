import { and, eq, lt, sql } from 'drizzle-orm';
import type { Ctx, IdempotencyClaim, Session, Tx } from './ctx.ts';
import { DomainError } from './errors.ts';
import { idempotencyKeys } from './idempotency.schema.ts';
import { postgresErrorOf } from './postgres-error.ts';
import { seal, unseal } from './sealing.ts';

const LOCK_NOT_AVAILABLE = '55P03'; // SQLSTATE, PostgreSQL manual, appendix A
export const IDEMPOTENCY_KEPT_HOURS = 72;

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

const principalOf = ({ actor }: Session) => `${actor.type}:${actor.id}`;
const boundTo = (session: Session, claim: IdempotencyClaim) =>
  `${session.companyId}|idempotency_keys|answer|${principalOf(session)}|${claim.route}|${claim.key}`;

const rowOf = (session: Session, claim: IdempotencyClaim) =>
  and(
    eq(idempotencyKeys.companyId, session.companyId),
    eq(idempotencyKeys.principal, principalOf(session)),
    eq(idempotencyKeys.route, claim.route),
    eq(idempotencyKeys.key, claim.key),
  );

/**
 * Claims the key inside the unit of work. A second request with the same key waits here for the first one's commit.
 * Throws `AnsweredBefore` (with the stored answer), `IdempotencyKeyReused` or `IdempotencyKeyBusy`.
 */
export async function claimKey(tx: Tx, session: Session, claim: IdempotencyClaim): Promise<void> {
  const row = { companyId: session.companyId, principal: principalOf(session), ...claim };
  const inserted = await tx
    .insert(idempotencyKeys)
    .values(row)
    .onConflictDoNothing()
    .returning({ key: idempotencyKeys.key })
    .catch((error: unknown) => {
      // The first one still holds its row after our patience (`lock_timeout`).
      if (postgresErrorOf(error)?.code === LOCK_NOT_AVAILABLE) throw new IdempotencyKeyBusy();
      throw error;
    });
  if (inserted.length > 0) return;
  await refuseClaimed(tx, session, claim);
  throw new IdempotencyKeyBusy();
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

/** Stores the answer beside its effect, in the same transaction. */
export async function storeAnswer(tx: Tx, session: Session, claim: IdempotencyClaim, answer: unknown): Promise<void> {
  const sealed = seal(JSON.stringify(answer ?? null), boundTo(session, claim));
  await tx.update(idempotencyKeys).set({ answer: sealed }).where(rowOf(session, claim));
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

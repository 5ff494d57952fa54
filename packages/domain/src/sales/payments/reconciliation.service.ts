import { eq } from 'drizzle-orm';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import type { CompanyId } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { companiesWithDueAttempts } from './attempts.service.ts';
import { isWatched, mayBecomeKnown, nextCheck } from './check-schedule.ts';
import type { ChargeFacts } from './gateway.ts';
import type { AttemptRow } from './payment-views.ts';
import { paymentAttempts } from './payments.schema.ts';
import { companiesWithDueRefunds } from './refund-sending.service.ts';

/**
 * When to ask next about an attempt that is not paid. One that its provider has never heard of lapses when the request
 * that would have begun it cannot be on its way any more; all others when three days are over.
 */
export async function planCheck(ctx: Ctx, attempt: AttemptRow, facts: ChargeFacts | undefined): Promise<void> {
  const isUnheard = facts?.state === 'unknown' && attempt.status === 'starting';
  const goesOn = isUnheard ? mayBecomeKnown(attempt.createdAt, ctx.now) : isWatched(attempt.createdAt, ctx.now);
  const isOpen = attempt.status === 'starting' || attempt.status === 'pending';
  const told = facts?.state === 'pending' && attempt.status === 'starting' ? ('pending' as const) : undefined;
  await ctx.tx
    .update(paymentAttempts)
    .set({
      nextCheckAt: goesOn ? nextCheck(ctx.now, attempt.checks) : null,
      ...(told && { status: told }),
      ...(!goesOn && isOpen && { status: 'lapsed' as const, message: 'Never heard of again.' }),
    })
    .where(mine(ctx, paymentAttempts, eq(paymentAttempts.id, attempt.id)));
}

/** In which companies something has to be asked of a provider. As the relay role, which sees no more than that. */
export async function companiesWithDueChecks(tx: Tx, limit: number, behind?: CompanyId): Promise<CompanyId[]> {
  const attempts = await companiesWithDueAttempts(tx, limit, behind);
  const refunds = await companiesWithDueRefunds(tx, limit, behind);
  return [...new Set([...attempts, ...refunds])].sort().slice(0, limit);
}

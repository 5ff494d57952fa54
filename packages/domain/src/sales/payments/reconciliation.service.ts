import { sql } from 'drizzle-orm';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import type { CompanyId } from '../../kernel/ids.ts';
import { companiesWithDueAttempts } from './attempts.service.ts';
import { isWatched, mayBecomeKnown, nextCheck } from './check-schedule.ts';
import type { ChargeFacts } from './gateway.ts';
import type { AttemptRow } from './payment-views.ts';
import { companiesWithDueRefunds } from './refund-sending.service.ts';

/**
 * When to ask next about an attempt. One that its provider has never heard of lapses when the request that would have
 * begun it cannot be on its way any more; all others when three days are over. What others have learnt of it since it was
 * taken up stands: the row decides, not what was read then.
 */
export async function planCheck(ctx: Ctx, attempt: AttemptRow, facts: ChargeFacts | undefined): Promise<void> {
  const { createdAt, checks } = attempt;
  const at = nextCheck(ctx.now, checks);
  const pending = isWatched(createdAt, ctx.now) ? at : null;
  const isUnheard = facts?.state === 'unknown';
  const starting = isUnheard ? (mayBecomeKnown(createdAt, ctx.now) ? at : null) : pending;
  const begun = facts?.state === 'pending' ? 'pending' : 'starting';
  await ctx.tx.execute(sql`update payment_attempts a set
      next_check_at = case when a.status in ('succeeded', 'refused') then null
        when a.status = 'starting' then ${starting}::timestamptz else ${pending}::timestamptz end,
      status = case a.status when 'starting' then ${starting === null ? 'lapsed' : begun}
        when 'pending' then ${pending === null ? 'lapsed' : 'pending'} else a.status end,
      message = case when a.status = 'starting' and ${starting === null} or a.status = 'pending' and ${pending === null}
        then 'Never heard of again.' else a.message end
    where a.company_id = ${ctx.companyId} and a.id = ${attempt.id}`);
}

/** In which companies something has to be asked of a provider. As the relay role, which sees no more than that. */
export async function companiesWithDueChecks(tx: Tx, limit: number, behind?: CompanyId): Promise<CompanyId[]> {
  const attempts = await companiesWithDueAttempts(tx, limit, behind);
  const refunds = await companiesWithDueRefunds(tx, limit, behind);
  return [...new Set([...attempts, ...refunds])].sort().slice(0, limit);
}

import { and, asc, eq, gt, inArray, isNull, lte, or, type SQL, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { webhookDeliveries } from './webhooks.schema.ts';

/** What one statement changes within its time. */
const ROWS_AT_ONCE = 30_000;

/** Written out: the planner takes a partial index only for a condition it can read. */
export const isPending = sql`${webhookDeliveries.status} = 'pending'`;
export const isSucceeded = sql`${webhookDeliveries.status} = 'succeeded'`;
export const isFailed = sql`${webhookDeliveries.status} = 'failed'`;

/** No worker has it in hand. */
export const isFree = or(isNull(webhookDeliveries.leasedUntil), lte(webhookDeliveries.leasedUntil, sql`now()`));

/** What a delivery is that somebody asked for again. Attempts begin anew; their numbers go on. */
export const AGAIN = {
  status: 'pending' as const,
  attempts: 0,
  dueAt: sql`now()`,
  leasedUntil: null,
  redeliveries: sql`${webhookDeliveries.redeliveries} + 1`,
  endedAt: null,
};

/** Makes what waits for an endpoint due now, the next ones first. What is beyond one statement keeps its time. */
export async function makeDue(ctx: Ctx, endpointId: Id<'wep'>): Promise<void> {
  const isLater = gt(webhookDeliveries.dueAt, sql`now()`);
  const waiting = nextOnes(ctx, and(eq(webhookDeliveries.endpointId, endpointId), isPending, isLater, isFree));
  await ctx.tx
    .update(webhookDeliveries)
    .set({ dueAt: sql`now()` })
    .where(mine(ctx, webhookDeliveries, isPending, inArray(webhookDeliveries.id, waiting)));
  ctx.nudge();
}

/** Ends what is on its way to endpoints that were deleted; returns how many. The rest is left to the next call. */
export async function endPending(ctx: Ctx, endpointIds: readonly Id<'wep'>[]): Promise<number> {
  const ended = await ctx.tx
    .update(webhookDeliveries)
    .set({ status: 'failed', endedAt: sql`now()`, lastError: 'The endpoint was deleted.' })
    .where(
      mine(
        ctx,
        webhookDeliveries,
        isPending,
        inArray(
          webhookDeliveries.id,
          nextOnes(ctx, and(isAnyOf(webhookDeliveries.endpointId, endpointIds), isPending)),
        ),
      ),
    );
  return ended.count;
}

const nextOnes = (ctx: Ctx, condition: SQL | undefined) =>
  ctx.tx
    .select({ id: webhookDeliveries.id })
    .from(webhookDeliveries)
    .where(mine(ctx, webhookDeliveries, condition))
    .orderBy(asc(webhookDeliveries.dueAt))
    .limit(ROWS_AT_ONCE);

import { asc, exists, inArray, isNotNull, lte, not, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { endPending } from './delivery-states.service.ts';
import { forgetPrevious } from './endpoint-secrets.service.ts';
import { webhookAttempts, webhookDeliveries, webhookEndpoints } from './webhooks.schema.ts';

const ENDPOINTS_AT_ONCE = 100;

/**
 * Deletes what is kept of the deliveries of events that are about to be deleted, whatever became of them. For
 * `sweepEvents`.
 */
export async function forgetDeliveries(ctx: Ctx, eventIds: readonly Id<'evt'>[]): Promise<void> {
  const ofThem = ctx.tx
    .select({ id: webhookDeliveries.id })
    .from(webhookDeliveries)
    .where(mine(ctx, webhookDeliveries, isAnyOf(webhookDeliveries.eventId, eventIds)));
  await ctx.tx.delete(webhookAttempts).where(mine(ctx, webhookAttempts, inArray(webhookAttempts.deliveryId, ofThem)));
  await ctx.tx
    .delete(webhookDeliveries)
    .where(mine(ctx, webhookDeliveries, isAnyOf(webhookDeliveries.eventId, eventIds)));
}

/**
 * Housekeeping of endpoints: ends what is still on its way to deleted ones, removes those whose deliveries are all swept,
 * and forgets secrets whose overlap is over. Returns whether there may be more to do.
 */
export async function sweepEndpoints(ctx: Ctx): Promise<boolean> {
  const deleted = await ctx.tx
    .select({ id: webhookEndpoints.id })
    .from(webhookEndpoints)
    .where(mine(ctx, webhookEndpoints, isNotNull(webhookEndpoints.deletedAt)))
    .orderBy(asc(webhookEndpoints.id));
  const ids = deleted.map(({ id }) => id);
  const ended = ids.length > 0 ? await endPending(ctx, ids) : 0;
  if (ids.length > 0) await removeEmpty(ctx);
  await forgetOverlaps(ctx);
  return ended > 0;
}

async function removeEmpty(ctx: Ctx): Promise<void> {
  const deliveries = ctx.tx
    .select({ one: sql`1` })
    .from(webhookDeliveries)
    .where(mine(ctx, webhookDeliveries, sql`${webhookDeliveries.endpointId} = ${webhookEndpoints.id}`));
  await ctx.tx
    .delete(webhookEndpoints)
    .where(mine(ctx, webhookEndpoints, isNotNull(webhookEndpoints.deletedAt), not(exists(deliveries))));
}

async function forgetOverlaps(ctx: Ctx): Promise<void> {
  const over = await ctx.tx
    .select({ id: webhookEndpoints.id })
    .from(webhookEndpoints)
    .where(mine(ctx, webhookEndpoints, lte(webhookEndpoints.previousSecretUntil, sql`now()`)))
    .orderBy(asc(webhookEndpoints.id))
    .limit(ENDPOINTS_AT_ONCE)
    .for('no key update');
  if (over.length === 0) return;
  const ids = over.map(({ id }) => id);
  await Promise.all(ids.map((id) => forgetPrevious(ctx, id)));
  await ctx.tx
    .update(webhookEndpoints)
    .set({ previousSecretUntil: null })
    .where(mine(ctx, webhookEndpoints, inArray(webhookEndpoints.id, ids)));
}

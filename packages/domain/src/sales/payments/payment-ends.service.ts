import { and, eq, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { payments } from './payments.schema.ts';

/**
 * Asks for nothing more: another order took the place of this payment's. Its attempts stay watched, and money that comes
 * all the same goes back. The caller holds the payment's lock, and nothing came in so far.
 */
export async function endPayment(ctx: Ctx, id: Id<'pay'>): Promise<void> {
  await ctx.tx
    .update(payments)
    .set({ status: 'cancelled', version: sql`${payments.version} + 1`, updatedAt: sql`now()` })
    .where(mine(ctx, payments, and(eq(payments.id, id), eq(payments.status, 'pending'), eq(payments.captured, 0n))));
}

import { eq } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { orders } from '../orders/orders.schema.ts';

/** What the events of a refund say of its order: whoever hears of money that goes back is written to. */
export async function refundedOrder(
  ctx: Ctx,
  orderId: Id<'ord'>,
): Promise<{ id: Id<'ord'>; number: string; email: string }> {
  const [order] = await ctx.tx
    .select({ id: orders.id, number: orders.number, email: orders.email })
    .from(orders)
    .where(mine(ctx, orders, eq(orders.id, orderId)));
  if (!order) throw new Error(`Order ${orderId} of a refund is gone`);
  return order;
}

import { eq, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { PermissionMissing } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { type MoneyView, toView } from '../../kernel/money.ts';
import { mine } from '../../kernel/tables.ts';
import { type Cancelled, cancelLines } from '../orders/cancellation.service.ts';
import { readOrder } from '../orders/order-rows.service.ts';
import { orderViewOf } from '../orders/order-views.ts';
import type { CancellationView, NewCancellation } from './cancellation.contract.ts';
import { paymentStatusOf, refundableOf } from './payment-sums.ts';
import { type PaymentRow, type RefundRow, refundViewOf, summaryOf } from './payment-views.ts';
import { canRefund } from './payments.access.ts';
import { payments, refunds } from './payments.schema.ts';
import { beginRefund } from './refund-begin.service.ts';
import { byHand, recordRefund } from './refund-records.service.ts';
import { cancellationRefund } from './refund-shares.ts';
import { chargeFor, refundBasis } from './refunds.service.ts';

export interface CancelledOrder {
  readonly orderId: Id<'ord'>;
  readonly cancelled: MoneyView;
  /** What goes back; whoever cancels asks the provider at once. */
  readonly refund: RefundRow | null;
}

/**
 * Calls off what is asked for and writes down what goes back for it, in one unit of work. What was not paid yet is not
 * asked for any more; attempts stay watched, and money that comes all the same goes back. Locks payment, then order.
 * Throws `NotFound`, `OrderMoveNotAllowed`, `NotCancellable`, `InvalidInput`, `RefundSpansPayments`,
 * `PermissionMissing` (giving money back has a permission of its own).
 */
export async function cancelOrder(
  ctx: Ctx,
  orderId: Id<'ord'>,
  { lines, reason, restock, refund: isRefunded }: NewCancellation,
): Promise<CancelledOrder> {
  const [payment] = await ctx.tx
    .select()
    .from(payments)
    .where(mine(ctx, payments, eq(payments.orderId, orderId)))
    .for('update');
  const done = await cancelLines(ctx, orderId, { lines, reason, restock });
  const cancelled = toView({ amountMinor: done.total, currency: done.order.currency });
  if (!payment) return { orderId, cancelled, refund: null };
  const unpaid = await askForLess(ctx, payment, done);
  const most = least(done.total - unpaid, refundableOf(payment));
  if (isRefunded && most > 0n) refuseRefunding(ctx);
  const refund = isRefunded && most > 0n ? await refundOf(ctx, payment, done, most, reason) : null;
  // What a person gives back by hand is done with the word of it.
  const given = refund?.provider === 'manual' ? await recordRefund(ctx, refund.id, byHand(refund), 'staff') : refund;
  return { orderId, cancelled, refund: given ?? null };
}

/** The order and what goes back for it, as they are now. Throws `NotFound`. */
export async function cancellationViewOf(
  ctx: Ctx,
  { orderId, cancelled, refund }: CancelledOrder,
): Promise<CancellationView> {
  const order = await readOrder(ctx, orderId);
  const rows = refund
    ? await ctx.tx
        .select()
        .from(refunds)
        .where(mine(ctx, refunds, eq(refunds.id, refund.id)))
    : [];
  return { order: orderViewOf(order), cancelled, refunds: rows.map(refundViewOf) };
}

/** Whoever may cancel may not therefore give money back. */
function refuseRefunding({ actor, permissions }: Ctx): void {
  const isPerson = actor.type === 'staff' || actor.type === 'key';
  if (isPerson && !permissions.has(canRefund.write)) throw new PermissionMissing(canRefund.write);
}

/**
 * What had not come in yet of what was called off is not asked for any more; returns how much. Of an order that is called
 * off whole before anything came in the amount stays, for the books.
 */
async function askForLess(ctx: Ctx, payment: PaymentRow, { isWhole, total }: Cancelled): Promise<bigint> {
  const unpaid = payment.amount > payment.captured ? least(total, payment.amount - payment.captured) : 0n;
  if (unpaid === 0n) return 0n;
  const isOver = isWhole && payment.captured === 0n;
  const sums = { ...payment, amount: payment.amount - unpaid };
  const set = isOver
    ? { status: 'cancelled' as const }
    : { amount: sums.amount, status: paymentStatusOf(payment.status, sums, 0n) };
  const [after] = await ctx.tx
    .update(payments)
    .set({ ...set, version: sql`${payments.version} + 1`, updatedAt: sql`now()` })
    .where(mine(ctx, payments, eq(payments.id, payment.id)))
    .returning();
  ctx.audit({
    action: 'payment.reduced',
    entity: { type: 'payment', id: payment.id },
    before: summaryOf(payment),
    after: after && summaryOf(after),
  });
  return unpaid;
}

async function refundOf(
  ctx: Ctx,
  payment: PaymentRow,
  done: Cancelled,
  most: bigint,
  reason: string,
): Promise<RefundRow | null> {
  const { amount, parts } = cancellationRefund(await refundBasis(ctx, payment), done, most);
  if (amount === 0n) return null;
  const from = await chargeFor(ctx, payment, amount);
  const beginning = { amount, parts, cause: 'cancellation', reason, from, isSentAtOnce: true } as const;
  return (await beginRefund(ctx, payment, beginning)).refund;
}

const least = (a: bigint, b: bigint) => (a < b ? a : b);

import { asc, eq, inArray, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { PermissionMissing } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { type MoneyView, toView } from '../../kernel/money.ts';
import { mine } from '../../kernel/tables.ts';
import { type Cancelled, cancelLines } from '../orders/cancellation.service.ts';
import { readOrder } from '../orders/order-rows.service.ts';
import { owedOf } from '../orders/order-status.ts';
import { orderViewOf } from '../orders/order-views.ts';
import type { CancellationView, NewCancellation } from './cancellation.contract.ts';
import { excessOf } from './ledger.service.ts';
import { dueOf, paymentStatusOf, refundableOf } from './payment-sums.ts';
import { type PaymentRow, type RefundRow, refundViewOf, summaryOf } from './payment-views.ts';
import { canRefund } from './payments.access.ts';
import { payments, refunds } from './payments.schema.ts';
import { beginRefund } from './refund-begin.service.ts';
import { byHand, recordRefund } from './refund-records.service.ts';
import { cancellationRefund, spread } from './refund-shares.ts';
import { RefundKeyMissing } from './refunds.errors.ts';
import { refundBasis, refundSources } from './refunds.service.ts';

export interface CancelledOrder {
  readonly orderId: Id<'ord'>;
  readonly cancelled: MoneyView;
  /** What goes back, one for each charge it came by; whoever cancels asks the provider at once. */
  readonly refunds: readonly RefundRow[];
}

/**
 * Calls off what is asked for and writes down what goes back for it, in one unit of work. What was not paid yet is not
 * asked for any more; attempts stay watched, and money that comes all the same goes back. What was given back before, for
 * whatever reason, does not go back again: the order keeps no less than what it still owes. Locks payment, then order.
 * Throws `NotFound`, `OrderMoveNotAllowed`, `NotCancellable`, `InvalidInput`, and where money goes back
 * `PermissionMissing` (that has a permission of its own) and `RefundKeyMissing`.
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
  if (!payment) return { orderId, cancelled, refunds: [] };
  const unpaid = await askForLess(ctx, payment, done);
  const most = least(done.total - unpaid, refundableOf(payment));
  if (!isRefunded || most <= 0n) return { orderId, cancelled, refunds: [] };
  return { orderId, cancelled, refunds: await giveBack(ctx, payment, done, most, reason) };
}

/** The order and what goes back for it, as they are now. Throws `NotFound`. */
export async function cancellationViewOf(
  ctx: Ctx,
  { orderId, cancelled, refunds: begun }: CancelledOrder,
): Promise<CancellationView> {
  const order = await readOrder(ctx, orderId);
  const ids = begun.map(({ id }) => id);
  const rows =
    ids.length > 0
      ? await ctx.tx
          .select()
          .from(refunds)
          .where(mine(ctx, refunds, inArray(refunds.id, ids)))
          .orderBy(asc(refunds.id))
      : [];
  return { order: orderViewOf(order), cancelled, refunds: rows.map(refundViewOf) };
}

/** Whoever may cancel may not therefore give money back, and nobody gives it back twice by repeating a request. */
function refuseRefunding({ actor, permissions, idempotency }: Ctx): void {
  if (actor.type !== 'staff' && actor.type !== 'key') return;
  if (!permissions.has(canRefund.write)) throw new PermissionMissing(canRefund.write);
  if (!idempotency) throw new RefundKeyMissing();
}

/**
 * What had not come in yet of what was called off is not asked for any more; returns how much. Of an order that is called
 * off whole while nothing of it was paid the amount stays, for the books.
 */
async function askForLess(ctx: Ctx, payment: PaymentRow, { isWhole, total }: Cancelled): Promise<bigint> {
  const unpaid = least(total, dueOf(payment));
  if (unpaid === 0n) return 0n;
  const isOver = isWhole && refundableOf(payment) === 0n;
  const sums = { ...payment, amount: payment.amount - unpaid };
  const set = isOver
    ? { status: 'cancelled' as const }
    : { amount: sums.amount, status: paymentStatusOf(payment.status, sums, await excessOf(ctx, payment)) };
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

/** Writes down what goes back, of as many charges as it takes. What a person gives back by hand is done with that. */
async function giveBack(
  ctx: Ctx,
  payment: PaymentRow,
  done: Cancelled,
  most: bigint,
  reason: string,
): Promise<RefundRow[]> {
  const bounds = { most, refundable: refundableOf(payment), owed: owedOf(done.order) };
  const wanted = cancellationRefund(await refundBasis(ctx, payment), done, bounds);
  if (wanted.amount === 0n) return [];
  refuseRefunding(ctx);
  const sources = (await refundSources(ctx, payment)).filter(({ left }) => left > 0n);
  const whole = sources.find(({ left }) => left >= wanted.amount);
  const from = whole ? [whole] : sources;
  const begun: RefundRow[] = [];
  const rooms = from.map(({ left }) => left);
  for (const [at, { amount, parts }] of spread(wanted, rooms).entries()) {
    const source = from[at];
    if (!source || amount === 0n) continue;
    // A statement or two for each charge of one order: there is one, hardly ever two.
    const beginning = { amount, parts, cause: 'cancellation', reason, from: source, isSentAtOnce: true } as const;
    const { refund } = await beginRefund(ctx, payment, beginning);
    const isByHand = refund.provider === 'manual';
    begun.push((isByHand && (await recordRefund(ctx, refund.id, byHand(refund), 'staff'))) || refund);
  }
  return begun;
}

const least = (a: bigint, b: bigint) => (a < b ? a : b);

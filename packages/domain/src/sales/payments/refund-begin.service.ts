import { eq, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { mine } from '../../kernel/tables.ts';
import { nextCheck } from './check-schedule.ts';
import { refundableOf } from './payment-sums.ts';
import { type PaymentRow, type RefundRow, refundViewOf, summaryOf, type TransactionRow } from './payment-views.ts';
import { payments, type RefundCause, type RefundParts, refunds } from './payments.schema.ts';
import { refundedOrder } from './refund-order.service.ts';
import { RefundTooLarge } from './refunds.errors.ts';
import { refundCreated } from './refunds.events.ts';

/** A refund to be made. Amounts in minor units. */
export interface RefundBeginning {
  readonly amount: bigint;
  readonly cause: RefundCause;
  /** What it answers: once per cause. */
  readonly causeId?: string;
  readonly reason: string;
  readonly parts?: RefundParts;
  /** The charge that is given back. */
  readonly from: Pick<TransactionRow, 'attemptId' | 'provider'>;
  /** Whoever begins it asks the provider at once. Else a worker does. */
  readonly isSentAtOnce?: boolean;
}

export interface BegunRefund {
  readonly refund: RefundRow;
  readonly payment: PaymentRow;
}

/**
 * Takes a refund's amount out of what is left and writes it down, before any provider is asked: of two at once one finds
 * nothing left. The caller holds the payment's lock. Throws `RefundTooLarge`.
 */
export async function beginRefund(ctx: Ctx, before: PaymentRow, beginning: RefundBeginning): Promise<BegunRefund> {
  const { amount, cause, causeId, reason, from } = beginning;
  // Its own condition holds whether or not the caller kept the lock.
  const [payment] = await ctx.tx
    .update(payments)
    .set({
      refundsTotal: sql`${payments.refundsTotal} + ${amount.toString()}::bigint`,
      version: sql`${payments.version} + 1`,
      eventSequence: sql`${payments.eventSequence} + 1`,
      updatedAt: sql`now()`,
    })
    .where(
      mine(
        ctx,
        payments,
        eq(payments.id, before.id),
        sql`${payments.captured} - ${payments.refundsTotal} >= ${amount.toString()}::bigint`,
      ),
    )
    .returning();
  if (!payment) throw tooLarge(before, amount);
  const [refund] = await ctx.tx
    .insert(refunds)
    .values({
      companyId: ctx.companyId,
      id: newId('rfd'),
      paymentId: payment.id,
      orderId: payment.orderId,
      attemptId: from.attemptId,
      provider: from.provider,
      currency: payment.currency,
      amount,
      cause,
      causeId: causeId ?? null,
      reason,
      parts: beginning.parts ?? { lines: [], shipping: '0', other: amount.toString() },
      ...firstCheck(ctx, beginning),
      actorType: ctx.actor.type,
      actorId: ctx.actor.id,
    })
    .returning();
  if (!refund) throw new Error('The insert gave no row back');
  const order = await refundedOrder(ctx, refund.orderId);
  const data = { refund: refundViewOf(refund), payment: summaryOf(payment), order };
  ctx.audit({ action: 'refund.created', entity: { type: 'refund', id: refund.id }, after: data.refund });
  await emit(ctx, refundCreated, { aggregate: { id: payment.id, sequence: payment.eventSequence }, data });
  ctx.nudge();
  return { refund, payment };
}

/** `checks` says how often somebody has taken it up: the first one sends it, all others look for it first. */
const firstCheck = (ctx: Ctx, { isSentAtOnce = false, from }: RefundBeginning) =>
  from.provider === 'manual'
    ? { nextCheckAt: null, checks: 1 }
    : isSentAtOnce
      ? { nextCheckAt: nextCheck(ctx.now, 0), checks: 1 }
      : { nextCheckAt: ctx.now.toISOString(), checks: 0 };

function tooLarge(payment: PaymentRow, amount: bigint): RefundTooLarge {
  const money = (amountMinor: bigint) => ({ amountMinor, currency: payment.currency });
  return new RefundTooLarge('/amount', money(amount), money(refundableOf(payment)));
}

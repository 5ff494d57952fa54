import { eq, sql } from 'drizzle-orm';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { mine } from '../../kernel/tables.ts';
import { countLines, countShipping } from '../orders/order-changes.service.ts';
import { lockOrder } from '../orders/order-rows.service.ts';
import { flagOrder, markPaid } from '../orders/paid.service.ts';
import { nextCheck } from './check-schedule.ts';
import type { RefundFacts, RefusedRefund } from './gateway.ts';
import { type Booked, book, excessOf, type Source } from './ledger.service.ts';
import { orderSums } from './payment-sums.ts';
import { type PaymentRow, type RefundRow, refundViewOf, summaryOf } from './payment-views.ts';
import { payments, type RefundStatus, refunds } from './payments.schema.ts';
import { refundedOrder } from './refund-order.service.ts';
import { refundFailed, refundSucceeded } from './refunds.events.ts';

/** A refund only moves to the right. */
const RANK: Readonly<Record<RefundStatus, number>> = {
  starting: 0,
  pending: 1,
  needs_attention: 2,
  succeeded: 3,
  failed: 3,
  refused: 3,
};

/** What is known of a refund now. */
export type RefundNews = RefundFacts | RefusedRefund;

/**
 * Writes down what a provider says of a refund, in any order and any number of times. Done: the ledger, the order and its
 * lines hear of it; not possible: its amount can be given back another way. Locks payment, then order. Undefined: there
 * is no such refund here.
 */
export async function recordRefund(
  ctx: Ctx,
  id: Id<'rfd'>,
  news: RefundNews,
  source: Source,
): Promise<RefundRow | undefined> {
  const locked = await lockRefund(ctx, id);
  if (!locked) return undefined;
  const { payment, refund } = locked;
  if (RANK[news.state] <= RANK[refund.status]) return refund;
  if ('amount' in news && isOfAnotherAmount(refund, news))
    return attend(
      ctx,
      refund,
      news.providerReference,
      `The provider gives back ${news.amount.amountMinor} minor units.`,
    );
  switch (news.state) {
    case 'pending':
      return move(ctx, refund, {
        status: 'pending',
        providerReference: news.providerReference,
        message: news.message,
        nextCheckAt: nextCheck(ctx.now, refund.checks),
      });
    case 'needs_attention':
      return attend(ctx, refund, news.providerReference, news.message ?? 'The provider waits for the merchant.');
    case 'succeeded':
      return done(ctx, payment, refund, news, source);
    case 'failed':
      return undone(ctx, payment, refund, { ...news, state: 'failed', source });
    case 'refused':
      return undone(ctx, payment, refund, { ...news, message: `${news.code}: ${news.message}`, source });
  }
}

/** What a person gives back, without a provider. */
export const byHand = ({ id, amount, currency }: RefundRow): RefundFacts => ({
  state: 'succeeded',
  providerReference: id,
  amount: { amountMinor: amount, currency },
  message: 'Given back by hand.',
});

async function done(
  ctx: Ctx,
  payment: PaymentRow,
  refund: RefundRow,
  { providerReference, message }: RefundFacts,
  source: Source,
): Promise<RefundRow> {
  const fact = factOf(refund, 'succeeded', providerReference, message, source);
  // The refund counts as done before the sums are looked at: its row tells what of an excess went back.
  const after = await move(ctx, refund, { status: 'succeeded', providerReference, message, nextCheckAt: null });
  const booked = await book(ctx, payment, fact, { refunded: refund.amount });
  if (!booked) throw new Error(`The provider's refund ${providerReference} was booked before, for another refund`);
  await tellOrder(ctx, booked.payment, after);
  await tell(ctx, refundSucceeded, booked, after);
  return after;
}

async function undone(
  ctx: Ctx,
  payment: PaymentRow,
  refund: RefundRow,
  news: { state: 'failed' | 'refused'; message: string | null; providerReference?: string; source: Source },
): Promise<RefundRow> {
  const providerReference = news.providerReference ?? refund.providerReference;
  const fact = factOf(refund, 'failed', providerReference ?? refund.id, news.message, news.source);
  const set = { status: news.state, providerReference, message: news.message, nextCheckAt: null };
  const after = await move(ctx, refund, set);
  const booked = await book(ctx, payment, fact, { refundsTotal: -refund.amount });
  if (!booked) throw new Error(`The failure of refund ${refund.id} was booked before`);
  await tell(ctx, refundFailed, booked, after);
  // Nobody waits for the answer to these.
  if (refund.cause !== 'request')
    await flagOrder(ctx, refund.orderId, `Money could not be given back: ${news.message ?? news.state}.`);
  return after;
}

/** It is the merchant's turn, in the provider's books. The amount stays taken. */
async function attend(ctx: Ctx, refund: RefundRow, providerReference: string, message: string): Promise<RefundRow> {
  const isKnown = refund.status === 'needs_attention' && refund.providerReference === providerReference;
  if (isKnown && refund.message === message) return refund;
  const nextCheckAt = nextCheck(ctx.now, refund.checks);
  const after = await move(ctx, refund, { status: 'needs_attention', providerReference, message, nextCheckAt });
  if (refund.status !== 'needs_attention')
    await flagOrder(ctx, refund.orderId, `A refund needs somebody to look at it: ${message}`);
  return after;
}

/** The order's sums, and how much of its lines and shipping went back. */
async function tellOrder(ctx: Ctx, payment: PaymentRow, { orderId, parts }: RefundRow): Promise<void> {
  const order = await lockOrder(ctx, orderId);
  await countLines(
    ctx,
    orderId,
    parts.lines.map(({ orderLineId, quantity, amount }) => ({
      orderLineId,
      refunded: quantity,
      refundedTotal: BigInt(amount),
    })),
  );
  let left = BigInt(parts.shipping);
  const shipping = order.shippingLines.flatMap(({ id, total, refundedTotal }) => {
    const share = total - refundedTotal < left ? total - refundedTotal : left;
    left -= share;
    return share > 0n ? [{ shippingLineId: id, refundedTotal: share }] : [];
  });
  await countShipping(ctx, orderId, shipping);
  await markPaid(ctx, orderId, orderSums(payment, await excessOf(ctx, payment)));
}

async function tell(ctx: Ctx, event: typeof refundSucceeded, { payment }: Booked, refund: RefundRow): Promise<void> {
  const order = await refundedOrder(ctx, refund.orderId);
  const data = { refund: refundViewOf(refund), payment: summaryOf(payment), order };
  await emit(ctx, event, { aggregate: { id: payment.id, sequence: payment.eventSequence }, data });
}

type Change = Pick<RefundRow, 'status' | 'providerReference' | 'message'> & { nextCheckAt: Instant | null };

async function move(ctx: Ctx, before: RefundRow, change: Change): Promise<RefundRow> {
  const [after] = await ctx.tx
    .update(refunds)
    .set({ ...change, updatedAt: sql`now()` })
    .where(mine(ctx, refunds, eq(refunds.id, before.id)))
    .returning();
  if (!after) throw new Error(`Refund ${before.id} is gone`);
  ctx.audit({
    action: `refund.${change.status}`,
    entity: { type: 'refund', id: after.id },
    before: refundViewOf(before),
    after: refundViewOf(after),
  });
  return after;
}

async function lockRefund(ctx: Ctx, id: Id<'rfd'>): Promise<{ payment: PaymentRow; refund: RefundRow } | undefined> {
  const [locked] = await ctx.tx
    .select({ payment: payments, refund: refunds })
    .from(refunds)
    .innerJoin(payments, sql`${payments.companyId} = ${refunds.companyId} and ${payments.id} = ${refunds.paymentId}`)
    .where(mine(ctx, refunds, eq(refunds.id, id)))
    .for('update', { of: [payments, refunds] });
  return locked;
}

const isOfAnotherAmount = ({ amount, currency }: RefundRow, facts: RefundFacts) =>
  facts.amount.amountMinor !== amount || facts.amount.currency !== currency;

const factOf = (
  refund: RefundRow,
  status: 'succeeded' | 'failed',
  providerReference: string,
  message: string | null,
  source: Source,
) => ({
  attemptId: refund.attemptId,
  refundId: refund.id,
  provider: refund.provider,
  type: 'refund' as const,
  status,
  amount: refund.amount,
  providerReference,
  source,
  message,
});

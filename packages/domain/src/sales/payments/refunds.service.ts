import { createHash } from 'node:crypto';
import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { Actor, Ctx, IdempotencyClaim } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { toView } from '../../kernel/money.ts';
import { mine } from '../../kernel/tables.ts';
import { orderLines, orderShippingLines } from '../orders/orders.schema.ts';
import { excessOf } from './ledger.service.ts';
import { refundableOf } from './payment-sums.ts';
import { type PaymentRow, type RefundRow, refundViewOf, type TransactionRow } from './payment-views.ts';
import { payments, paymentTransactions, refunds } from './payments.schema.ts';
import { beginRefund } from './refund-begin.service.ts';
import { byHand, recordRefund } from './refund-records.service.ts';
import { type ReckonedRefund, type RefundBasis, reckonRefund } from './refund-shares.ts';
import type { RefundPreview, RefundView, RefundWish } from './refunds.contract.ts';
import { RefundKeyMissing, RefundSpansPayments, RefundTooLarge } from './refunds.errors.ts';

const NO_REASON = 'No reason given.';

/** What a refund would come to at this moment. Throws `NotFound`, `InvalidInput`, `TooManyUnits`, `RefundTooLarge`. */
export async function previewRefund(ctx: Ctx, id: Id<'pay'>, wish: RefundWish): Promise<RefundPreview> {
  const [payment] = await ctx.tx
    .select()
    .from(payments)
    .where(mine(ctx, payments, eq(payments.id, id)));
  if (!payment) throw new NotFound('payment');
  const { amount, parts } = await reckon(ctx, payment, wish);
  refuseTooMuch(payment, amount);
  const money = (amountMinor: bigint) => toView({ amountMinor, currency: payment.currency });
  return {
    lines: parts.lines.map((line) => ({ ...line, amount: money(BigInt(line.amount)) })),
    shipping: money(BigInt(parts.shipping)),
    other: money(BigInt(parts.other)),
    amount: money(amount),
    refundable: money(refundableOf(payment)),
  };
}

/** A refund that somebody asked for, and whether it was begun by this very request. */
export interface RequestedRefund {
  readonly refund: RefundRow;
  readonly isNew: boolean;
}

/**
 * Begins the refund somebody asks for: its amount is taken out of what is left before any provider is asked. A repeated
 * request finds what an earlier try of it began. Throws as `previewRefund`, `RefundKeyMissing`, `RefundSpansPayments`.
 */
export async function requestRefund(ctx: Ctx, id: Id<'pay'>, wish: RefundWish): Promise<RequestedRefund> {
  const payment = await lockPayment(ctx, id);
  if (!ctx.idempotency) throw new RefundKeyMissing();
  const causeId = requestName(ctx.actor, ctx.idempotency);
  const known = await refundOfCause(ctx, causeId);
  if (known) return { refund: await handedOver(ctx, known), isNew: false };
  const { amount, parts } = await reckon(ctx, payment, wish);
  refuseTooMuch(payment, amount);
  const from = await chargeFor(ctx, payment, amount);
  const { refund } = await beginRefund(ctx, payment, {
    amount,
    parts,
    cause: 'request',
    causeId,
    reason: wish.reason ?? NO_REASON,
    from,
    isSentAtOnce: true,
  });
  return { refund: await handedOver(ctx, refund), isNew: true };
}

/** What staff give back by hand is done with their word: nobody else would ever end it. */
const handedOver = async (ctx: Ctx, refund: RefundRow): Promise<RefundRow> =>
  refund.provider === 'manual' && refund.status === 'starting'
    ? ((await recordRefund(ctx, refund.id, byHand(refund), 'staff')) ?? refund)
    : refund;

/** One refund as it is now. Throws `NotFound`. */
export async function getRefund(ctx: Ctx, id: Id<'rfd'>): Promise<RefundView> {
  const [row] = await ctx.tx
    .select()
    .from(refunds)
    .where(mine(ctx, refunds, eq(refunds.id, id)));
  if (!row) throw new NotFound('refund');
  return refundViewOf(row);
}

/** A payment's row, locked: before the order's, always. Throws `NotFound`. */
export async function lockPayment(ctx: Ctx, id: Id<'pay'>): Promise<PaymentRow> {
  const [payment] = await ctx.tx
    .select()
    .from(payments)
    .where(mine(ctx, payments, eq(payments.id, id)))
    .for('update');
  if (!payment) throw new NotFound('payment');
  return payment;
}

/** What a wish comes to. Throws `InvalidInput`, `TooManyUnits`, `RefundTooLarge`. */
export async function reckon(ctx: Ctx, payment: PaymentRow, wish: RefundWish): Promise<ReckonedRefund> {
  refuseEmpty(wish);
  const reckoned = reckonRefund(await refundBasis(ctx, payment), wish);
  if ('amount' in reckoned) return reckoned;
  throw new InvalidInput({
    pointer: `/lines/${reckoned.unknownLineAt}/orderLineId`,
    code: 'not_in_order',
    message: 'The order of this payment has no such line.',
  });
}

// Not in the contract: whether there is such a payment is said first.
function refuseEmpty({ lines = [], shipping, amount }: RefundWish): void {
  if (lines.length > 0 || shipping !== undefined || amount !== undefined) return;
  const message = 'Say what to give back: lines, shipping or an amount.';
  throw new InvalidInput({ pointer: '', code: 'nothing_named', message });
}

/** All that a refund of this payment is reckoned from. */
export async function refundBasis(ctx: Ctx, payment: PaymentRow): Promise<RefundBasis> {
  const { id, orderId, currency } = payment;
  const { id: lineId, title, quantity, cancelled, returned, total } = orderLines;
  const lines = await ctx.tx
    .select({ id: lineId, title, quantity, cancelled, returned, total })
    .from(orderLines)
    .where(mine(ctx, orderLines, eq(orderLines.orderId, orderId)));
  const [shipping] = await ctx.tx
    .select({ total: sql<string>`coalesce(sum(${orderShippingLines.total}), 0)::text` })
    .from(orderShippingLines)
    .where(mine(ctx, orderShippingLines, eq(orderShippingLines.orderId, orderId)));
  const given = await ctx.tx
    .select({ parts: refunds.parts })
    .from(refunds)
    .where(mine(ctx, refunds, and(eq(refunds.paymentId, id), sql`${refunds.status} not in ('failed', 'refused')`)));
  return {
    currency,
    lines,
    shippingTotal: BigInt(shipping?.total ?? 0),
    paid: payment.captured - (await excessOf(ctx, payment)).came,
    given: given.map(({ parts }) => parts),
  };
}

/**
 * The charge that an amount goes back to: the one with most left, of a provider where there is one. Throws
 * `RefundSpansPayments`.
 */
export async function chargeFor(ctx: Ctx, payment: PaymentRow, amount: bigint): Promise<RefundSource> {
  const sources = await refundSources(ctx, payment);
  const found = sources.find(({ left }) => left >= amount);
  if (found) return found;
  let largest = 0n;
  for (const { left } of sources) if (left > largest) largest = left;
  throw new RefundSpansPayments({ amountMinor: largest, currency: payment.currency });
}

/** A charge with what is left of it. Minor units. */
export type RefundSource = Pick<TransactionRow, 'attemptId' | 'provider'> & { left: bigint };

/**
 * What is left of each charge of a payment, those of providers first. What staff booked is one source: they give it back
 * themselves.
 */
export async function refundSources(ctx: Ctx, payment: PaymentRow): Promise<RefundSource[]> {
  const charges = await ctx.tx
    .select()
    .from(paymentTransactions)
    .where(
      mine(
        ctx,
        paymentTransactions,
        eq(paymentTransactions.paymentId, payment.id),
        eq(paymentTransactions.type, 'charge'),
        eq(paymentTransactions.status, 'succeeded'),
      ),
    )
    .orderBy(asc(paymentTransactions.id));
  const taken = await ctx.tx
    .select()
    .from(refunds)
    .where(
      mine(
        ctx,
        refunds,
        eq(refunds.paymentId, payment.id),
        inArray(refunds.status, ['starting', 'pending', 'succeeded', 'needs_attention']),
      ),
    );
  const sources = new Map<string | null, RefundSource>();
  for (const { attemptId, provider, amount } of charges) {
    const left = (sources.get(attemptId)?.left ?? 0n) + amount;
    sources.set(attemptId, { attemptId, provider, left });
  }
  for (const { attemptId, amount } of taken) {
    const source = sources.get(attemptId);
    if (source) sources.set(attemptId, { ...source, left: source.left - amount });
  }
  const isByHand = ({ provider }: RefundSource) => Number(provider === 'manual');
  return [...sources.values()].sort((a, b) => isByHand(a) - isByHand(b));
}

function refuseTooMuch(payment: PaymentRow, amount: bigint): void {
  const left = refundableOf(payment);
  if (amount > 0n && amount <= left) return;
  const money = (amountMinor: bigint) => ({ amountMinor, currency: payment.currency });
  throw new RefundTooLarge('', money(amount), money(left));
}

/** Names a request, so that its repetition finds what it began. */
const requestName = (actor: Actor, { route, key }: IdempotencyClaim): string =>
  createHash('sha256').update(`${actor.type}|${actor.id}|${route}|${key}`).digest('hex');

async function refundOfCause(ctx: Ctx, causeId: string): Promise<RefundRow | undefined> {
  const [row] = await ctx.tx
    .select()
    .from(refunds)
    .where(mine(ctx, refunds, eq(refunds.cause, 'request'), eq(refunds.causeId, causeId)));
  return row;
}

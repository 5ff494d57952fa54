import { type MoneyView, toView } from '../../kernel/money.ts';
import { refundableOf } from './payment-sums.ts';
import type { AttemptView, PaymentSummary, ShopperPaymentView, TransactionView } from './payments.contract.ts';
import type { paymentAttempts, payments, paymentTransactions, refunds } from './payments.schema.ts';
import type { RefundView } from './refunds.contract.ts';

export type PaymentRow = typeof payments.$inferSelect;
export type AttemptRow = typeof paymentAttempts.$inferSelect;
export type TransactionRow = typeof paymentTransactions.$inferSelect;
export type RefundRow = typeof refunds.$inferSelect;

const moneyIn =
  (currency: string) =>
  (amountMinor: bigint): MoneyView =>
    toView({ amountMinor, currency });

/** A payment as events carry it. */
export function summaryOf(row: PaymentRow): PaymentSummary {
  const money = moneyIn(row.currency);
  return {
    id: row.id,
    orderId: row.orderId,
    provider: row.provider,
    status: row.status,
    amount: money(row.amount),
    captured: money(row.captured),
    refunded: money(row.refunded),
    refundable: money(refundableOf(row)),
    version: row.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}

/** A payment as its shopper sees it, with what there is to do. */
export function shopperPaymentOf(
  row: PaymentRow,
  { redirectUrl = null, instructions = null }: Partial<Pick<ShopperPaymentView, 'redirectUrl' | 'instructions'>>,
): ShopperPaymentView {
  const amount = moneyIn(row.currency)(row.amount);
  return { id: row.id, provider: row.provider, status: row.status, amount, redirectUrl, instructions };
}

export const attemptViewOf = (row: AttemptRow): AttemptView => ({
  id: row.id,
  provider: row.provider,
  reference: row.reference,
  amount: moneyIn(row.currency)(row.amount),
  mode: row.mode,
  status: row.status,
  providerReference: row.providerReference,
  message: row.message,
  nextCheckAt: row.nextCheckAt,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

export const transactionViewOf = (row: TransactionRow): TransactionView => ({
  id: row.id,
  attemptId: row.attemptId,
  refundId: row.refundId,
  provider: row.provider,
  type: row.type,
  status: row.status,
  amount: moneyIn(row.currency)(row.amount),
  fee: row.fee === null ? null : moneyIn(row.currency)(row.fee),
  providerReference: row.providerReference,
  source: row.source,
  message: row.message,
  occurredAt: row.occurredAt,
});

/** A refund as staff and events see it. */
export function refundViewOf(row: RefundRow): RefundView {
  const money = moneyIn(row.currency);
  return {
    id: row.id,
    paymentId: row.paymentId,
    orderId: row.orderId,
    provider: row.provider,
    status: row.status,
    amount: money(row.amount),
    lines: row.parts.lines.map((line) => ({ ...line, amount: money(BigInt(line.amount)) })),
    shipping: money(BigInt(row.parts.shipping)),
    other: money(BigInt(row.parts.other)),
    cause: row.cause,
    reason: row.reason,
    providerReference: row.providerReference,
    message: row.message,
    createdBy: { type: row.actorType, id: row.actorId },
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}

import type { PaymentStatus } from './payments.schema.ts';

/** The sums of a payment, in minor units. */
export interface PaymentSums {
  /** What is asked for. */
  readonly amount: bigint;
  readonly captured: bigint;
  /** Refunds that are begun or done. */
  readonly refundsTotal: bigint;
  /** Refunds that are done. */
  readonly refunded: bigint;
}

/** What came in beyond what was asked for: it goes back by itself, and is none of the order's. */
export const excessOf = ({ amount, captured }: Pick<PaymentSums, 'amount' | 'captured'>): bigint =>
  captured > amount ? captured - amount : 0n;

/** What can still be given back. */
export const refundableOf = ({ captured, refundsTotal }: Pick<PaymentSums, 'captured' | 'refundsTotal'>): bigint =>
  captured - refundsTotal;

/**
 * What an order is told of its money: `excessBack` is what of the excess went back already. Money that came twice and
 * money that was given back for it are no part of either sum.
 */
export function orderSums(sums: PaymentSums, excessBack: bigint): { paidTotal: bigint; refundedTotal: bigint } {
  const paidTotal = sums.captured - excessOf(sums);
  const back = sums.refunded > excessBack ? sums.refunded - excessBack : 0n;
  return { paidTotal, refundedTotal: back < paidTotal ? back : paidTotal };
}

/** The status that follows from the sums. What waits for a person (`review`) does so until it is paid all the same. */
export function paymentStatusOf(before: PaymentStatus, sums: PaymentSums, excessBack: bigint): PaymentStatus {
  const { paidTotal, refundedTotal } = orderSums(sums, excessBack);
  if (refundedTotal > 0n) return refundedTotal >= paidTotal ? 'refunded' : 'partially_refunded';
  if (sums.amount > 0n && paidTotal >= sums.amount) return 'paid';
  return before === 'review' || before === 'cancelled' ? before : 'pending';
}

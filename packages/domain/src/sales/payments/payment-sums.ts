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

/** All that was asked for has come in: what goes back after that is nobody's debt. */
const WAS_PAID: ReadonlySet<PaymentStatus> = new Set(['paid', 'partially_refunded', 'refunded']);

type Standing = Pick<PaymentSums, 'amount' | 'captured' | 'refundsTotal'> & { readonly status: PaymentStatus };

/** What is still to be paid. What went back before all of it had come in is to be paid again. */
export function dueOf({ status, amount, captured, refundsTotal }: Standing): bigint {
  if (WAS_PAID.has(status)) return 0n;
  const due = amount - (captured - refundsTotal);
  return due > 0n ? due : 0n;
}

/** What of `came` is beyond what was due before it came: it goes back by itself, and is none of the order's. */
export function surplusOf(before: Standing, came: bigint): bigint {
  const due = dueOf(before);
  return came > due ? came - due : 0n;
}

/** What came in beyond what was due, so far, and what of that went back. */
export interface Excess {
  readonly came: bigint;
  readonly back: bigint;
}

/** What can still be given back. */
export const refundableOf = ({ captured, refundsTotal }: Pick<PaymentSums, 'captured' | 'refundsTotal'>): bigint =>
  captured - refundsTotal;

/** What an order is told of its money: what came beyond its due and what was given back of that are no part of it. */
export function orderSums(
  sums: Pick<PaymentSums, 'captured' | 'refunded'>,
  { came, back }: Excess,
): { paidTotal: bigint; refundedTotal: bigint } {
  const paidTotal = sums.captured - came;
  const refundedTotal = sums.refunded > back ? sums.refunded - back : 0n;
  return { paidTotal, refundedTotal: refundedTotal < paidTotal ? refundedTotal : paidTotal };
}

/** The status that follows from the sums. What waits for a person (`review`) does so until it is paid all the same. */
export function paymentStatusOf(before: PaymentStatus, sums: PaymentSums, excess: Excess): PaymentStatus {
  const { paidTotal, refundedTotal } = orderSums(sums, excess);
  if (sums.amount > 0n && paidTotal - refundedTotal >= sums.amount) return 'paid';
  if (!WAS_PAID.has(before)) return before === 'review' || before === 'cancelled' ? before : 'pending';
  if (refundedTotal === 0n) return before;
  return refundedTotal >= paidTotal ? 'refunded' : 'partially_refunded';
}

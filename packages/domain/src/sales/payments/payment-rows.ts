import type { Id } from '../../kernel/ids.ts';
import { newId, suffixOf } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { nextCheck } from './check-schedule.ts';
import type { PaymentProvider } from './payment-providers.contract.ts';
import type { paymentAttempts, payments } from './payments.schema.ts';

/** What an order asks to be paid, and how. */
export interface PaymentWish {
  readonly orderId: Id<'ord'>;
  /** Minor units. */
  readonly amount: bigint;
  readonly currency: Currency;
  readonly provider: PaymentProvider;
  /** Of the company: live or sandbox. */
  readonly mode: 'live' | 'test';
  /** Where the provider sends the browser afterwards; not for `manual`. */
  readonly returnUrl: string | null;
}

export type NewPayment = Omit<typeof payments.$inferInsert, 'companyId'> & { id: Id<'pay'> };
export type NewAttempt = Omit<typeof paymentAttempts.$inferInsert, 'companyId'> & { id: Id<'patt'>; reference: string };

/**
 * The rows of a new payment, as plain values for whoever writes them with the order. `manual` is not attempted anywhere,
 * so it has no attempt. The others' first attempt is stored before its provider is asked.
 */
export function paymentRows(wish: PaymentWish, now: Date): { payment: NewPayment; attempt: NewAttempt | null } {
  const { orderId, amount, currency, provider } = wish;
  const payment: NewPayment = { id: newId('pay'), orderId, amount, currency, provider };
  return { payment, attempt: provider === 'manual' ? null : attemptRow(payment.id, wish, now) };
}

/** The row of a new attempt, under a reference of its own: providers take letters, digits and dashes. */
export function attemptRow(
  paymentId: Id<'pay'>,
  { amount, currency, provider, mode, returnUrl }: Omit<PaymentWish, 'orderId'>,
  now: Date,
): NewAttempt {
  const id = newId('patt');
  const reference = `patt-${suffixOf(id)}`;
  return { id, paymentId, provider, reference, currency, amount, mode, returnUrl, nextCheckAt: nextCheck(now, 0) };
}

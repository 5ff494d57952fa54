import type { Currency } from '../../kernel/money.ts';
import type { ChargeFacts } from './gateway.ts';

/** What we asked a provider to charge. */
export interface AskedCharge {
  readonly reference: string;
  readonly amount: bigint;
  readonly currency: Currency;
  readonly mode: 'live' | 'test';
}

/**
 * Why a charge that a provider calls paid is not the one that was asked for; undefined if it is. Everything is compared:
 * our reference, amount, currency, mode, and that the provider has a name for it.
 */
export function mismatchOf(asked: AskedCharge, facts: ChargeFacts): string | undefined {
  const { amount } = facts;
  if (facts.reference !== asked.reference) return `it is about ${facts.reference}, not ${asked.reference}`;
  if (!facts.providerReference) return 'the provider has no name for it';
  if (!amount) return 'the provider does not say how much';
  if (amount.currency !== asked.currency) return `the currency is ${amount.currency}, not ${asked.currency}`;
  if (amount.amountMinor !== asked.amount) return `the amount is ${amount.amountMinor}, not ${asked.amount}`;
  if (facts.mode !== asked.mode) return `it is ${facts.mode ?? 'unknown'} money, not ${asked.mode}`;
  return undefined;
}

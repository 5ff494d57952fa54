import type { Currency } from '../../kernel/money.ts';
import type { Place } from './tax-facts.ts';

/** A line as an engine outside is told of it. Amounts are minor units, after discounts. */
export interface EngineLine {
  readonly id: string;
  readonly kind: 'goods' | 'shipping';
  readonly amount: bigint;
  readonly quantity: number;
  readonly taxCategory: string | null;
}

/** One tax of the engine on one line. */
export interface EngineTax {
  readonly lineId: string;
  readonly name: string;
  readonly ratePpm: number;
  readonly amount: bigint;
}

/**
 * The place for a tax service outside (its adapter would be in packages/adapters); none is built yet. It is asked by a
 * flow, never inside a transaction: once before checkout, for exactly the lines of the cart's version, and its answer is
 * kept with that version. The totals then take these taxes in place of the company's own rates, and checkout compares
 * the version under its lock as it does with `expectedTotal`. When an order is placed its estimate is committed, when it
 * is cancelled voided, when it is refunded refunded, each from an event of the order and under the order's id, so that
 * repeating does nothing. What happens when the engine does not answer (refuse checkout, or use the company's own rates
 * and mark the order) is the company's setting.
 */
export interface TaxEngine {
  estimate(
    basket: {
      readonly currency: Currency;
      readonly isIncluded: boolean;
      readonly place: Place;
      readonly lines: readonly EngineLine[];
    },
    options: { readonly signal: AbortSignal },
  ): Promise<readonly EngineTax[]>;
  commit(orderId: string): Promise<void>;
  void(orderId: string): Promise<void>;
}

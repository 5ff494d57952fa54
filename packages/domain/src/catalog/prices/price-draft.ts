import type { Instant } from '../../kernel/clock.ts';
import type { Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';

/** A price of a variant as a merchant thinks of it: a base price (no window) or one for a time. Minor units. */
export interface PriceDraft {
  currency: Currency;
  amountMinor: bigint;
  compareAtMinor: bigint | null;
  validFrom: Instant | null;
  validUntil: Instant | null;
}

/** All prices a variant is to have, in all currencies, or (with `currencies`) in those alone. */
export interface PriceWrite {
  variantId: Id<'var'>;
  prices: readonly PriceDraft[];
  /** Prices in other currencies stay as they are. Left out: these are all. */
  currencies?: readonly Currency[];
}

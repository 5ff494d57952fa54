import type { Instant } from '../../kernel/clock.ts';
import { priceInForce } from './current-price.ts';
import type { PriceDraft } from './price-draft.ts';

/** Stand where a stretch has no boundary: before and after every price window (`price-rules.ts` keeps those inside). */
export const BEGINNING_OF_TIME: Instant = '1970-01-01T00:00:00.000Z';
export const END_OF_TIME: Instant = '9999-12-31T00:00:00.000Z';

export type PriceOfVariant = Omit<PriceDraft, 'currency'>;

/** What a product costs "from" and "to" between two instants, in one currency. Minor units. */
export interface ListingStretch {
  validFrom: Instant;
  validUntil: Instant;
  minAmountMinor: bigint;
  maxAmountMinor: bigint;
  /** Of the cheapest variant, when it is higher; of several as cheap the highest. */
  compareAtMinor: bigint | null;
}

/** The instants at which any of the prices begins or ends, each once, in order. */
export function boundariesOf(variants: readonly (readonly PriceOfVariant[])[]): Instant[] {
  const boundaries = new Set<Instant>();
  for (const { validFrom, validUntil } of variants.flat()) {
    if (validFrom !== null) boundaries.add(validFrom);
    if (validUntil !== null) boundaries.add(validUntil);
  }
  return [...boundaries].sort();
}

/**
 * The time line of a product in one currency, cut at every boundary of its variants' prices (each list is one variant's).
 * A variant without a price in a stretch is left out of it; a stretch without any price is left out altogether.
 */
export function listingStretches(variants: readonly (readonly PriceOfVariant[])[]): ListingStretch[] {
  const cuts = [BEGINNING_OF_TIME, ...boundariesOf(variants), END_OF_TIME];
  const stretches: ListingStretch[] = [];
  for (const [at, validFrom] of cuts.entries()) {
    const validUntil = cuts[at + 1];
    const range = validUntil === undefined ? undefined : rangeAt(variants, validFrom);
    if (validUntil !== undefined && range) stretches.push({ validFrom, validUntil, ...range });
  }
  return stretches;
}

function rangeAt(
  variants: readonly (readonly PriceOfVariant[])[],
  at: Instant,
): Omit<ListingStretch, keyof Pick<ListingStretch, 'validFrom' | 'validUntil'>> | undefined {
  let min: bigint | undefined;
  let max = 0n;
  let compareAt: bigint | null = null;
  for (const prices of variants) {
    const price = priceInForce(prices, at);
    if (!price) continue;
    const { amountMinor } = price;
    const shown = price.compareAtMinor !== null && price.compareAtMinor > amountMinor ? price.compareAtMinor : null;
    if (min === undefined || amountMinor < min) {
      min = amountMinor;
      compareAt = shown;
    } else if (amountMinor === min && shown !== null && (compareAt === null || shown > compareAt)) compareAt = shown;
    if (amountMinor > max) max = amountMinor;
  }
  return min === undefined ? undefined : { minAmountMinor: min, maxAmountMinor: max, compareAtMinor: compareAt };
}

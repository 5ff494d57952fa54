import { foldKey } from '../../kernel/text.ts';
import { regionKeyOf } from './regions.ts';
import type { Place, TaxRateFacts, TaxReason } from './tax-facts.ts';

/** What the choice of a rate asks about a line of goods, or about delivery. */
export interface TaxedLine {
  /** As the variant has it. */
  readonly taxCategory: string | null;
  readonly isTaxable: boolean;
  readonly isShipping: boolean;
}

export interface TaxChoice {
  readonly rate: TaxRateFacts | null;
  readonly reason: TaxReason;
}

/** A rate is whole parts of this. */
const MILLION = 1_000_000n;

/**
 * The rate a line bears, or why it bears none. The most specific one wins: region and category, region, country and
 * category, country. Whether it takes delivery in as well is asked afterwards: a region that does not tax delivery is
 * not overruled by its country.
 */
export function taxRateFor(
  rates: readonly TaxRateFacts[],
  place: Place | null,
  line: TaxedLine,
  customer: { readonly isExempt: boolean },
): TaxChoice {
  if (!line.isTaxable) return none('not_taxable');
  if (customer.isExempt) return none('customer_exempt');
  if (!place) return none('place_unknown');
  const rate = mostSpecific(rates, place, line.taxCategory);
  if (!rate) return none('no_rate_for_place');
  if (line.isShipping && !rate.appliesToShipping) return none('not_taxable');
  return { rate, reason: rate.ratePpm === 0 ? 'zero_rate' : 'rate' };
}

/**
 * The tax on an amount in minor units, half up. `isIncluded`: the amount holds the tax already, and this is the part of
 * it that is tax: what is rounded is the amount without tax (commerce.md, domain trap 3). A negative amount gives the
 * same tax with a minus. Throws `RangeError` for a negative rate.
 */
export function taxOf(amount: bigint, ratePpm: number, { isIncluded }: { isIncluded: boolean }): bigint {
  if (ratePpm < 0) throw new RangeError(`A tax rate is negative: ${ratePpm}`);
  if (amount < 0n) return -taxOf(-amount, ratePpm, { isIncluded });
  const rate = BigInt(ratePpm);
  return isIncluded ? amount - dividedHalfUp(amount * MILLION, MILLION + rate) : dividedHalfUp(amount * rate, MILLION);
}

function mostSpecific(rates: readonly TaxRateFacts[], place: Place, category: string | null): TaxRateFacts | undefined {
  const regionKey = regionKeyOf(place.country, place.region);
  const categoryKey = category === null ? null : foldKey(category);
  let best: TaxRateFacts | undefined;
  for (const rate of rates) {
    if (rate.country !== place.country) continue;
    // Made anew: a region may have become known by its code after the rate was stored.
    if (rate.regionKey !== null && regionKeyOf(rate.country, rate.regionKey) !== regionKey) continue;
    if (rate.taxCategory !== null && foldKey(rate.taxCategory) !== categoryKey) continue;
    if (!best || ranks(rate) > ranks(best) || (ranks(rate) === ranks(best) && rate.id < best.id)) best = rate;
  }
  return best;
}

/** A region counts more than a category. */
const ranks = ({ regionKey, taxCategory }: TaxRateFacts): number =>
  (regionKey === null ? 0 : 2) + (taxCategory === null ? 0 : 1);

const none = (reason: TaxReason): TaxChoice => ({ rate: null, reason });

/** Of numbers that are not negative. */
const dividedHalfUp = (dividend: bigint, divisor: bigint): bigint => (2n * dividend + divisor) / (2n * divisor);

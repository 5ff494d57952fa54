import type { FieldFault } from '../../kernel/errors.ts';
import type { Currency } from '../../kernel/money.ts';
import { BEGINNING_OF_TIME, END_OF_TIME } from './listing-prices.ts';
import type { PriceDraft } from './price-draft.ts';
import { PRICES_PER_VARIANT_MAX } from './price-limits.contract.ts';

/**
 * Instants at which the prices of one product in one currency begin or end, all its variants together: each makes a
 * listing price. Sales that begin and end together count once.
 */
export const PRICE_TIMES_PER_PRODUCT_MAX = 200;
/** What a JSON number carries exactly: 2^53 - 1 minor units. */
export const AMOUNT_MINOR_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** What makes two price rows of a variant the same row: a change of the amount is a change of it, not a new one. */
export const priceKey = ({ currency, validFrom, validUntil }: Omit<PriceDraft, 'amountMinor' | 'compareAtMinor'>) =>
  `${currency} ${validFrom ?? ''} ${validUntil ?? ''}`;

/**
 * What is wrong with a variant's prices, with pointers below `pointer` (like `/variants/0/prices`). A compare-at price
 * equal to the price is fine and is just not shown.
 */
export function priceFaults(
  prices: readonly PriceDraft[],
  pointer: string,
  currencies?: readonly Currency[],
): FieldFault[] {
  if (prices.length > PRICES_PER_VARIANT_MAX) {
    const message = `A variant has at most ${PRICES_PER_VARIANT_MAX} prices. Take out those whose time is over.`;
    return [{ pointer, code: 'too_many_prices', message }];
  }
  const seen = new Set<string>();
  return prices.flatMap((price, at) => {
    const place = `${pointer}/${at}`;
    const faults = [...amountFaults(price, place), ...windowFaults(price, place)];
    const key = priceKey(price);
    if (seen.has(key)) faults.push({ pointer: place, code: 'price_twice', message: TWICE });
    seen.add(key);
    if (currencies && !currencies.includes(price.currency)) {
      const message = `This change is about ${currencies.join(', ')} only. Leave ${price.currency} out, or name it.`;
      faults.push({ pointer: `${place}/currency`, code: 'other_currency', message });
    }
    return faults;
  });
}

const TWICE = 'There is another price in this currency for the same time. Keep one of them.';

function amountFaults({ amountMinor, compareAtMinor, currency }: PriceDraft, place: string): FieldFault[] {
  const faults: FieldFault[] = [];
  if (!isAmount(amountMinor)) faults.push({ pointer: `${place}/amount`, code: 'amount_out_of_range', message: RANGE });
  if (compareAtMinor === null) return faults;
  if (!isAmount(compareAtMinor))
    faults.push({ pointer: `${place}/compareAt`, code: 'amount_out_of_range', message: RANGE });
  else if (compareAtMinor < amountMinor) {
    const message = `The compare-at price (${compareAtMinor} minor units of ${currency}) is what it cost before: it cannot be lower than the price (${amountMinor}). Swap them, or leave compareAt out.`;
    faults.push({ pointer: `${place}/compareAt`, code: 'compare_at_below_amount', message });
  }
  return faults;
}

const isAmount = (amountMinor: bigint) => amountMinor >= 0n && amountMinor <= AMOUNT_MINOR_MAX;
const RANGE = `Expected 0 to ${AMOUNT_MINOR_MAX} minor units.`;

function windowFaults({ validFrom, validUntil }: PriceDraft, place: string): FieldFault[] {
  const faults: FieldFault[] = [];
  for (const [name, instant] of Object.entries({ validFrom, validUntil }))
    if (instant !== null && !(instant > BEGINNING_OF_TIME && instant < END_OF_TIME)) {
      const message = 'Expected a time between the years 1970 and 9999.';
      faults.push({ pointer: `${place}/${name}`, code: 'time_out_of_range', message });
    }
  if (validFrom !== null && validUntil !== null && validFrom >= validUntil) {
    const message = `The price would end (${validUntil}) before it begins (${validFrom}). Swap them, or leave one out.`;
    faults.push({ pointer: `${place}/validUntil`, code: 'window_ends_before_it_begins', message });
  }
  return faults;
}

/** Are these the same prices, in whatever order? */
export function samePrices(some: readonly PriceDraft[], others: readonly PriceDraft[]): boolean {
  const textOf = (prices: readonly PriceDraft[]) =>
    prices.map((price) => `${priceKey(price)} ${price.amountMinor} ${price.compareAtMinor}`).sort();
  return some.length === others.length && textOf(some).join('\n') === textOf(others).join('\n');
}

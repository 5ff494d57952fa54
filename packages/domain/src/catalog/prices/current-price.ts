import type { Instant } from '../../kernel/clock.ts';

/** When a price holds: from an instant on, up to (not including) another. Both null: a base price. UTC, milliseconds. */
export interface PriceWindow {
  readonly validFrom: Instant | null;
  readonly validUntil: Instant | null;
}

/**
 * Which of the prices of one variant in one currency is in force at an instant: of those with a window that holds then,
 * the one that began last (of these the one that ends first); else the base price; else none.
 */
export function priceInForce<Price extends PriceWindow>(prices: readonly Price[], at: Instant): Price | undefined {
  let found: Price | undefined;
  for (const price of prices) if (holdsAt(price, at) && (!found || goesBefore(price, found))) found = price;
  return found;
}

const holdsAt = ({ validFrom, validUntil }: PriceWindow, at: Instant): boolean =>
  (validFrom === null || validFrom <= at) && (validUntil === null || at < validUntil);

const isBase = ({ validFrom, validUntil }: PriceWindow): boolean => validFrom === null && validUntil === null;

/** Windows begin after "always" (sorts as the empty text) and end before "never" (sorts behind every year). */
function goesBefore(a: PriceWindow, b: PriceWindow): boolean {
  if (isBase(a) || isBase(b)) return !isBase(a);
  const [beganA, beganB] = [a.validFrom ?? '', b.validFrom ?? ''];
  if (beganA !== beganB) return beganA > beganB;
  return (a.validUntil ?? '~') < (b.validUntil ?? '~');
}

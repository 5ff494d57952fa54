import type { Instant } from '../../kernel/clock.ts';
import type { Id } from '../../kernel/ids.ts';
import { priceInForce } from './current-price.ts';
import type { PriceOfVariant } from './listing-prices.ts';

/**
 * A reduction has to name the lowest price of at least this long before it (Directive 98/6/EC, article 6a, put in by
 * Directive (EU) 2019/2161).
 */
export const PRIOR_PRICE_DAYS = 30;
const DAY_MS = 24 * 3600 * 1000;

/** A line of the history of one variant in one currency. */
export interface PriceChange extends PriceOfVariant {
  priceId: Id<'prc'>;
  change: 'set' | 'removed';
  changedAt: Instant;
}

/** The price of now, since when it holds, and the lowest one of the 30 days before that. Minor units. */
export interface PriorPrice {
  currentMinor: bigint;
  currentSince: Instant;
  /** Null: it was not for sale in those days. */
  lowestBeforeMinor: bigint | null;
}

/**
 * Works out from the history, oldest line first, what a shop has to show beside a reduced price. Undefined when there is
 * no price now.
 */
export function priorPrice(changes: readonly PriceChange[], now: Instant): PriorPrice | undefined {
  const current = priceAt(changes, now);
  if (current === undefined) return undefined;
  const times = timesOf(changes, now);
  let since = now;
  for (const at of times.toReversed()) {
    if (priceAt(changes, at) !== current) break;
    since = at;
  }
  const start = new Date(Date.parse(since) - PRIOR_PRICE_DAYS * DAY_MS).toISOString();
  const before = [start, ...times.filter((at) => at > start && at < since)]
    .map((at) => priceAt(changes, at))
    .filter((amount) => amount !== undefined);
  const lowest = before.reduce<bigint | null>((low, amount) => (low === null || amount < low ? amount : low), null);
  return { currentMinor: current, currentSince: since, lowestBeforeMinor: lowest };
}

/** Every instant up to now at which the price may have become another, in order. */
function timesOf(changes: readonly PriceChange[], now: Instant): Instant[] {
  const times = changes.flatMap(({ changedAt, validFrom, validUntil }) => [changedAt, validFrom, validUntil]);
  return [...new Set(times.filter((at) => at !== null))].filter((at) => at <= now).sort();
}

/** What a buyer paid at an instant: by the rows there were then. */
function priceAt(changes: readonly PriceChange[], at: Instant): bigint | undefined {
  const rows = new Map<Id<'prc'>, PriceChange>();
  for (const line of changes) {
    if (line.changedAt > at) continue;
    if (line.change === 'set') rows.set(line.priceId, line);
    else rows.delete(line.priceId);
  }
  return priceInForce([...rows.values()], at)?.amountMinor;
}

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
  const steps = priceSteps(changes, now);
  const current = steps.at(-1);
  if (current?.amountMinor === undefined) return undefined;
  const start = new Date(Date.parse(current.at) - PRIOR_PRICE_DAYS * DAY_MS).toISOString();
  let lowest: bigint | null = null;
  // Backwards to the step that the 30 days begin in.
  for (const { at, amountMinor } of steps.slice(0, -1).reverse()) {
    if (amountMinor !== undefined && (lowest === null || amountMinor < lowest)) lowest = amountMinor;
    if (at <= start) break;
  }
  return { currentMinor: current.amountMinor, currentSince: current.at, lowestBeforeMinor: lowest };
}

/** From an instant on the price is this, until the next step; undefined: not for sale. */
interface PriceStep {
  at: Instant;
  amountMinor: bigint | undefined;
}

/** What buyers paid up to now, by the rows there were at each time: one walk through the times and the lines together. */
function priceSteps(changes: readonly PriceChange[], now: Instant): PriceStep[] {
  const lines = inOrder(changes).filter(({ changedAt }) => changedAt <= now);
  const rows = new Map<Id<'prc'>, PriceChange>();
  const steps: PriceStep[] = [];
  let next = 0;
  for (const at of timesOf(lines, now)) {
    for (let line = lines[next]; line && line.changedAt <= at; line = lines[++next])
      if (line.change === 'set') rows.set(line.priceId, line);
      else rows.delete(line.priceId);
    const amountMinor = priceInForce([...rows.values()], at)?.amountMinor;
    if (steps.length === 0 || steps.at(-1)?.amountMinor !== amountMinor) steps.push({ at, amountMinor });
  }
  return steps;
}

/** A line bears the time its transaction began, which may be before that of a line it had to wait for. */
function inOrder(changes: readonly PriceChange[]): PriceChange[] {
  let latest: Instant = '';
  return changes.map((line) => {
    if (line.changedAt > latest) latest = line.changedAt;
    return { ...line, changedAt: latest };
  });
}

/** Every instant up to now at which the price may have become another, in order. */
function timesOf(changes: readonly PriceChange[], now: Instant): Instant[] {
  const times = changes.flatMap(({ changedAt, validFrom, validUntil }) => [changedAt, validFrom, validUntil]);
  return [...new Set(times.filter((at) => at !== null))].filter((at) => at <= now).sort();
}

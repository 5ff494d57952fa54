import { allocate } from '../../kernel/money.ts';
import { rewardUnits } from './buy-and-get.ts';
import type { DiscountFacts } from './discount-facts.ts';
import { type DiscountLine, isAmong, isBuyable, sumOf } from './discount-scene.ts';

const WHOLE_PPM = 1_000_000n;

/** Half up, of amounts that are not negative. */
const rounded = (amount: bigint, divisor: bigint): bigint => (amount * 2n + divisor) / (divisor * 2n);

/** A part of an amount, in parts per million, rounded half up. */
export const partOf = (amount: bigint, ppm: number): bigint => rounded(amount * BigInt(ppm), WHOLE_PPM);

const least = (a: bigint, b: bigint) => (a < b ? a : b);

/** An amount over weights by largest remainder, never more than a weight. All weights zero: nothing. */
export function spread(amount: bigint, weights: readonly bigint[]): bigint[] {
  const most = least(amount, sumOf(weights));
  return most <= 0n ? weights.map(() => 0n) : allocate(most, weights);
}

/** Shares that sum to no more than `max`. */
export const capped = (shares: readonly bigint[], max: bigint | null): bigint[] =>
  max === null || sumOf(shares) <= max ? [...shares] : spread(max, shares);

/**
 * What a discount takes off each line, given what is left of them; only off lines it `may` touch. Never more than what is
 * left, never below zero. A percentage of the order is reckoned once on the sum and spread; one of products line by line.
 */
export function sharesOf(
  facts: DiscountFacts,
  lines: readonly DiscountLine[],
  left: readonly bigint[],
  may: (at: number) => boolean,
): bigint[] {
  const open = lines.map((line, at) =>
    may(at) && isBuyable(line) && isAmong(line, facts.targets) ? (left[at] ?? 0n) : 0n,
  );
  return capped(uncapped(facts, lines, open), facts.amountMax);
}

function uncapped(facts: DiscountFacts, lines: readonly DiscountLine[], open: readonly bigint[]): bigint[] {
  const { kind, amount, percentPpm, allocation } = facts;
  const perUnit = (at: number) => (amount ?? 0n) * BigInt(lines[at]?.quantity ?? 0);
  if (kind === 'percentage' && facts.class === 'order') return spread(partOf(sumOf(open), percentPpm ?? 0), open);
  if (kind === 'percentage') return open.map((left) => partOf(left, percentPpm ?? 0));
  if (kind === 'fixed_amount' && allocation === 'each') return open.map((left, at) => least(left, perUnit(at)));
  if (kind === 'fixed_amount') return spread(amount ?? 0n, open);
  if (kind === 'fixed_price' && amount !== null)
    return open.map((left, at) => (left > perUnit(at) ? left - perUnit(at) : 0n));
  if (kind === 'buy_x_get_y') return rewards(facts, lines, open);
  return open.map(() => 0n);
}

function rewards(facts: DiscountFacts, lines: readonly DiscountLine[], open: readonly bigint[]): bigint[] {
  const units = rewardUnits(facts, lines);
  return open.map((left, at) => {
    const [given, all] = [BigInt(units[at] ?? 0), BigInt(lines[at]?.quantity ?? 1)];
    return rounded(left * given * BigInt(facts.percentPpm ?? 0), WHOLE_PPM * all);
  });
}

import type { DiscountClass, DiscountFacts } from './discount-facts.ts';
import { sumOf } from './discount-scene.ts';

/** What a discount took off each line. */
export interface Taken {
  readonly facts: DiscountFacts;
  readonly shares: readonly bigint[];
}

/** Discounts that were taken one after the other, and what they left of each line. */
export interface Outcome {
  readonly taken: readonly Taken[];
  readonly left: readonly bigint[];
}

/** Shares of a discount on what is left, on the lines it may touch. */
export type Shares = (facts: DiscountFacts, left: readonly bigint[], may: (at: number) => boolean) => bigint[];

/** Higher priority first, then the older one (ids sort by age). */
export const byRank = (a: DiscountFacts, b: DiscountFacts): number =>
  b.priority - a.priority || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** May two discounts stand together? Both have to say so. */
export const combine = (a: DiscountFacts, b: DiscountFacts): boolean =>
  a.combinesWith.includes(b.class) && b.combinesWith.includes(a.class);

const everywhere = () => true;
const offOf = ({ taken }: Outcome, at: number) => taken.reduce((sum, { shares }) => sum + (shares[at] ?? 0n), 0n);
/** All an outcome takes off. */
export const totalOf = ({ taken }: Outcome): bigint => taken.reduce((sum, { shares }) => sum + sumOf(shares), 0n);

/** Takes discounts one after the other, each on what the one before left. */
function takeAll(
  discounts: readonly DiscountFacts[],
  start: readonly bigint[],
  shares: Shares,
  may: (at: number) => boolean = everywhere,
): Outcome {
  let left = start;
  const taken = discounts.map((facts) => {
    const own = shares(facts, left, may);
    left = left.map((amount, at) => amount - (own[at] ?? 0n));
    return { facts, shares: own };
  });
  return { taken, left };
}

/**
 * The choices among discounts of one class: those that combine with their own class stand together, each of the others
 * stands alone. In order of rank, so that the first of equal ones is the one to take.
 */
function choicesOf(discounts: readonly DiscountFacts[], own: DiscountClass): DiscountFacts[][] {
  const ranked = [...discounts].sort(byRank);
  const together = ranked.filter(({ combinesWith }) => combinesWith.includes(own));
  const alone = ranked.filter((facts) => !together.includes(facts)).map((facts) => [facts]);
  const choices = together.length > 0 ? [...alone, together] : alone;
  const headOf = ([head]: DiscountFacts[]) => head;
  return choices.sort((a, b) => {
    const [first, second] = [headOf(a), headOf(b)];
    return first && second ? byRank(first, second) : 0;
  });
}

/** The choice that takes most off in all. */
export function bestForAll(
  discounts: readonly DiscountFacts[],
  own: DiscountClass,
  start: readonly bigint[],
  shares: Shares,
): Outcome {
  let best: Outcome = { taken: [], left: start };
  for (const choice of choicesOf(discounts, own)) {
    const outcome = takeAll(choice, start, shares);
    if (totalOf(outcome) > totalOf(best)) best = outcome;
  }
  return best;
}

/**
 * Each line goes to the choice that takes most off it. What a choice has to spread (an amount, or a percentage with a
 * most) it then spreads over the lines it got.
 */
export function bestPerLine(
  discounts: readonly DiscountFacts[],
  own: DiscountClass,
  start: readonly bigint[],
  shares: Shares,
): Outcome {
  const choices = choicesOf(discounts, own);
  const outcomes = choices.map((choice) => takeAll(choice, start, shares));
  if (outcomes.length <= 1) return outcomes[0] ?? { taken: [], left: start };
  const winners = start.map((_, at) => winnerOf(outcomes, at));
  const taken = choices.flatMap((choice, which) =>
    winners.includes(which) ? takeAll(choice, start, shares, (at) => winners[at] === which).taken : [],
  );
  const left = start.map((amount, at) => amount - offOf({ taken, left: start }, at));
  return { taken, left };
}

/** Which outcome takes most off a line; -1: none takes anything. */
function winnerOf(outcomes: readonly Outcome[], at: number): number {
  let [best, winner] = [0n, -1];
  for (const [which, outcome] of outcomes.entries()) {
    const off = offOf(outcome, at);
    if (off > best) [best, winner] = [off, which];
  }
  return winner;
}

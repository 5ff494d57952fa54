import type { DiscountFacts } from './discount-facts.ts';
import { type DiscountLine, isAmong, isBuyable } from './discount-scene.ts';

/**
 * Buy x, get y. A unit is either paid for in full (it qualifies) or is a reward, never both; the deal repeats as often
 * as there are goods for it; the cheapest units are the rewards. Where both sides are the same goods that is
 * floor(n / (x + y)) times.
 */

/** Units that may only qualify, only be a reward, or be either. */
interface Pools {
  readonly buyOnly: number;
  readonly getOnly: number;
  readonly either: number;
}

const isBought = (facts: DiscountFacts, line: DiscountLine) => isAmong(line, facts.buy?.targets ?? []);

function poolsOf(facts: DiscountFacts, lines: readonly DiscountLine[]): Pools {
  const pools = { buyOnly: 0, getOnly: 0, either: 0 };
  for (const line of lines.filter(isBuyable)) {
    const isReward = isAmong(line, facts.targets);
    if (isBought(facts, line)) pools[isReward ? 'either' : 'buyOnly'] += line.quantity;
    else if (isReward) pools.getOnly += line.quantity;
  }
  return pools;
}

/** How many units of either kind have to qualify when the deal is made so often. */
const qualifying = (times: number, x: number, { buyOnly }: Pools) => Math.max(0, times * x - buyOnly);

function isPossible(times: number, x: number, y: number, pools: Pools): boolean {
  const rewards = Math.max(0, times * y - pools.getOnly);
  return qualifying(times, x, pools) + rewards <= pools.either;
}

/** How often the deal can be made with these goods. */
export function largestDeal(facts: DiscountFacts, lines: readonly DiscountLine[]): number {
  const [x, y] = [facts.buy?.quantity ?? 0, facts.getQuantity ?? 0];
  if (x <= 0 || y <= 0) return 0;
  const pools = poolsOf(facts, lines);
  const all = pools.buyOnly + pools.getOnly + pools.either;
  let possible = 0;
  let beyond = Math.min(Math.floor(all / (x + y)), facts.repeatMax ?? Number.POSITIVE_INFINITY) + 1;
  // What can be made so often can be made less often: the end is found by halving.
  while (beyond - possible > 1) {
    const middle = Math.floor((possible + beyond) / 2);
    if (isPossible(middle, x, y, pools)) possible = middle;
    else beyond = middle;
  }
  return possible;
}

/** How many units of each line are rewards. Cheapest first; of the same price, the line that stands first. */
export function rewardUnits(facts: DiscountFacts, lines: readonly DiscountLine[]): number[] {
  const times = largestDeal(facts, lines);
  const units = lines.map(() => 0);
  const pools = poolsOf(facts, lines);
  let wanted = times * (facts.getQuantity ?? 0);
  let fromEither = pools.either - qualifying(times, facts.buy?.quantity ?? 0, pools);
  for (const { line, at } of cheapestFirst(facts, lines)) {
    const canQualify = isBought(facts, line);
    const taken = Math.min(line.quantity, wanted, canQualify ? fromEither : line.quantity);
    units[at] = taken;
    wanted -= taken;
    if (canQualify) fromEither -= taken;
  }
  return units;
}

function cheapestFirst(facts: DiscountFacts, lines: readonly DiscountLine[]) {
  const rewards = lines
    .map((line, at) => ({ line, at }))
    .filter(({ line }) => isBuyable(line) && isAmong(line, facts.targets));
  const priceOf = ({ line }: { line: DiscountLine }) => line.unitAmount ?? 0n;
  return rewards.sort((a, b) => (priceOf(a) === priceOf(b) ? a.at - b.at : priceOf(a) < priceOf(b) ? -1 : 1));
}

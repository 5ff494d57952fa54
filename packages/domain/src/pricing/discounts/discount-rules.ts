import type { Id } from '../../kernel/ids.ts';
import { capped, partOf, sharesOf } from './discount-amounts.ts';
import { codeKeyOf } from './discount-codes.ts';
import { obstacleOf, subtotalObstacle } from './discount-conditions.ts';
import type { DiscountFacts, DiscountObstacle } from './discount-facts.ts';
import { type DiscountScene, type DiscountShare, type DiscountVerdict, isBuyable, sumOf } from './discount-scene.ts';
import {
  bestForAll,
  bestPerLine,
  byRank,
  combine,
  type Outcome,
  type Shares,
  type Taken,
  totalOf,
} from './discount-stacking.ts';

/**
 * Which discounts a basket gets. Three phases, each on what the one before left: products, the order, shipping.
 *
 * - Products: each line goes to the discount that takes most off it; those that combine with their own class stand on a
 *   line together, one after the other by rank, a percentage of what the one before left.
 * - The order: of those that do not combine with their own class, the one that takes most off.
 * - Where product and order discounts do not combine with each other, the mixture that takes most off in all.
 * - Shipping comes last (`discountShipping`), and stands only beside what it combines with: it never displaces another.
 *
 * Equal amounts go to the higher priority, then to the older discount. Pure: the same scene gives the same answer, in
 * whatever order its discounts stand.
 */

/** What discounts take off the lines. Amounts in minor units; lists in the order of the scene's lines. */
export interface LineDiscounts {
  /** Per line: at most one share of each discount. */
  readonly shares: readonly (readonly DiscountShare[])[];
  /** What is left of each line's subtotal; zero for a line that cannot be bought. */
  readonly left: readonly bigint[];
  /** Those that took something. */
  readonly taken: readonly DiscountFacts[];
  /** Why the others of these classes did not. */
  readonly obstacles: ReadonlyMap<Id<'dis'>, DiscountObstacle>;
}

export interface ShippingDiscounts {
  /** Per amount that was given: at most one share of each discount. */
  readonly shares: readonly (readonly DiscountShare[])[];
  /** Of every discount and every code: codes first, as the shopper gave them, then automatic ones by rank. */
  readonly verdicts: readonly DiscountVerdict[];
}

/** Product and order discounts of a basket. */
export function discountLines(scene: DiscountScene): LineDiscounts {
  const start = scene.lines.map((line) => (isBuyable(line) ? (line.unitAmount ?? 0n) * BigInt(line.quantity) : 0n));
  const obstacles = new Map<Id<'dis'>, DiscountObstacle>();
  const possible = candidatesOf(scene).filter((facts) => facts.class !== 'shipping' && stands(facts, scene, obstacles));
  const shares: Shares = (facts, left, may) => sharesOf(facts, scene.lines, left, may);
  const reckoning = { scene, start, shares };
  const plan = bestPlan(reckoning, possible, obstacles);
  const taken = [...plan.products.taken, ...plan.order.taken];
  for (const facts of possible) {
    const own = taken.find((one) => one.facts.id === facts.id);
    if (own && sumOf(own.shares) > 0n) continue;
    obstacles.set(facts.id, obstacles.get(facts.id) ?? lostBy(reckoning, plan, facts));
  }
  return {
    shares: sharesPerPlace(taken, start.length),
    left: plan.order.left,
    taken: taken.filter((one) => sumOf(one.shares) > 0n).map((one) => one.facts),
    obstacles,
  };
}

/**
 * Discounts on shipping, and the verdicts on all. `amounts`: what each parcel's delivery costs, minor units; empty when
 * nothing is sent or no delivery is chosen yet.
 */
export function discountShipping(
  scene: DiscountScene,
  goods: LineDiscounts,
  amounts: readonly bigint[],
): ShippingDiscounts {
  const obstacles = new Map(goods.obstacles);
  const possible = candidatesOf(scene).filter((facts) => {
    if (facts.class !== 'shipping' || !stands(facts, scene, obstacles)) return false;
    const obstacle = shippingObstacle(facts, scene, goods, amounts);
    if (obstacle) obstacles.set(facts.id, obstacle);
    return obstacle === null;
  });
  const { taken } = bestForAll(possible, 'shipping', amounts, shippingShares);
  for (const facts of possible) {
    const own = taken.find((one) => one.facts.id === facts.id);
    if (own && sumOf(own.shares) > 0n) continue;
    obstacles.set(facts.id, own || sumOf(amounts) === 0n ? 'nothing_left' : 'better_one_taken');
  }
  const shares = sharesPerPlace(taken, amounts.length);
  return { shares, verdicts: verdictsOf(scene, [...goods.shares, ...shares].flat(), obstacles) };
}

/** Each discount once: one that several codes were given for counts by the first of them. Others' codes are left out. */
function candidatesOf({ discounts, codes }: DiscountScene): DiscountFacts[] {
  const candidates = new Map<Id<'dis'>, DiscountFacts>();
  for (const facts of discounts) if (facts.code === null) candidates.set(facts.id, facts);
  const given = givenOf(discounts);
  for (const code of codes) {
    const facts = given.get(codeKeyOf(code));
    if (facts && !candidates.has(facts.id)) candidates.set(facts.id, facts);
  }
  return [...candidates.values()].sort(byRank);
}

const givenOf = (discounts: readonly DiscountFacts[]) =>
  new Map(discounts.flatMap((facts) => (facts.code === null ? [] : [[codeKeyOf(facts.code), facts] as const])));

/** Does nothing stand against it from the outset? What does is taken down. */
function stands(facts: DiscountFacts, scene: DiscountScene, obstacles: Map<Id<'dis'>, DiscountObstacle>): boolean {
  const obstacle = obstacleOf(facts, scene);
  if (obstacle) obstacles.set(facts.id, obstacle);
  return obstacle === null;
}

interface Reckoning {
  readonly scene: DiscountScene;
  /** Subtotals of the lines. */
  readonly start: readonly bigint[];
  readonly shares: Shares;
}

interface Plan {
  readonly products: Outcome;
  readonly order: Outcome;
}

/**
 * Product and order discounts stand together when both say so, so there are three mixtures to compare: those that
 * combine with the other class; all product discounts alone; all order discounts alone. The first of equal ones stands.
 */
function bestPlan(
  reckoning: Reckoning,
  possible: readonly DiscountFacts[],
  obstacles: Map<Id<'dis'>, DiscountObstacle>,
): Plan {
  const { scene, start } = reckoning;
  const products = possible.filter((facts) => {
    const obstacle = facts.class === 'product' ? subtotalObstacle(facts, scene, start) : null;
    if (obstacle) obstacles.set(facts.id, obstacle);
    return facts.class === 'product' && obstacle === null;
  });
  const order = possible.filter((facts) => facts.class === 'order');
  const mixable = products.filter(({ combinesWith }) => combinesWith.includes('order'));
  const mixableOrder = order.filter(({ combinesWith }) => combinesWith.includes('product'));
  const mixed = planOf(reckoning, mixable, mixableOrder);
  if (products.length === mixable.length && order.length === mixableOrder.length) return mixed;
  const others = [planOf(reckoning, products, []), planOf(reckoning, [], order)];
  return others.reduce((best, plan) => (offBy(plan) > offBy(best) ? plan : best), mixed);
}

const offBy = ({ products, order }: Plan): bigint => totalOf(products) + totalOf(order);

function planOf(
  { scene, start, shares }: Reckoning,
  productDiscounts: readonly DiscountFacts[],
  orderDiscounts: readonly DiscountFacts[],
): Plan {
  const products = bestPerLine(productDiscounts, 'product', start, shares);
  const open = orderDiscounts.filter((facts) => subtotalObstacle(facts, scene, products.left) === null);
  return { products, order: bestForAll(open, 'order', products.left, shares) };
}

/** Why a discount that could stand takes nothing off in the plan that was chosen. */
function lostBy({ scene, start, shares }: Reckoning, plan: Plan, facts: DiscountFacts): DiscountObstacle {
  const isOrder = facts.class === 'order';
  const against = isOrder ? plan.products : plan.order;
  const base = isOrder ? plan.products.left : start;
  if (isOrder && subtotalObstacle(facts, scene, base)) return 'below_subtotal';
  if (sumOf(shares(facts, base, () => true)) === 0n) return 'nothing_left';
  const isDisplaced = against.taken.some((one) => sumOf(one.shares) > 0n && !combine(one.facts, facts));
  if (isDisplaced) return 'does_not_combine';
  const own = [...plan.products.taken, ...plan.order.taken].some((one) => one.facts.id === facts.id);
  return own ? 'nothing_left' : 'better_one_taken';
}

function shippingObstacle(
  facts: DiscountFacts,
  scene: DiscountScene,
  { left, taken }: LineDiscounts,
  amounts: readonly bigint[],
): DiscountObstacle | null {
  const below = subtotalObstacle(facts, scene, left);
  if (below) return below;
  if (!taken.every((one) => combine(one, facts))) return 'does_not_combine';
  return amounts.length === 0 ? 'no_shipping' : null;
}

const shippingShares: Shares = ({ kind, percentPpm, amountMax }, left) =>
  capped(kind === 'free_shipping' ? left : left.map((amount) => partOf(amount, percentPpm ?? 0)), amountMax);

function sharesPerPlace(taken: readonly Taken[], places: number): DiscountShare[][] {
  return Array.from({ length: places }, (_, at) =>
    taken.flatMap(({ facts, shares }) => {
      const amount = shares[at] ?? 0n;
      return amount > 0n ? [{ discountId: facts.id, class: facts.class, amount }] : [];
    }),
  );
}

function verdictsOf(
  scene: DiscountScene,
  shares: readonly DiscountShare[],
  obstacles: ReadonlyMap<Id<'dis'>, DiscountObstacle>,
): DiscountVerdict[] {
  const counted = new Map(candidatesOf(scene).map((facts) => [facts.id, facts]));
  const amounts = new Map<Id<'dis'>, bigint>();
  for (const { discountId, amount } of shares) amounts.set(discountId, (amounts.get(discountId) ?? 0n) + amount);
  const verdictOn = ({ id, title, code, kind, class: own, subtotalMin }: DiscountFacts): DiscountVerdict => {
    const amount = amounts.get(id) ?? 0n;
    const obstacle = amount > 0n ? null : (obstacles.get(id) ?? 'nothing_left');
    const verdict = { discountId: id, title, code, kind, class: own, amount, obstacle };
    return obstacle === 'below_subtotal' && subtotalMin !== null ? { ...verdict, subtotalMin } : verdict;
  };
  const given = givenOf(scene.discounts);
  const keys = new Map(scene.codes.map((code) => [codeKeyOf(code), code] as const).reverse());
  const ofCodes = [...new Set(scene.codes.map(codeKeyOf))].map((key): DiscountVerdict => {
    const facts = given.get(key);
    if (!facts) return unknownCode(keys.get(key) ?? key);
    if (counted.get(facts.id) === facts) return verdictOn(facts);
    const { subtotalMin: _, ...verdict } = verdictOn(facts);
    return { ...verdict, amount: 0n, obstacle: 'better_one_taken' };
  });
  const automatic = [...counted.values()].filter(({ code }) => code === null);
  return [...ofCodes, ...automatic.map(verdictOn)];
}

const unknownCode = (code: string): DiscountVerdict => ({
  discountId: null,
  title: code,
  code,
  kind: null,
  class: null,
  amount: 0n,
  obstacle: 'unknown_code',
});

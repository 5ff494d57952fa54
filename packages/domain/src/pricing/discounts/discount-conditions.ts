import { largestDeal } from './buy-and-get.ts';
import type { DiscountFacts, DiscountObstacle } from './discount-facts.ts';
import { type DiscountScene, isAmong, isBuyable, sumOf } from './discount-scene.ts';

/**
 * Why a discount cannot apply to this basket at all, or null. Minimum subtotals are `subtotalObstacle`'s, for they
 * depend on what other discounts left. A limit per customer is judged by who is known so far; the redemption in the
 * placement's transaction judges it for good.
 */
export const obstacleOf = (facts: DiscountFacts, scene: DiscountScene): DiscountObstacle | null =>
  obstacleOfItself(facts, Date.parse(scene.at)) ??
  obstacleOfCustomer(facts, scene.customer) ??
  obstacleOfGoods(facts, scene);

function obstacleOfItself(facts: DiscountFacts, at: number): DiscountObstacle | null {
  if (!facts.isActive) return 'paused';
  if (facts.startsAt !== null && at < Date.parse(facts.startsAt)) return 'not_begun';
  if (facts.endsAt !== null && at >= Date.parse(facts.endsAt)) return 'over';
  const isFull = (limit: number | null, used: number) => limit !== null && used >= limit;
  if (isFull(facts.usageLimit, facts.used) || isFull(facts.codeUsageLimit, facts.codeUsed)) return 'used_up';
  return null;
}

function obstacleOfCustomer(facts: DiscountFacts, customer: DiscountScene['customer']): DiscountObstacle | null {
  if (facts.customerGroupIds.length > 0) {
    if (customer.id === null) return 'customer_unknown';
    if (!facts.customerGroupIds.some((id) => customer.groupIds.includes(id))) return 'not_for_customer';
  }
  if (facts.firstOrderOnly && customer.hasOrdered === null) return 'customer_unknown';
  if (facts.firstOrderOnly && customer.hasOrdered) return 'not_first_order';
  // There is one first order, and one that waits for its payment is it already.
  const limit = facts.firstOrderOnly ? 1 : facts.perCustomerLimit;
  if (limit !== null && facts.usedByCustomer >= limit) return 'used_up_by_customer';
  return null;
}

function obstacleOfGoods(facts: DiscountFacts, { lines }: DiscountScene): DiscountObstacle | null {
  const needsAmount = facts.kind === 'fixed_amount' || facts.kind === 'fixed_price';
  if (!facts.isInCurrency || (needsAmount && facts.amount === null)) return 'not_in_currency';
  const meant = lines.filter((line) => isBuyable(line) && isAmong(line, facts.targets));
  if (meant.length === 0) return 'no_such_goods';
  const units = meant.reduce((sum, line) => sum + line.quantity, 0);
  if (facts.quantityMin !== null && units < facts.quantityMin) return 'below_quantity';
  if (facts.kind === 'buy_x_get_y' && largestDeal(facts, lines) === 0) return 'below_quantity';
  return null;
}

/**
 * A minimum subtotal is asked of the goods a discount is for. `left`: what they cost where its class begins: their price
 * for products, what product discounts left for the order, and what all those left for shipping.
 */
export function subtotalObstacle(
  facts: DiscountFacts,
  { lines }: DiscountScene,
  left: readonly bigint[],
): DiscountObstacle | null {
  if (facts.subtotalMin === null) return null;
  const meant = left.filter((_, at) => {
    const line = lines[at];
    return line !== undefined && isBuyable(line) && isAmong(line, facts.targets);
  });
  return sumOf(meant) < facts.subtotalMin ? 'below_subtotal' : null;
}

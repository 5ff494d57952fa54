import type { InsufficientStock } from '../../catalog/inventory/inventory.errors.ts';
import type { FieldFault } from '../../kernel/errors.ts';
import { format } from '../../kernel/money.ts';
import type { DiscountObstacle } from '../../pricing/discounts/discount-facts.ts';
import { discountWords, TOLD_AS_UNKNOWN } from '../../pricing/totals/obstacle-words.ts';
import type { Totals } from '../../pricing/totals/totals.ts';
import { type CartRequirement, isStock, requirementsOf } from '../carts/cart-requirements.ts';
import type { CartScene } from '../carts/cart-scene.service.ts';
import type { NewCheckout } from './checkout.contract.ts';

/** Where each is put right, as fields of a cart. */
const POINTERS: Readonly<Record<CartRequirement['code'], string>> = {
  empty: '/lines',
  line: '/lines',
  shipping_address: '/shippingAddress',
  shipping_option: '/shippingOption',
  email: '/email',
  phone: '/phone',
  customer: '/customer',
};

/** Judged by the address at the checkout alone, so that also of discounts without a code it is said there. */
const JUDGED_HERE: ReadonlySet<DiscountObstacle> = new Set(['not_first_order', 'used_up_by_customer']);
/** Can come over a discount while its shopper does nothing; whatever else stands in its way stood there before. */
const COMES_BY_ITSELF: ReadonlySet<DiscountObstacle> = new Set([
  ...JUDGED_HERE,
  'unknown_code',
  'paused',
  'over',
  'used_up',
]);

/**
 * All that stands between a cart and an order, each with where it is put right. None where that is stock alone: holds of
 * others that have run out look as if they held, and only the reservation ends them.
 */
export function checkoutFaults(scene: CartScene, totals: Totals): FieldFault[] {
  const missing = requirementsOf(scene, totals);
  if (missing.every(({ why }) => isStock(why))) return [];
  const titles = new Map<string, string>(scene.basket.lines.map(({ id, title }) => [id, title]));
  return missing.map(({ code, why, lineId, message }) => {
    if (code !== 'line' || lineId === null) return { pointer: POINTERS[code], code, message };
    return { pointer: `/lines/${lineId}`, code: why ?? code, message: `${titles.get(lineId) ?? 'A line'}: ${message}` };
  });
}

/** What is not there of the lines of a cart, in the words of its other faults. */
export const stockFaults = ({ basket }: CartScene, { shortages }: InsufficientStock): FieldFault[] =>
  shortages.flatMap(({ line: at, requested, available }) => {
    const line = basket.lines[at];
    if (!line) return [];
    const message =
      available <= 0
        ? 'This is sold out. Take it out.'
        : `${available} are left, not ${requested}. Lower its quantity.`;
    return [{ pointer: `/lines/${line.id}`, code: 'insufficient_stock', message: `${line.title}: ${message}` }];
  });

/**
 * What may have made another total of a cart than its shopper remembers. Discounts are named where the total rose by more
 * than the prices did: one that never took anything off is not to blame.
 */
export function changesOf({ lines, basket }: CartScene, totals: Totals, expected: bigint): FieldFault[] {
  const money = (amountMinor: bigint) => format({ amountMinor, currency: basket.currency });
  const prices = basket.lines.flatMap(({ id, title, unitAmount }) => {
    const before = lines.get(id)?.unitAmountAdded ?? null;
    if (before === null || unitAmount === null || before === unitAmount) return [];
    const message = `${title} costs ${money(unitAmount)} now, not ${money(before)}.`;
    return [{ pointer: `/lines/${id}`, code: 'price_changed', message }];
  });
  const risen = basket.lines.reduce((sum, { id, unitAmount, quantity }) => {
    const before = lines.get(id)?.unitAmountAdded ?? null;
    return before === null || unitAmount === null ? sum : sum + (unitAmount - before) * BigInt(quantity);
  }, 0n);
  if (totals.total - expected <= risen) return prices;
  const losable = prices.length > 0 ? new Set([...COMES_BY_ITSELF, 'below_subtotal']) : COMES_BY_ITSELF;
  const discounts = totals.discounts.flatMap(({ code, title, obstacle, ...rest }) => {
    if (obstacle === null || !(code === null ? JUDGED_HERE : losable).has(obstacle)) return [];
    const told = TOLD_AS_UNKNOWN.has(obstacle) ? 'unknown_code' : obstacle;
    const words = discountWords({ ...rest, obstacle: told }, basket.currency);
    const pointer = code === null ? '/discounts' : `/discountCodes/${code}`;
    return [{ pointer, code: 'discount_not_taken', message: `${code ?? title} takes nothing off now. ${words}` }];
  });
  return [...prices, ...discounts];
}

/** Whether a total is the one the shopper was shown. */
export const isTotal = (
  { total, currency }: { total: bigint; currency: string },
  expected: NewCheckout['expectedTotal'],
): boolean => total === BigInt(expected.amount) && currency === expected.currency;

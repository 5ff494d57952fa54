import type { FieldFault } from '../../kernel/errors.ts';
import { format } from '../../kernel/money.ts';
import type { DiscountObstacle } from '../../pricing/discounts/discount-facts.ts';
import { DISCOUNT_WORDS, TOLD_AS_UNKNOWN } from '../../pricing/totals/obstacle-words.ts';
import type { Totals } from '../../pricing/totals/totals.ts';
import { type CartRequirement, requirementsOf } from '../carts/cart-requirements.ts';
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

/** All that stands between a cart and an order, each with where it is put right. */
export function checkoutFaults(scene: CartScene, totals: Totals): FieldFault[] {
  const titles = new Map<string, string>(scene.basket.lines.map(({ id, title }) => [id, title]));
  return requirementsOf(scene, totals).map(({ code, why, lineId, message }) => {
    if (code !== 'line' || lineId === null) return { pointer: POINTERS[code], code, message };
    return { pointer: `/lines/${lineId}`, code: why ?? code, message: `${titles.get(lineId) ?? 'A line'}: ${message}` };
  });
}

/** What may have made another total of a cart than its shopper remembers. */
export function changesOf({ lines, basket }: CartScene, totals: Totals): FieldFault[] {
  const money = (amountMinor: bigint) => format({ amountMinor, currency: basket.currency });
  const prices = basket.lines.flatMap(({ id, title, unitAmount }) => {
    const before = lines.get(id)?.unitAmountAdded ?? null;
    if (before === null || unitAmount === null || before === unitAmount) return [];
    const message = `${title} costs ${money(unitAmount)} now, not ${money(before)}.`;
    return [{ pointer: `/lines/${id}`, code: 'price_changed', message }];
  });
  const discounts = totals.discounts.flatMap(({ code, title, obstacle }) => {
    if (obstacle === null || (code === null && !JUDGED_HERE.has(obstacle))) return [];
    const words = DISCOUNT_WORDS[TOLD_AS_UNKNOWN.has(obstacle) ? 'unknown_code' : obstacle];
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

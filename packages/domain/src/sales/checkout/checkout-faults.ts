import type { Settings } from '../../company/settings/setting-groups.ts';
import type { FieldFault } from '../../kernel/errors.ts';
import { format } from '../../kernel/money.ts';
import type { LineObstacle } from '../../pricing/totals/basket.ts';
import type { Requirement, Totals } from '../../pricing/totals/totals.ts';
import type { CartScene } from '../carts/cart-scene.service.ts';
import type { NewCheckout } from './checkout.contract.ts';

const LINE_WORDS: Readonly<Record<LineObstacle, string>> = {
  not_for_sale: 'is not sold any more. Take it out of the cart.',
  not_in_currency: "is not sold in the cart's currency. Take it out of the cart.",
  too_much: 'comes to more than can be reckoned with. Take fewer.',
  gift_only: 'cannot be bought by itself. Take it out of the cart.',
};

/** All that stands between a cart and an order, each with where it is put right. */
export function checkoutFaults({ cart, basket, shop }: CartScene, { requirements }: Totals): FieldFault[] {
  const titles = new Map(basket.lines.map(({ id, title }) => [id, title]));
  return [
    ...requirements.map((requirement) => faultOf(requirement, titles)),
    ...personFaults(cart, shop.settings('checkout')),
  ];
}

function faultOf(requirement: Requirement, titles: ReadonlyMap<string, string>): FieldFault {
  switch (requirement.code) {
    case 'empty':
      return { pointer: '/lines', code: 'empty', message: 'The cart is empty: POST /v1/carts/{id}/lines.' };
    case 'line': {
      const { lineId, obstacle } = requirement;
      const message = `${titles.get(lineId) ?? 'A line'} ${LINE_WORDS[obstacle]}`;
      return { pointer: `/lines/${lineId}`, code: obstacle, message };
    }
    case 'shipping_address':
      return {
        pointer: '/shippingAddress',
        code: 'shipping_address',
        message: 'Say where it goes: PUT /v1/carts/{id}/shipping-address.',
      };
    case 'shipping_option':
      return {
        pointer: '/shippingOption',
        code: 'shipping_option',
        message: 'Choose how it is sent: GET /v1/carts/{id}/shipping-options, then PUT /v1/carts/{id}/shipping-option.',
      };
  }
}

function personFaults(cart: CartScene['cart'], settings: Settings<'checkout'>): FieldFault[] {
  const faults: FieldFault[] = [];
  if (!cart.email)
    faults.push({ pointer: '/email', code: 'email', message: 'Say whose order it is: PUT /v1/carts/{id}/email.' });
  if (settings.requirePhone && !cart.phone && !cart.shippingAddress?.phone)
    faults.push({
      pointer: '/phone',
      code: 'phone',
      message: 'This shop asks for a telephone number: PATCH /v1/carts/{id} { phone }.',
    });
  if (!settings.allowGuests && !cart.customerId)
    faults.push({
      pointer: '/customer',
      code: 'customer',
      message: 'This shop sells to customers with an account: log in, then PUT /v1/carts/{id}/customer.',
    });
  return faults;
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
  const discounts = totals.discounts.flatMap(({ code, obstacle }) => {
    if (code === null || obstacle === null) return [];
    return [
      { pointer: `/discountCodes/${code}`, code: 'discount_not_taken', message: `${code} takes nothing off now.` },
    ];
  });
  return [...prices, ...discounts];
}

/** Whether a total is the one the shopper was shown. */
export const isTotal = (
  { total, currency }: { total: bigint; currency: string },
  expected: NewCheckout['expectedTotal'],
): boolean => total === BigInt(expected.amount) && currency === expected.currency;

import { type Currency, format } from '../../kernel/money.ts';
import type { DiscountObstacle } from '../discounts/discount-facts.ts';
import type { DiscountVerdict } from '../discounts/discount-scene.ts';
import type { TaxReason } from '../tax/tax-facts.ts';
import type { LineObstacle } from './basket.ts';
import type { ShippingGap } from './totals.ts';

/** Why a line cannot be bought, and the way out. */
export const LINE_WORDS: Readonly<Record<LineObstacle, string>> = {
  not_for_sale: 'This is not for sale any more. Take it out.',
  not_in_currency: 'This is not sold in this currency. Take it out, or begin a cart in another currency.',
  gift_only: 'This can only be had as a gift. Take it out.',
  too_much: 'This costs more than one order can. Lower its quantity, or order the rest separately.',
};

/** Why a parcel has no shipping option, and the way out. */
export const SHIPPING_WORDS: Readonly<Record<ShippingGap, string>> = {
  not_chosen:
    'Choose how this is to be delivered: PUT /v1/carts/{id}/shipping-option, one of GET /v1/carts/{id}/shipping-options.',
  none_offered: 'Nothing is offered for sending these goods there. Give another address, or take them out.',
  gone: 'What was chosen is not offered any more. Choose another way.',
  no_address: 'Give an address first.',
  not_delivered_to_place: 'This does not deliver to the address. Choose another way.',
  not_in_currency: 'This is not offered in this currency. Choose another way.',
  too_heavy: 'The goods are too heavy for this. Choose another way.',
  below_first_step: 'The goods are too few for this. Choose another way, or add some.',
  nothing_to_ship: 'There is nothing to deliver.',
};

/** Why a discount gives nothing, as shoppers are told. */
const DISCOUNT_WORDS: Readonly<Record<DiscountObstacle, string>> = {
  unknown_code: 'There is no discount for this code, or it is not to be had now. Check its spelling, or take it out.',
  paused: 'This discount is paused.',
  not_begun: 'This discount has not begun.',
  over: 'This discount is over.',
  used_up: 'This discount was used as often as it may be.',
  used_up_by_customer: 'You used this discount as often as you may.',
  not_in_currency: 'This discount is not for this currency.',
  no_such_goods: 'There is nothing among the goods that this discount is for.',
  below_subtotal: 'The goods this discount is for do not cost enough yet.',
  below_quantity: 'There are not enough of the goods that this discount is for.',
  not_for_customer: 'This discount is for other customers.',
  customer_unknown: 'This discount is for known customers: log in, or give an email address.',
  not_first_order: 'This discount is for a first order.',
  does_not_combine: 'This discount cannot stand beside another that was taken.',
  better_one_taken: 'Another discount that takes more off was taken.',
  no_shipping: 'There is no delivery this discount could lessen (yet).',
  nothing_left: 'There is nothing left that this discount could lessen.',
};

/** Why a discount takes nothing off, with the sum it asks for. Undefined: it takes something off. */
export function discountWords(
  { obstacle, subtotalMin }: Pick<DiscountVerdict, 'obstacle' | 'subtotalMin'>,
  currency: Currency,
): string | undefined {
  if (obstacle === null) return undefined;
  const needs = subtotalMin === undefined ? '' : ` It asks for ${format({ amountMinor: subtotalMin, currency })}.`;
  return `${DISCOUNT_WORDS[obstacle]}${needs}`;
}

/** Told to shoppers like a code that does not exist: what else is said helps only who guesses. */
export const TOLD_AS_UNKNOWN: ReadonlySet<DiscountObstacle> = new Set(['paused', 'not_begun', 'over']);

/** Why there is no tax; `rate` is never asked for. */
export const UNTAXED_WORDS: Readonly<Record<TaxReason, string>> = {
  rate: 'there is a rate',
  zero_rate: 'the rate of the place is 0 %',
  not_taxable: 'it is not taxed there',
  no_rate_for_place: 'the company has no rate for the place',
  place_unknown: 'the place is not known yet',
  customer_exempt: 'the customer bears no tax',
};

import { LINE_WORDS, SHIPPING_WORDS } from '../../pricing/totals/obstacle-words.ts';
import type { Requirement, Totals } from '../../pricing/totals/totals.ts';
import { quantityWords, unitsByVariant } from './cart-quantities.ts';
import type { CartScene } from './cart-scene.service.ts';
import { type CartWarning, warningsOf } from './cart-warnings.ts';

/** What is missing before a cart can be checked out, and the way out. JSON-ready. */
export interface CartRequirement {
  readonly code: Requirement['code'] | 'email' | 'phone' | 'customer';
  /** Of a line or a parcel: what stands in its way. */
  readonly why: string | null;
  readonly message: string;
  readonly lineId: string | null;
  readonly profileId: string | null;
}

/**
 * What a cart lacks, computed from what there is: nobody has to take the steps in an order. A checkout refuses for exactly
 * this; only whether there is enough in stock is decided by its reservation, which comes a moment later.
 */
export function requirementsOf(
  scene: CartScene,
  totals: Totals,
  warnings: readonly CartWarning[] = warningsOf(scene),
): CartRequirement[] {
  const { cart, shop } = scene;
  const { allowGuests, requirePhone } = shop.settings('checkout');
  const missing: CartRequirement[] = [...totals.requirements.map(worded), ...tooMany(scene), ...soldOut(warnings)];
  if (cart.email === null) missing.push(missingThing('email', 'Say where to write to: PUT /v1/carts/{id}/email.'));
  if (!allowGuests && cart.customerId === null)
    missing.push(missingThing('customer', 'Log in: this shop sells to customers with an account only.'));
  if (requirePhone && cart.phone === null && cart.shippingAddress?.phone === undefined)
    missing.push(missingThing('phone', 'Give a phone number: PATCH /v1/carts/{id}.'));
  return missing;
}

const missingThing = (code: CartRequirement['code'], message: string): CartRequirement => ({
  code,
  why: null,
  message,
  lineId: null,
  profileId: null,
});

const lineThing = (lineId: string, why: string, message: string): CartRequirement => ({
  code: 'line',
  why,
  message,
  lineId,
  profileId: null,
});

/** Also what was put in before the shop lowered its limit. */
function tooMany({ basket, shop }: CartScene): CartRequirement[] {
  const { lineQuantityMax } = shop.settings('checkout');
  const units = unitsByVariant(basket.lines);
  const message = quantityWords(lineQuantityMax);
  return basket.lines
    .filter(({ variantId }) => (units.get(variantId) ?? 0) > lineQuantityMax)
    .map(({ id }) => lineThing(id, 'quantity_too_large', message));
}

/** Lines of which there is not enough now, but for those that cannot be bought at all. */
const soldOut = (warnings: readonly CartWarning[]): CartRequirement[] =>
  warnings.flatMap(({ code, lineId, message }) =>
    isStock(code) ? [lineThing(lineId, code, `${message} ${STOCK_WAY_OUT[code]}`)] : [],
  );

const STOCK_WAY_OUT = { out_of_stock: 'Take it out.', insufficient_stock: 'Lower its quantity.' } as const;
type Shortage = keyof typeof STOCK_WAY_OUT;

/** Whether it is stock that stands in the way of a line. */
export const isStock = (why: string | null): why is Shortage => why !== null && Object.hasOwn(STOCK_WAY_OUT, why);

function worded(requirement: Requirement): CartRequirement {
  switch (requirement.code) {
    case 'empty':
      return missingThing('empty', 'There is nothing in the cart. Put something in.');
    case 'line':
      return lineThing(requirement.lineId, requirement.obstacle, LINE_WORDS[requirement.obstacle]);
    case 'shipping_address':
      return missingThing('shipping_address', 'Say where the goods go: PUT /v1/carts/{id}/shipping-address.');
    case 'shipping_option': {
      const { code, profileId, why } = requirement;
      return { code, why, message: SHIPPING_WORDS[why], lineId: null, profileId };
    }
  }
}

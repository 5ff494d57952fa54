import { LINE_WORDS, SHIPPING_WORDS } from '../../pricing/totals/obstacle-words.ts';
import type { Requirement, Totals } from '../../pricing/totals/totals.ts';
import { quantityWords, unitsByVariant } from './cart-quantities.ts';
import type { CartScene } from './cart-scene.service.ts';
import { warningsOf } from './cart-warnings.ts';

/** What is missing before a cart can be checked out, and the way out. JSON-ready. */
export interface CartRequirement {
  readonly code: Requirement['code'] | 'email' | 'phone' | 'customer';
  /** Of a line or a parcel: what stands in its way. */
  readonly why: string | null;
  readonly message: string;
  readonly lineId: string | null;
  readonly profileId: string | null;
}

const bare = { why: null, lineId: null, profileId: null };

/**
 * What a cart lacks, computed from what there is: nobody has to take the steps in an order. A checkout refuses for exactly
 * this; only whether there is enough in stock is decided by its reservation, which comes a moment later.
 */
export function requirementsOf(scene: CartScene, totals: Totals): CartRequirement[] {
  const { cart, shop } = scene;
  const { allowGuests, requirePhone } = shop.settings('checkout');
  const missing: CartRequirement[] = [...totals.requirements.map(worded), ...tooMany(scene), ...soldOut(scene)];
  if (cart.email === null)
    missing.push({ ...bare, code: 'email', message: 'Say where to write to: PUT /v1/carts/{id}/email.' });
  if (!allowGuests && cart.customerId === null)
    missing.push({ ...bare, code: 'customer', message: 'Log in: this shop sells to customers with an account only.' });
  if (requirePhone && cart.phone === null && cart.shippingAddress?.phone === undefined)
    missing.push({ ...bare, code: 'phone', message: 'Give a phone number: PATCH /v1/carts/{id}.' });
  return missing;
}

/** Also what was put in before the shop lowered its limit. */
function tooMany({ basket, shop }: CartScene): CartRequirement[] {
  const { lineQuantityMax } = shop.settings('checkout');
  const units = unitsByVariant(basket.lines);
  const message = quantityWords(lineQuantityMax);
  return basket.lines
    .filter(({ variantId }) => (units.get(variantId) ?? 0) > lineQuantityMax)
    .map(({ id }) => ({ ...bare, code: 'line', lineId: id, why: 'quantity_too_large', message }));
}

/** Lines of which there is not enough now, but for those that cannot be bought at all. */
const soldOut = (scene: CartScene): CartRequirement[] =>
  warningsOf(scene).flatMap(({ code, lineId, message }) =>
    isStock(code) ? [{ ...bare, code: 'line', lineId, why: code, message: `${message} ${STOCK_WAY_OUT[code]}` }] : [],
  );

const STOCK_WAY_OUT = { out_of_stock: 'Take it out.', insufficient_stock: 'Lower its quantity.' } as const;
type Shortage = keyof typeof STOCK_WAY_OUT;

/** Whether it is stock that stands in the way of a line. */
export const isStock = (why: string | null): why is Shortage => why !== null && Object.hasOwn(STOCK_WAY_OUT, why);

function worded(requirement: Requirement): CartRequirement {
  switch (requirement.code) {
    case 'empty':
      return { ...bare, code: 'empty', message: 'There is nothing in the cart. Put something in.' };
    case 'line': {
      const { code, lineId, obstacle } = requirement;
      return { ...bare, code, lineId, why: obstacle, message: LINE_WORDS[obstacle] };
    }
    case 'shipping_address':
      return {
        ...bare,
        code: 'shipping_address',
        message: 'Say where the goods go: PUT /v1/carts/{id}/shipping-address.',
      };
    case 'shipping_option': {
      const { code, profileId, why } = requirement;
      return { ...bare, code, profileId, why, message: SHIPPING_WORDS[why] };
    }
  }
}

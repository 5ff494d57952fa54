import type { Id } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import type { DiscountShare, DiscountVerdict } from '../discounts/discount-scene.ts';
import type { ParcelQuotes, ShippingObstacle } from '../shipping/shipping-facts.ts';
import type { TaxLine } from '../tax/tax-facts.ts';
import type { LineObstacle } from './basket.ts';

/**
 * Minor units throughout. `total` is what the line adds to the order: with the tax, whether it was in the price or not. A
 * line with an obstacle adds nothing: all its amounts but `unitAmount` are zero.
 */
export interface LineTotals {
  readonly lineId: string;
  readonly quantity: number;
  readonly obstacle: LineObstacle | null;
  /** Null: it is not sold in the basket's currency (an obstacle). */
  readonly unitAmount: bigint | null;
  /** Unit times quantity, before discounts. */
  readonly subtotal: bigint;
  readonly discounts: readonly DiscountShare[];
  /** The sum of the shares. */
  readonly discount: bigint;
  readonly taxes: readonly TaxLine[];
  readonly tax: bigint;
  readonly total: bigint;
}

export interface ShippingTotals {
  readonly profileId: Id<'shp'>;
  readonly optionId: Id<'sho'>;
  readonly name: string;
  /** Before discounts. Nothing where the option is free from a subtotal on and that is reached. */
  readonly amount: bigint;
  readonly discounts: readonly DiscountShare[];
  readonly discount: bigint;
  readonly taxes: readonly TaxLine[];
  readonly tax: bigint;
  readonly total: bigint;
}

/**
 * Why a parcel has no shipping option. `none_offered`: the shop sends such goods nowhere near the address, so another
 * address or other goods are needed; `gone`: what was chosen is not offered any more (there).
 */
export type ShippingGap = 'not_chosen' | 'none_offered' | 'gone' | ShippingObstacle;

/** What stands between a basket and an order. Computed from data, never a step that is stored. */
export type Requirement =
  | { readonly code: 'empty' }
  | { readonly code: 'line'; readonly lineId: string; readonly obstacle: LineObstacle }
  | { readonly code: 'shipping_address' }
  | {
      readonly code: 'shipping_option';
      /** Null: the shop has no shipping profile at all, and its staff has to make one. */
      readonly profileId: Id<'shp'> | null;
      readonly why: ShippingGap;
      /** The option that was chosen and is dropped. */
      readonly droppedId: Id<'sho'> | null;
    };

/** One sentence of the explanation, with the figures it is about. JSON-ready: amounts as decimal text. */
export interface Explained {
  readonly step: 'price' | 'discount' | 'shipping' | 'tax' | 'rounding' | 'total';
  readonly about: string;
  readonly text: string;
  readonly figures: Readonly<Record<string, string>>;
}

/**
 * `total = subtotal - discount + shipping + (pricesIncludeTax ? 0 : tax)`. `discount` is off lines and shipping;
 * `shipping` is before discounts; `tax` is that of lines and shipping.
 */
export interface Sums {
  readonly subtotal: bigint;
  readonly discount: bigint;
  readonly shipping: bigint;
  readonly tax: bigint;
  readonly total: bigint;
}

export interface Totals extends Sums {
  readonly currency: Currency;
  /**
   * True: the entered prices hold the tax, and they stand wherever the goods go and whoever buys: where the tax is another
   * or none, the shop's part changes and not the price.
   */
  readonly pricesIncludeTax: boolean;
  readonly lines: readonly LineTotals[];
  readonly shippingLines: readonly ShippingTotals[];
  readonly discounts: readonly DiscountVerdict[];
  /** What could be chosen, per parcel, and why not. */
  readonly quotes: readonly ParcelQuotes[];
  readonly requirements: readonly Requirement[];
  /** Why: written when it is asked for. Most who look at a cart do not, and it costs more than the figures. */
  explained(): readonly Explained[];
}

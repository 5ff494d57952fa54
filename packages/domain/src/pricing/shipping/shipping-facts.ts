import type { Id } from '../../kernel/ids.ts';

/** Where an option delivers to. A null region or postcode means all of the country. */
export interface ShippingArea {
  readonly country: string;
  /** By `regionKeyOf`. */
  readonly regionKey: string | null;
  /** A beginning (`SW1`) or a range (`10000..19999`), see `postcode-patterns.ts`; null: every postcode. */
  readonly postcodePattern: string | null;
}

/** A step of a price: from `from` (grams, or minor units of the subtotal; 0 for a flat price) on it costs `amount`. */
export interface ShippingRateFacts {
  readonly from: bigint;
  readonly amount: bigint;
}

/** An option as the totals see it: with its rates in the cart's currency. */
export interface ShippingOptionFacts {
  readonly id: Id<'sho'>;
  readonly profileId: Id<'shp'>;
  readonly name: string;
  readonly description: string;
  readonly basis: 'flat' | 'weight' | 'subtotal';
  readonly areas: readonly ShippingArea[];
  /** Steps in the cart's currency, by `from`. Empty: not offered in this currency. */
  readonly rates: readonly ShippingRateFacts[];
  /** Free from this subtotal of its goods on, after discounts; in the cart's currency. */
  readonly freeOver: bigint | null;
  readonly weightMaxGrams: number | null;
  readonly daysMin: number | null;
  readonly daysMax: number | null;
  readonly position: number;
}

/** Why an option cannot be chosen. */
export type ShippingObstacle =
  | 'no_address'
  | 'not_delivered_to_place'
  | 'not_in_currency'
  | 'too_heavy'
  | 'below_first_step'
  | 'nothing_to_ship';

/** What of a cart an option has to carry: the goods of one profile. */
export interface Parcel {
  readonly profileId: Id<'shp'>;
  readonly weightGrams: number;
  /** After discounts, minor units. */
  readonly subtotal: bigint;
  readonly lineIds: readonly string[];
}

export type ShippingQuote =
  | {
      readonly option: ShippingOptionFacts;
      readonly isAvailable: true;
      readonly amount: bigint;
      /** What it costs when `freeOver` is not reached; otherwise the same as `amount`. */
      readonly regularAmount: bigint;
      /** Free because `freeOver` is reached. An option may cost nothing without that. */
      readonly isFree: boolean;
    }
  | { readonly option: ShippingOptionFacts; readonly isAvailable: false; readonly obstacle: ShippingObstacle };

/** One parcel and all options of its profile. No quotes: the profile has no option at all in this country. */
export interface ParcelQuotes {
  readonly parcel: Parcel;
  readonly quotes: readonly ShippingQuote[];
}

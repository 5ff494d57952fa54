import type { Id } from '../../kernel/ids.ts';

/** A place as far as taxes and shipping care. `region` and `postcode` as the shopper wrote them. */
export interface Place {
  readonly country: string;
  readonly region?: string | undefined;
  readonly postcode?: string | undefined;
}

/** A rate of the company that may apply. `ratePpm` counts parts per million: 7.5 % is 75,000. */
export interface TaxRateFacts {
  readonly id: Id<'txr'>;
  readonly name: string;
  readonly ratePpm: number;
  readonly country: string;
  /** By `regionKeyOf`; null: the whole country. */
  readonly regionKey: string | null;
  /** Compared folded. Null: every category that has no rate of its own there. */
  readonly taxCategory: string | null;
  readonly appliesToShipping: boolean;
}

/** Why a line bears the tax it bears. Lines without tax say why as well. */
export type TaxReason =
  | 'rate'
  | 'zero_rate'
  | 'not_taxable'
  | 'no_rate_for_place'
  | 'place_unknown'
  | 'customer_exempt';

/** One tax on one line. `amount` in minor units; `base` is what it was reckoned on, without the tax. */
export interface TaxLine {
  readonly rateId: Id<'txr'> | null;
  readonly name: string;
  readonly ratePpm: number;
  readonly base: bigint;
  readonly amount: bigint;
  readonly isIncluded: boolean;
  readonly reason: TaxReason;
}

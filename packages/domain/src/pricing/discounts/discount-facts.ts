import type { Instant } from '../../kernel/clock.ts';
import type { Id } from '../../kernel/ids.ts';

/** What a discount lessens. Each is taken on what the class before it left: products, then the order, then shipping. */
export type DiscountClass = 'product' | 'order' | 'shipping';

export type DiscountKind = 'percentage' | 'fixed_amount' | 'fixed_price' | 'free_shipping' | 'buy_x_get_y' | 'gift';

/** What a discount is for, or what a condition asks for: goods by what they are. */
export interface DiscountTarget {
  readonly type: 'product' | 'variant' | 'collection' | 'category';
  readonly id: string;
}

/** A discount of the company that may apply to a basket, with what is known of its use. */
export interface DiscountFacts {
  readonly id: Id<'dis'>;
  readonly title: string;
  readonly kind: DiscountKind;
  readonly class: DiscountClass;
  /** False: paused. Only discounts of codes are ever read paused. */
  readonly isActive: boolean;
  /** The code the shopper gave, as stored; null: automatic. A discount of two given codes comes twice. */
  readonly code: string | null;
  /** Of two that take the same amount off, the higher is taken; of several that stand together, it goes first. */
  readonly priority: number;
  /** Parts per million, for `percentage` and `buy_x_get_y`. */
  readonly percentPpm: number | null;
  /** False: it has amounts or a minimum in other currencies, and none in the basket's. */
  readonly isInCurrency: boolean;
  /** Minor units of the basket's currency, for `fixed_amount` and `fixed_price`; null: none in this currency. */
  readonly amount: bigint | null;
  /** `each`: once for every unit it is for; `across`: once, spread over its lines. */
  readonly allocation: 'each' | 'across';
  /** The most it takes off, minor units of the basket's currency. */
  readonly amountMax: bigint | null;
  /** Goods it is for; empty: all. */
  readonly targets: readonly DiscountTarget[];
  readonly subtotalMin: bigint | null;
  readonly quantityMin: number | null;
  /** For `buy_x_get_y`: of these targets (empty: of all goods) so many … */
  readonly buy: { readonly targets: readonly DiscountTarget[]; readonly quantity: number } | null;
  /** … give so many of `targets` at `percentPpm` off, … */
  readonly getQuantity: number | null;
  /** … at most so many times in one basket; null: as often as there are goods for it. */
  readonly repeatMax: number | null;
  readonly customerGroupIds: readonly Id<'cgr'>[];
  readonly firstOrderOnly: boolean;
  readonly startsAt: Instant | null;
  /** The first moment at which it is over. */
  readonly endsAt: Instant | null;
  readonly usageLimit: number | null;
  readonly used: number;
  /** Of the given code alone; null: only the discount's own limit counts. */
  readonly codeUsageLimit: number | null;
  readonly codeUsed: number;
  readonly perCustomerLimit: number | null;
  /** How often this customer (or this email address) used it; read where that is limited, as by `firstOrderOnly`. */
  readonly usedByCustomer: number;
  /** Classes of other discounts it may stand beside. It has to be said on both sides. */
  readonly combinesWith: readonly DiscountClass[];
}

/** Why a discount gives nothing. Codes that do not exist, are paused and are over are told alike to shoppers. */
export type DiscountObstacle =
  | 'unknown_code'
  | 'paused'
  | 'not_begun'
  | 'over'
  | 'used_up'
  | 'used_up_by_customer'
  | 'not_in_currency'
  | 'no_such_goods'
  | 'below_subtotal'
  | 'below_quantity'
  | 'not_for_customer'
  | 'customer_unknown'
  | 'not_first_order'
  | 'does_not_combine'
  | 'better_one_taken'
  | 'no_shipping'
  | 'nothing_left';

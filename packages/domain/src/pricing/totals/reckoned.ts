import type { DiscountVerdict } from '../discounts/discount-scene.ts';
import type { Basket, BasketLine } from './basket.ts';
import type { Shipping } from './parcels.ts';
import type { LineTotals, ShippingTotals, Sums } from './totals.ts';

/** Everything that was decided while a basket was reckoned. */
export interface Reckoned {
  readonly basket: Basket;
  /** As `basket.lines`. */
  readonly lines: readonly LineTotals[];
  /** As `shipping.chosen`. */
  readonly shippingLines: readonly ShippingTotals[];
  readonly shipping: Shipping;
  readonly verdicts: readonly DiscountVerdict[];
  readonly sums: Sums;
}

/** What a line is called. */
export const lineName = ({ title, variantTitle }: BasketLine): string =>
  variantTitle === null ? title : `${title} (${variantTitle})`;

import type { TaxLine } from '../../pricing/tax/tax-facts.ts';
import type { Basket } from '../../pricing/totals/basket.ts';
import type { Totals } from '../../pricing/totals/totals.ts';
import type { OrderDiscountRow, OrderLineRow, OrderShippingRow } from './order-views.ts';
import type { KeptTax } from './orders.schema.ts';

const NOTHING_YET = {
  fulfilled: 0,
  shipped: 0,
  delivered: 0,
  cancelled: 0,
  returned: 0,
  refunded: 0,
  refundedTotal: 0n,
};

/** The lines of a basket as an order keeps them: names, prices and shares of this moment. */
export function keptLines(
  basket: Basket,
  totals: Totals,
  propertiesOf: (lineId: string) => Readonly<Record<string, string>>,
): Omit<OrderLineRow, 'id'>[] {
  const reckoned = new Map(totals.lines.map((line) => [line.lineId, line]));
  return basket.lines.map((line, position) => {
    const sums = reckoned.get(line.id);
    if (!sums || sums.unitAmount === null)
      throw new Error(`Line ${line.id} has no totals though nothing stands in its way`);
    const { variantId, productId, title, variantTitle, sku, imageFileId, requiresShipping, weightGrams } = line;
    const { unitAmount, subtotal, discount, tax, total, quantity } = sums;
    return {
      position,
      ...{ variantId, productId, title, variantTitle, sku, imageFileId, requiresShipping, weightGrams },
      options: { ...line.options },
      properties: { ...propertiesOf(line.id) },
      ...{ unitAmount, subtotal, discount, tax, total, quantity },
      taxes: sums.taxes.map(keptTax),
      ...NOTHING_YET,
    };
  });
}

/** Shipping as an order keeps it. */
export const keptShipping = (totals: Totals): Omit<OrderShippingRow, 'id'>[] =>
  totals.shippingLines.map(({ profileId, optionId, name, amount, discount, taxes, tax, total }) => ({
    profileId,
    shippingOptionId: optionId,
    ...{ name, amount, discount, tax, total },
    taxes: taxes.map(keptTax),
    refundedTotal: 0n,
  }));

/** The discounts that took something off. */
export const keptDiscounts = (totals: Totals): OrderDiscountRow[] =>
  totals.discounts.flatMap(({ discountId, class: kind, title, code, amount }) =>
    discountId && kind && amount > 0n ? [{ discountId, class: kind, title, code, amount }] : [],
  );

const keptTax = ({ name, ratePpm, base, amount, isIncluded, reason }: TaxLine): KeptTax => ({
  ...{ name, ratePpm, isIncluded, reason },
  base: base.toString(),
  amount: amount.toString(),
});

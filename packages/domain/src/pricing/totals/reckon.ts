import { discountLines, discountShipping } from '../discounts/discount-rules.ts';
import { type DiscountScene, type DiscountShare, sumOf } from '../discounts/discount-scene.ts';
import type { TaxLine } from '../tax/tax-facts.ts';
import type { Basket } from './basket.ts';
import { explain } from './explanation.ts';
import { type PricedLine, priceLines } from './line-prices.ts';
import { type TaxedAmount, taxesOf } from './line-taxes.ts';
import { type Shipping, shippingOf } from './parcels.ts';
import type { LineTotals, Requirement, ShippingTotals, Sums, Totals } from './totals.ts';

type Chosen = Shipping['chosen'][number];

/**
 * The totals of a basket: prices, product discounts, order discounts, shipping by the chosen options, shipping discounts,
 * tax on each line and shipment, sums. Pure and in whole minor units: the same basket gives the same totals, byte for
 * byte, in whatever order its discounts, rates and options stand. What is missing before it can be ordered stands in
 * `requirements`; nothing is thrown for it.
 *
 * Prices that include tax stand as they were entered, wherever the goods go and whoever buys (see `Totals`).
 */
export function reckon(basket: Basket): Totals {
  const priced = priceLines(basket);
  const scene = sceneOf(basket, priced);
  const goods = discountLines(scene);
  const lefts = priced.map(({ line, obstacle, subtotal }, at) => ({
    line,
    obstacle,
    subtotal,
    left: goods.left[at] ?? 0n,
  }));
  const shipping = shippingOf(basket, lefts);
  const delivery = discountShipping(
    scene,
    goods,
    shipping.chosen.map(({ quote }) => quote.amount),
  );
  const shipped = shipping.chosen.map(({ parcel, quote }, at) => ({
    parcel,
    quote,
    shares: delivery.shares[at] ?? [],
  }));
  const taxes = taxesOf(basket, [...lefts.map(taxedLine), ...shipped.map(taxedShipment)]);
  const lines = priced.map((line, at) => lineTotals(basket, line, goods.shares[at] ?? [], taxes[at]));
  const shippingLines = shipped.map((one, at) => shippingTotals(basket, one, taxes[lines.length + at]));
  const sums = sumsOf(lines, shippingLines);
  return {
    currency: basket.currency,
    pricesIncludeTax: basket.pricesIncludeTax,
    lines,
    shippingLines,
    subtotal: sums.subtotal,
    discount: sums.discount,
    shipping: sums.shipping,
    tax: sums.tax,
    total: sums.total,
    discounts: delivery.verdicts,
    quotes: shipping.quotes,
    requirements: [...lineRequirements(priced), ...shipping.requirements],
    explained: () => explain({ basket, lines, shippingLines, shipping, verdicts: delivery.verdicts, sums }),
  };
}

/** What the discounts see: a line that adds nothing gets nothing and helps to nothing. */
const sceneOf = ({ at, lines, customer, codes, discounts }: Basket, priced: readonly PricedLine[]): DiscountScene => ({
  at,
  lines: priced.some(isTooMuch)
    ? priced.map((one) => (isTooMuch(one) ? { ...one.line, isForSale: false } : one.line))
    : lines,
  customer,
  codes,
  discounts,
});

const isTooMuch = ({ obstacle }: PricedLine) => obstacle === 'too_much';

const taxedLine = ({ line, left }: PricedLine & { left: bigint }): TaxedAmount => ({
  taxCategory: line.taxCategory,
  isTaxable: line.isTaxable,
  isShipping: false,
  left,
});

const taxedShipment = ({ quote, shares }: Chosen & { shares: readonly DiscountShare[] }): TaxedAmount => ({
  taxCategory: null,
  isTaxable: true,
  isShipping: true,
  left: quote.amount - offBy(shares),
});

const offBy = (shares: readonly DiscountShare[]): bigint => sumOf(shares.map(({ amount }) => amount));

function lineTotals(
  { pricesIncludeTax }: Basket,
  { line, obstacle, subtotal }: PricedLine,
  discounts: readonly DiscountShare[],
  tax: TaxLine | undefined,
): LineTotals {
  const discount = offBy(discounts);
  // A line that adds nothing has no tax to speak of, and no reason for it.
  const taxes = tax && obstacle === null ? [tax] : [];
  const amount = taxes[0]?.amount ?? 0n;
  return {
    lineId: line.id,
    quantity: line.quantity,
    obstacle,
    unitAmount: line.unitAmount,
    subtotal,
    discounts,
    discount,
    taxes,
    tax: amount,
    total: subtotal - discount + (pricesIncludeTax ? 0n : amount),
  };
}

function shippingTotals(
  { pricesIncludeTax }: Basket,
  { parcel, quote, shares }: Chosen & { shares: readonly DiscountShare[] },
  tax: TaxLine | undefined,
): ShippingTotals {
  const discount = offBy(shares);
  const amount = tax?.amount ?? 0n;
  return {
    profileId: parcel.profileId,
    optionId: quote.option.id,
    name: quote.option.name,
    amount: quote.amount,
    discounts: shares,
    discount,
    taxes: tax ? [tax] : [],
    tax: amount,
    total: quote.amount - discount + (pricesIncludeTax ? 0n : amount),
  };
}

function sumsOf(lines: readonly LineTotals[], shippingLines: readonly ShippingTotals[]): Sums {
  const all = [...lines, ...shippingLines];
  return {
    subtotal: sumOf(lines.map(({ subtotal }) => subtotal)),
    discount: sumOf(all.map(({ discount }) => discount)),
    shipping: sumOf(shippingLines.map(({ amount }) => amount)),
    tax: sumOf(all.map(({ tax }) => tax)),
    total: sumOf(all.map(({ total }) => total)),
  };
}

function lineRequirements(priced: readonly PricedLine[]): Requirement[] {
  if (priced.length === 0) return [{ code: 'empty' }];
  return priced.flatMap(({ line, obstacle }): Requirement[] =>
    obstacle === null ? [] : [{ code: 'line', lineId: line.id, obstacle }],
  );
}

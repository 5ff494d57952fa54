import { allocate } from '../../kernel/money.ts';
import { type TaxChoice, type TaxedLine, taxOf, taxRateFor } from '../tax/tax-choice.ts';
import type { TaxLine } from '../tax/tax-facts.ts';
import type { Basket } from './basket.ts';

/** Something that bears tax, a line of goods or a shipment, with what discounts left of it in minor units. */
export interface TaxedAmount extends TaxedLine {
  readonly left: bigint;
}

/**
 * The tax each amount bears, in their order: one entry for each, which says why where it is nothing. Rounding `line`: each
 * amount's tax is rounded once. `order`: the amounts of a rate are summed, the tax on the sum is rounded once, and spread
 * over them by largest remainder.
 */
export function taxesOf(basket: Basket, amounts: readonly TaxedAmount[]): TaxLine[] {
  const isIncluded = basket.pricesIncludeTax;
  const choices = amounts.map((amount) =>
    taxRateFor(basket.taxRates, basket.taxAt, amount, { isExempt: basket.customer.isTaxExempt }),
  );
  const taxes = choices.map(({ rate }, at) =>
    rate === null ? 0n : taxOf(amounts[at]?.left ?? 0n, rate.ratePpm, { isIncluded }),
  );
  if (basket.taxRounding === 'order') spreadByRate(choices, amounts, isIncluded, taxes);
  return choices.map(({ rate, reason }, at) => {
    const left = amounts[at]?.left ?? 0n;
    const amount = taxes[at] ?? 0n;
    return {
      rateId: rate?.id ?? null,
      name: rate?.name ?? '',
      ratePpm: rate?.ratePpm ?? 0,
      base: isIncluded ? left - amount : left,
      amount,
      isIncluded,
      reason,
    };
  });
}

function spreadByRate(
  choices: readonly TaxChoice[],
  amounts: readonly TaxedAmount[],
  isIncluded: boolean,
  taxes: bigint[],
): void {
  for (const places of placesByRate(choices).values()) {
    const weights = places.map((at) => amounts[at]?.left ?? 0n);
    const sum = weights.reduce((all, one) => all + one, 0n);
    const ratePpm = choices[places[0] ?? -1]?.rate?.ratePpm ?? 0;
    if (sum === 0n) continue;
    const parts = allocate(taxOf(sum, ratePpm, { isIncluded }), weights);
    for (const [nth, at] of places.entries()) taxes[at] = parts[nth] ?? 0n;
  }
}

/** Where each rate is borne. */
function placesByRate(choices: readonly TaxChoice[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const [at, { rate }] of choices.entries()) {
    if (!rate) continue;
    const known = places.get(rate.id);
    if (known) known.push(at);
    else places.set(rate.id, [at]);
  }
  return places;
}

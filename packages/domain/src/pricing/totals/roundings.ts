import { rewardUnits } from '../discounts/buy-and-get.ts';
import type { DiscountFacts } from '../discounts/discount-facts.ts';
import { isAmong, isBuyable, sumOf } from '../discounts/discount-scene.ts';
import type { TaxLine } from '../tax/tax-facts.ts';
import { amountText, type Exact, exactText, isWhole } from './exact-amounts.ts';
import { lineName, type Reckoned } from './reckoned.ts';
import type { Explained, LineTotals, ShippingTotals } from './totals.ts';

const MILLION = 1_000_000n;

interface Rounding {
  readonly about: string;
  /** What was rounded, as a sentence begins. */
  readonly what: string;
  readonly before: Exact;
  readonly after: bigint;
}

/** What was rounded, from what to what. What came out even is not in it. */
export function roundingsOf(reckoned: Reckoned): Explained[] {
  const { currency } = reckoned.basket;
  return [...discountRoundings(reckoned), ...taxRoundings(reckoned)]
    .filter(({ before }) => !isWhole(before))
    .map(({ about, what, before, after }) => {
      const [from, to] = [exactText(before, currency), amountText(after, currency)];
      return { step: 'rounding', about, text: `${what}: ${from} became ${to}.`, figures: { before: from, after: to } };
    });
}

/** Something a discount or a tax is reckoned on. */
interface Item {
  readonly about: string;
  readonly name: string;
  readonly totals: LineTotals | ShippingTotals;
  readonly amount: bigint;
}

function itemsOf({ basket, lines, shippingLines }: Reckoned): Item[] {
  const ofLines = basket.lines.flatMap((line, at): Item[] => {
    const totals = lines[at];
    return totals ? [{ about: line.id, name: lineName(line), totals, amount: totals.subtotal }] : [];
  });
  const ofShipping = shippingLines.map((totals): Item => {
    return { about: totals.profileId, name: totals.name, totals, amount: totals.amount };
  });
  return [...ofLines, ...ofShipping];
}

/** Only percentages are rounded. One that met its most was cut, not rounded, and is left out. */
function discountRoundings(reckoned: Reckoned): Rounding[] {
  const items = itemsOf(reckoned);
  return reckoned.verdicts.flatMap((verdict) => {
    const facts = reckoned.basket.discounts.find(({ id, code }) => id === verdict.discountId && code === verdict.code);
    if (!facts || verdict.amount === 0n || facts.percentPpm === null) return [];
    const found = facts.class === 'order' ? [ofOrder(reckoned, facts, items)] : ofItems(reckoned, facts, items);
    return found.filter(
      ({ before, after }) => (before.dividend * 2n + before.divisor) / (before.divisor * 2n) === after,
    );
  });
}

function ofOrder({ basket }: Reckoned, facts: DiscountFacts, items: readonly Item[]): Rounding {
  const ppm = BigInt(facts.percentPpm ?? 0);
  const own = items.slice(0, basket.lines.length).filter((_, at) => {
    const line = basket.lines[at];
    return line !== undefined && isBuyable(line) && isAmong(line, facts.targets);
  });
  const sum = sumOf(own.map((item) => leftBefore(item, facts)));
  return {
    about: facts.id,
    what: `${percentOff(facts)} of all goods`,
    before: { dividend: sum * ppm, divisor: MILLION },
    after: sumOf(own.map((item) => shareOf(item, facts))),
  };
}

function ofItems({ basket }: Reckoned, facts: DiscountFacts, items: readonly Item[]): Rounding[] {
  const ppm = BigInt(facts.percentPpm ?? 0);
  const given = facts.kind === 'buy_x_get_y' ? rewardUnits(facts, basket.lines) : undefined;
  return items.flatMap((item, at): Rounding[] => {
    const after = shareOf(item, facts);
    if (after === 0n) return [];
    const [units, all] = given ? [BigInt(given[at] ?? 0), BigInt(basket.lines[at]?.quantity ?? 1)] : [1n, 1n];
    const before = { dividend: leftBefore(item, facts) * ppm * units, divisor: MILLION * all };
    return [{ about: facts.id, what: `${percentOff(facts)} off ${item.name}`, before, after }];
  });
}

const percentOff = ({ title }: DiscountFacts) => `What ${title} takes`;

const shareOf = ({ totals }: Item, { id }: DiscountFacts): bigint =>
  totals.discounts.find(({ discountId }) => discountId === id)?.amount ?? 0n;

/** What the shares before this one left: they stand in the order in which they were taken. */
function leftBefore({ totals, amount }: Item, { id, class: own }: DiscountFacts): bigint {
  const at = totals.discounts.findIndex(({ discountId }) => discountId === id);
  // A line too small for a share was still counted; whatever stands on it of the class's own was taken beside it.
  const before = at >= 0 ? totals.discounts.slice(0, at) : totals.discounts.filter((share) => share.class !== own);
  return amount - sumOf(before.map((share) => share.amount));
}

function taxRoundings(reckoned: Reckoned): Rounding[] {
  const { pricesIncludeTax: isIncluded, taxRounding } = reckoned.basket;
  const taxed = itemsOf(reckoned).flatMap(({ about, name, totals }) =>
    totals.taxes.filter(({ ratePpm }) => ratePpm > 0).map((tax) => ({ about, name, tax })),
  );
  if (taxRounding === 'line')
    return taxed.map(({ about, name, tax }) => ofTax(about, name, isIncluded, tax.ratePpm, [tax]));
  const rates = [...new Set(taxed.map(({ tax }) => tax.rateId))];
  return rates.map((rateId) => {
    const own = taxed.filter(({ tax }) => tax.rateId === rateId).map(({ tax }) => tax);
    const name = `all that bears ${own[0]?.name ?? ''}`;
    return ofTax(rateId ?? '', name, isIncluded, own[0]?.ratePpm ?? 0, own);
  });
}

/** A tax that is in the price is what the rounded amount without it leaves. */
function ofTax(about: string, name: string, isIncluded: boolean, ratePpm: number, taxes: readonly TaxLine[]): Rounding {
  const ppm = BigInt(ratePpm);
  const base = sumOf(taxes.map((tax) => tax.base));
  const amount = sumOf(taxes.map((tax) => tax.amount));
  return isIncluded
    ? {
        about,
        what: `The price without tax of ${name}`,
        before: { dividend: (base + amount) * MILLION, divisor: MILLION + ppm },
        after: base,
      }
    : { about, what: `The tax on ${name}`, before: { dividend: base * ppm, divisor: MILLION }, after: amount };
}

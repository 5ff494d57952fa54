import { z } from 'zod';
import { idOf } from '../../kernel/ids.ts';
import { type Currency, currencyCode, type MoneyView, moneyView, toView } from '../../kernel/money.ts';
import { discountWords, LINE_WORDS, SHIPPING_WORDS, TOLD_AS_UNKNOWN } from './obstacle-words.ts';
import type { Explained, LineTotals, ShippingTotals, Totals } from './totals.ts';

type Tax = LineTotals['taxes'][number];
type Verdict = Totals['discounts'][number];
type Quote = Totals['quotes'][number]['quotes'][number];

/** What stands in the way: a word for programs, and a sentence with the way out for people. */
const obstacleView = z.object({ code: z.string(), message: z.string() }).nullable();

export const taxLineView = z.object({
  name: z.string().meta({ description: 'Empty where there is no tax; `reason` says why.' }),
  ratePpm: z.int().meta({ description: 'Parts per million: 7.5 % is 75000.' }),
  base: moneyView.meta({ description: 'What it was reckoned on, without the tax.' }),
  amount: moneyView,
  isIncluded: z.boolean().meta({ description: 'Whether the price holds it already.' }),
  reason: z.string().meta({ description: 'Why this much, or none: rate, zero_rate, not_taxable, no_rate_for_place …' }),
});

export const discountShareView = z.object({
  discountId: idOf('dis'),
  class: z.enum(['product', 'order', 'shipping']),
  amount: moneyView,
});

export const lineTotalsView = z.object({
  lineId: z.string(),
  quantity: z.int(),
  obstacle: obstacleView.meta({ description: 'Why the line cannot be bought as it stands; then it adds nothing.' }),
  unitPrice: moneyView.nullable().meta({ description: 'Null: it is not sold in this currency.' }),
  subtotal: moneyView.meta({ description: 'Before discounts.' }),
  discounts: z.array(discountShareView),
  discount: moneyView,
  taxes: z.array(taxLineView),
  tax: moneyView,
  total: moneyView.meta({ description: 'What the line adds to the order, with its tax.' }),
});

export const shippingTotalsView = z.object({
  profileId: idOf('shp'),
  shippingOptionId: idOf('sho'),
  name: z.string(),
  amount: moneyView.meta({ description: 'Before discounts.' }),
  discounts: z.array(discountShareView),
  discount: moneyView,
  taxes: z.array(taxLineView),
  tax: moneyView,
  total: moneyView,
});

export const discountVerdictView = z.object({
  discountId: idOf('dis').nullable().meta({ description: 'Null: nothing is known of this code.' }),
  title: z.string(),
  code: z.string().nullable().meta({ description: 'Null: it applies by itself.' }),
  amount: moneyView.meta({ description: 'What it took off in all.' }),
  obstacle: obstacleView.meta({ description: 'Why it took nothing off.' }),
});

export const sumsView = z.object({
  subtotal: moneyView.meta({ description: 'Goods before discounts.' }),
  discount: moneyView.meta({ description: 'Off goods and delivery.' }),
  shipping: moneyView.meta({ description: 'Before discounts.' }),
  tax: moneyView.meta({ description: 'On goods and delivery.' }),
  total: moneyView.meta({ description: 'subtotal - discount + shipping, and + tax where prices are without it.' }),
});

export const explainedView = z.object({
  step: z.enum(['price', 'discount', 'shipping', 'tax', 'rounding', 'total']),
  about: z.string().meta({ description: 'Id of the line, discount or shipping profile.' }),
  text: z.string(),
  figures: z.record(z.string(), z.string()).meta({ description: 'Amounts as decimal text of minor units.' }),
});

/** Totals as carts, orders and the trial show them. */
export const totalsViewShape = z.object({
  currency: currencyCode,
  pricesIncludeTax: z.boolean().meta({ description: 'Then prices stand wherever the goods go.' }),
  lines: z.array(lineTotalsView),
  shippingLines: z.array(shippingTotalsView),
  discounts: z.array(discountVerdictView),
  totals: sumsView,
  explanation: z.array(explainedView).optional().meta({ description: 'A sentence for each decision, when asked for.' }),
});
export type TotalsView = z.infer<typeof totalsViewShape>;

export const parcelView = z.object({
  profileId: idOf('shp'),
  lineIds: z.array(z.string()),
  weightGrams: z.int(),
  subtotal: moneyView.meta({ description: 'After discounts.' }),
  options: z.array(
    z.object({
      id: idOf('sho'),
      name: z.string(),
      description: z.string(),
      daysMin: z.int().nullable(),
      daysMax: z.int().nullable(),
      amount: moneyView.nullable().meta({ description: 'Null: it cannot be chosen, and `obstacle` says why.' }),
      isChosen: z.boolean(),
      obstacle: obstacleView,
    }),
  ),
});
export type ParcelView = z.infer<typeof parcelView>;

interface Shown {
  /** Staff see all discounts that were looked at. Shoppers see those they get, and what became of the codes they gave. */
  readonly isForStaff?: boolean;
  readonly withExplanation?: boolean;
}

/** Totals as JSON. Throws `RangeError` for amounts that JSON numbers cannot carry; prices alone cannot get there. */
export function totalsView(totals: Totals, { isForStaff = false, withExplanation = false }: Shown = {}): TotalsView {
  const { currency, subtotal, discount, shipping, tax, total } = totals;
  const money = (amountMinor: bigint) => toView({ amountMinor, currency });
  const explanation = withExplanation ? explanationFor(totals, isForStaff) : undefined;
  return {
    currency,
    pricesIncludeTax: totals.pricesIncludeTax,
    lines: totals.lines.map((line) => lineView(line, currency)),
    shippingLines: totals.shippingLines.map((line) => shippingView(line, currency)),
    discounts: isForStaff
      ? totals.discounts.map((verdict) => verdictView(verdict, currency))
      : totals.discounts.filter(isShoppersBusiness).map((verdict) => verdictView(toldToShopper(verdict), currency)),
    totals: {
      subtotal: money(subtotal),
      discount: money(discount),
      shipping: money(shipping),
      tax: money(tax),
      total: money(total),
    },
    ...(explanation && { explanation }),
  };
}

/** What could be chosen for each parcel, and why not the others. */
export function parcelsView({ quotes, shippingLines, currency }: Totals): ParcelView[] {
  const chosen = new Set(shippingLines.map(({ optionId }) => optionId));
  return quotes.map(({ parcel, quotes: own }) => ({
    profileId: parcel.profileId,
    lineIds: [...parcel.lineIds],
    weightGrams: parcel.weightGrams,
    subtotal: toView({ amountMinor: parcel.subtotal, currency }),
    options: own.map((quote) => optionView(quote, chosen.has(quote.option.id), currency)),
  }));
}

function optionView(quote: Quote, isChosen: boolean, currency: Currency): ParcelView['options'][number] {
  const { id, name, description, daysMin, daysMax } = quote.option;
  return {
    id,
    name,
    description,
    daysMin,
    daysMax,
    amount: quote.isAvailable ? toView({ amountMinor: quote.amount, currency }) : null,
    isChosen,
    obstacle: quote.isAvailable ? null : { code: quote.obstacle, message: SHIPPING_WORDS[quote.obstacle] },
  };
}

function lineView(line: LineTotals, currency: Currency): TotalsView['lines'][number] {
  const { lineId, quantity, obstacle, unitAmount } = line;
  const { discounts, discount, taxes, tax, total } = amountsView(line, currency);
  return {
    lineId,
    quantity,
    obstacle: obstacle && { code: obstacle, message: LINE_WORDS[obstacle] },
    unitPrice: unitAmount === null ? null : toView({ amountMinor: unitAmount, currency }),
    subtotal: toView({ amountMinor: line.subtotal, currency }),
    discounts,
    discount,
    taxes,
    tax,
    total,
  };
}

function shippingView(line: ShippingTotals, currency: Currency): TotalsView['shippingLines'][number] {
  return {
    profileId: line.profileId,
    shippingOptionId: line.optionId,
    name: line.name,
    amount: toView({ amountMinor: line.amount, currency }),
    ...amountsView(line, currency),
  };
}

function amountsView({ discounts, discount, taxes, tax, total }: LineTotals | ShippingTotals, currency: Currency) {
  const money = (amountMinor: bigint): MoneyView => toView({ amountMinor, currency });
  return {
    discounts: discounts.map((share) => ({ ...share, amount: money(share.amount) })),
    discount: money(discount),
    taxes: taxes.map((one) => taxLineViewOf(one, money)),
    tax: money(tax),
    total: money(total),
  };
}

const taxLineViewOf = (
  { name, ratePpm, base, amount, isIncluded, reason }: Tax,
  money: (minor: bigint) => MoneyView,
) => ({
  name,
  ratePpm,
  base: money(base),
  amount: money(amount),
  isIncluded,
  reason,
});

function verdictView(verdict: Verdict, currency: Currency): TotalsView['discounts'][number] {
  const { discountId, title, code, amount, obstacle } = verdict;
  return {
    discountId,
    title,
    code,
    amount: toView({ amountMinor: amount, currency }),
    obstacle: obstacle && { code: obstacle, message: discountWords(verdict, currency) ?? '' },
  };
}

const isShoppersBusiness = ({ code, amount }: Verdict): boolean => code !== null || amount > 0n;

/** A code that gives nothing shows nothing of its discount; some are told like codes that do not exist. */
function toldToShopper(verdict: Verdict): Verdict {
  if (verdict.obstacle === null || verdict.code === null) return verdict;
  const obstacle = TOLD_AS_UNKNOWN.has(verdict.obstacle) ? 'unknown_code' : verdict.obstacle;
  return { ...verdict, obstacle, discountId: null, title: verdict.code, kind: null, class: null };
}

/** Shoppers are not told of discounts they do not get: their view says what became of their codes. */
function explanationFor(totals: Totals, isForStaff: boolean): Explained[] {
  const explanation = [...totals.explained()];
  if (isForStaff) return explanation;
  const taken = new Set<string>(
    totals.discounts.flatMap(({ discountId, amount }) => (discountId && amount > 0n ? [discountId] : [])),
  );
  return explanation.filter(({ step, about }) => step !== 'discount' || taken.has(about));
}

import type { DiscountVerdict } from '../discounts/discount-scene.ts';
import { amountText } from './exact-amounts.ts';
import { discountWords, LINE_WORDS, SHIPPING_WORDS } from './obstacle-words.ts';
import type { AvailableQuote } from './parcels.ts';
import { lineName, type Reckoned } from './reckoned.ts';
import { roundingsOf } from './roundings.ts';
import { taxSentences } from './tax-sentences.ts';
import type { Explained } from './totals.ts';

/**
 * One sentence for each decision behind the totals: which price, which discount and why not the others, which delivery,
 * which rate and why, what was rounded from what to what. For staff: it tells of discounts a shopper is not told of.
 */
export const explain = (reckoned: Reckoned): Explained[] => [
  ...priceSentences(reckoned),
  ...reckoned.verdicts.map((verdict) => discountSentence(reckoned, verdict)),
  ...shippingSentences(reckoned),
  ...taxSentences(reckoned),
  ...roundingsOf(reckoned),
  totalSentence(reckoned),
];

function priceSentences({ basket, lines }: Reckoned): Explained[] {
  return basket.lines.map((line, at): Explained => {
    const totals = lines[at];
    const name = lineName(line);
    const { currency } = basket;
    const figures = { quantity: String(line.quantity), unitAmount: String(line.unitAmount ?? '') };
    if (!totals || totals.obstacle !== null || line.unitAmount === null) {
      const why = LINE_WORDS[totals?.obstacle ?? 'not_in_currency'];
      return { step: 'price', about: line.id, text: `${name} adds nothing. ${why}`, figures };
    }
    const [unit, whole] = [amountText(line.unitAmount, currency), amountText(totals.subtotal, currency)];
    const row = line.priceId === null ? '' : `, by price ${line.priceId}`;
    const text = `${line.quantity} of ${name} at ${unit} come to ${whole}${row}.`;
    return { step: 'price', about: line.id, text, figures: { ...figures, subtotal: String(totals.subtotal) } };
  });
}

function discountSentence(reckoned: Reckoned, verdict: DiscountVerdict): Explained {
  const { discountId, title, code, amount, obstacle } = verdict;
  const { currency } = reckoned.basket;
  const about = discountId ?? code ?? title;
  const name = code === null ? title : `${title} (code ${code})`;
  if (obstacle !== null) {
    const text = `${name} takes nothing off. ${discountWords(verdict, currency)}`;
    return { step: 'discount', about, text, figures: { amount: '0', obstacle } };
  }
  const parts = partsOf(reckoned, verdict).map(([where, off]) => `${amountText(off, currency)} off ${where}`);
  const text = `${name} takes ${amountText(amount, currency)} off: ${parts.join(', ')}.`;
  return { step: 'discount', about, text, figures: { amount: String(amount) } };
}

/** What a discount took off where. */
function partsOf({ basket, lines, shippingLines }: Reckoned, { discountId }: DiscountVerdict): [string, bigint][] {
  const ofLines = basket.lines.map((line, at) => ({ name: lineName(line), shares: lines[at]?.discounts ?? [] }));
  const ofShipping = shippingLines.map(({ name, discounts }) => ({ name, shares: discounts }));
  return [...ofLines, ...ofShipping].flatMap(({ name, shares }) =>
    shares.filter((share) => share.discountId === discountId).map(({ amount }): [string, bigint] => [name, amount]),
  );
}

function shippingSentences({ basket, shipping }: Reckoned): Explained[] {
  const { currency } = basket;
  const names = new Map(basket.lines.map((line) => [line.id, lineName(line)]));
  const chosen = shipping.chosen.map(({ parcel, quote }): Explained => {
    const goods = parcel.lineIds.map((id) => names.get(id)).join(', ');
    const text = `${quote.option.name} for ${goods}: ${priceOfQuote(quote, parcel, currency)}.`;
    const figures = {
      amount: String(quote.amount),
      weightGrams: String(parcel.weightGrams),
      subtotal: String(parcel.subtotal),
    };
    return { step: 'shipping', about: parcel.profileId, text, figures };
  });
  const missing = shipping.requirements.flatMap((one): Explained[] => {
    if (one.code !== 'shipping_option') return [];
    const dropped = one.droppedId === null ? '' : `${one.droppedId} was chosen and is dropped. `;
    const about = one.profileId ?? 'shipping';
    return [{ step: 'shipping', about, text: `${dropped}${SHIPPING_WORDS[one.why]}`, figures: { why: one.why } }];
  });
  return [...chosen, ...missing];
}

function priceOfQuote(
  { option, amount, isFree }: AvailableQuote,
  parcel: { weightGrams: number; subtotal: bigint },
  currency: string,
): string {
  if (isFree && option.freeOver !== null)
    return `free, for the goods come to ${amountText(parcel.subtotal, currency)} and it is free from ${amountText(option.freeOver, currency)}`;
  const measures = {
    flat: '',
    weight: ` for ${parcel.weightGrams} g`,
    subtotal: ` for goods of ${amountText(parcel.subtotal, currency)}`,
  };
  return `${amountText(amount, currency)}${measures[option.basis]}`;
}

function totalSentence({ basket, sums }: Reckoned): Explained {
  const { currency, pricesIncludeTax } = basket;
  const { subtotal, discount, shipping, tax, total } = sums;
  const words = [`${amountText(subtotal, currency)} for goods`];
  if (discount > 0n) words.push(`less ${amountText(discount, currency)}`);
  words.push(`${amountText(shipping, currency)} for delivery`);
  if (!pricesIncludeTax) words.push(`${amountText(tax, currency)} tax`);
  const held = pricesIncludeTax ? `, ${amountText(tax, currency)} tax included` : '';
  const text = `${words.join(', ')}: ${amountText(total, currency)} in all${held}.`;
  const figures = { subtotal, discount, shipping, tax, total };
  return {
    step: 'total',
    about: 'total',
    text,
    figures: Object.fromEntries(Object.entries(figures).map(([name, amount]) => [name, String(amount)])),
  };
}

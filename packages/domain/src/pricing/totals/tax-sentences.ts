import type { Place, TaxLine } from '../tax/tax-facts.ts';
import type { Basket } from './basket.ts';
import { amountText, percentText } from './exact-amounts.ts';
import { UNTAXED_WORDS } from './obstacle-words.ts';
import { lineName, type Reckoned } from './reckoned.ts';
import type { Explained } from './totals.ts';

const PLACE_WORDS = {
  shipping_address: 'where it goes',
  billing_address: 'where the bill goes',
  company: "the company's own place",
} as const;

/** Which tax each line and shipment bears, and why. */
export function taxSentences({ basket, lines, shippingLines }: Reckoned): Explained[] {
  const ofLines = basket.lines.flatMap((line, at) =>
    (lines[at]?.taxes ?? []).map((tax) => sentence(basket, line.id, lineName(line), tax)),
  );
  const ofShipping = shippingLines.flatMap(({ profileId, name, taxes }) =>
    taxes.map((tax) => sentence(basket, profileId, name, tax)),
  );
  return [...ofLines, ...ofShipping];
}

function sentence(basket: Basket, about: string, name: string, tax: TaxLine): Explained {
  const { currency, taxAt, taxAtFrom } = basket;
  const place = taxAt === null ? '' : ` for ${placeText(taxAt)} (${PLACE_WORDS[taxAtFrom]})`;
  const figures = {
    ratePpm: String(tax.ratePpm),
    base: String(tax.base),
    amount: String(tax.amount),
    reason: tax.reason,
  };
  if (tax.reason !== 'rate')
    return { step: 'tax', about, text: `${name} bears no tax${place}: ${UNTAXED_WORDS[tax.reason]}.`, figures };
  const [amount, base] = [amountText(tax.amount, currency), amountText(tax.base, currency)];
  const how = tax.isIncluded ? `${amount} is in the price, beside ${base}` : `${amount} on ${base}`;
  const text = `${name} bears ${tax.name} of ${percentText(tax.ratePpm)}${place}: ${how}.`;
  return { step: 'tax', about, text, figures };
}

const placeText = ({ country, region }: Place): string => (region ? `${region}, ${country}` : country);

import { type Currency, exponentOf } from '../../kernel/money.ts';
import type { PriceDraft } from '../prices/price-draft.ts';
import { amountOf, instantOf } from './row-reader.ts';

/** An amount as it stands in a file: with the currency's decimals, nothing else. */
export function amountCell(amountMinor: bigint, currency: Currency): string {
  const exponent = exponentOf(currency);
  if (exponent === 0) return amountMinor.toString();
  const digits = amountMinor.toString().padStart(exponent + 1, '0');
  return `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

/** Prices for a time, of one currency: `2026-11-27T00:00:00.000Z..2026-11-30T00:00:00.000Z=4500.00/5000.00; …`. */
export const scheduledCell = (prices: readonly PriceDraft[]): string =>
  prices
    .map(({ currency, amountMinor, compareAtMinor, validFrom, validUntil }) => {
      const before = compareAtMinor === null ? '' : `/${amountCell(compareAtMinor, currency)}`;
      return `${validFrom ?? ''}..${validUntil ?? ''}=${amountCell(amountMinor, currency)}${before}`;
    })
    .sort()
    .join('; ');

/** The prices of such a cell, or the sentence that says what is wrong. */
export function scheduledPrices(cell: string, currency: Currency): PriceDraft[] | string {
  const prices: PriceDraft[] = [];
  for (const part of cell.split(';').map((one) => one.trim())) {
    if (part === '') continue;
    const price = scheduledPrice(part, currency);
    if (typeof price === 'string') return price;
    prices.push(price);
  }
  return prices;
}

function scheduledPrice(part: string, currency: Currency): PriceDraft | string {
  const match = /^([^.=/]*(?:\.\d+Z)?)\.\.([^=/]*)=([^=/]+)(?:\/([^=/]+))?$/.exec(part);
  if (!match)
    return `Expected from..until=price/compareAt, like 2026-11-27T00:00:00Z..2026-11-30T00:00:00Z=45, and not "${part}".`;
  const [, from = '', until = '', price = '', before] = match;
  const [validFrom, validUntil] = [momentOf(from), momentOf(until)];
  if (validFrom === undefined || validUntil === undefined || (validFrom === null && validUntil === null))
    return `Expected a time like 2026-11-21T09:00:00Z on one side of the dots at least, and not "${from}..${until}".`;
  const amountMinor = amountOf(price.trim(), currency);
  if (typeof amountMinor === 'string') return amountMinor;
  const compareAtMinor = before === undefined ? null : amountOf(before.trim(), currency);
  if (typeof compareAtMinor === 'string') return compareAtMinor;
  return { currency, amountMinor, compareAtMinor, validFrom, validUntil };
}

const momentOf = (text: string) => (text.trim() === '' ? null : instantOf(text.trim()));

import { z } from 'zod';

/** Three capital letters of ISO 4217. */
export type Currency = string;

/** An amount in whole minor units (kobo, cents, yen) and its currency. */
export interface Money {
  readonly amountMinor: bigint;
  readonly currency: Currency;
}

// ISO 4217 minor units that are not two. List one, "Current currency & funds code list" (SIX, maintenance agency).
const EXPONENT_0 = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF';
const EXPONENT_3 = 'BHD IQD JOD KWD LYD OMR TND';
const EXPONENT_2 = `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP
  CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
  KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD
  PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY
  TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG`;

const exponents: ReadonlyMap<Currency, number> = new Map(
  [EXPONENT_0, EXPONENT_2, EXPONENT_3].flatMap((list, row) =>
    list.split(/\s+/).map((code) => [code, row === 0 ? 0 : row + 1] as const),
  ),
);

/** Decimal places of the currency's minor unit. Throws `RangeError` for a currency we do not know. */
export function exponentOf(currency: Currency): number {
  const exponent = exponents.get(currency);
  if (exponent === undefined) throw new RangeError(`Unknown currency ${currency}`);
  return exponent;
}

/** Zod schema of an ISO 4217 code we can reckon in. */
export const currencyCode = z
  .string()
  .refine((code) => exponents.has(code), { error: 'Expected a currency of ISO 4217 in capitals, like NGN.' })
  .meta({ example: 'NGN', pattern: '^[A-Z]{3}$' });

/** Zod schema of money on the wire: integer minor units as a JSON number below 2^53. */
export const moneyView = z.strictObject({
  amount: z.int().meta({ description: 'Whole minor units (kobo, cents, yen).', example: 125000 }),
  currency: currencyCode,
});
export type MoneyView = z.infer<typeof moneyView>;

/** Money from its wire form. */
export const fromView = (view: MoneyView): Money => ({ amountMinor: BigInt(view.amount), currency: view.currency });

/** Money to its wire form. Throws `RangeError` above 2^53 - 1 minor units: JSON numbers cannot carry it exactly. */
export function toView(money: Money): MoneyView {
  const amount = Number(money.amountMinor);
  if (!Number.isSafeInteger(amount)) throw new RangeError(`${money.amountMinor} minor units do not fit a JSON number`);
  return { amount, currency: money.currency };
}

/** The sum. Throws `RangeError` when the currencies differ: nothing is ever converted silently. */
export function add(a: Money, b: Money): Money {
  if (a.currency !== b.currency) throw new RangeError(`Cannot add ${b.currency} to ${a.currency}`);
  return { amountMinor: a.amountMinor + b.amountMinor, currency: a.currency };
}

/**
 * Splits an amount over weights so that the parts sum to it exactly (largest remainder; equal remainders go to the
 * earlier part). Parts have the amount's sign. Throws `RangeError` on a negative weight or when all weights are zero.
 */
export function allocate(amountMinor: bigint, weights: readonly bigint[]): bigint[] {
  const totalWeight = weights.reduce((sum, weight) => sum + weight, 0n);
  if (weights.some((weight) => weight < 0n)) throw new RangeError('A weight is negative');
  if (totalWeight === 0n) throw new RangeError('All weights are zero');
  const sign = amountMinor < 0n ? -1n : 1n;
  const whole = amountMinor * sign;
  const parts = weights.map((weight) => (whole * weight) / totalWeight);
  const remainders = weights.map((weight, index) => ({ index, remainder: (whole * weight) % totalWeight }));
  remainders.sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1));
  const missing = Number(whole - parts.reduce((sum, part) => sum + part, 0n));
  for (const { index } of remainders.slice(0, missing)) parts[index] = (parts[index] ?? 0n) + 1n;
  return parts.map((part) => part * sign);
}

/** Plain text like `1250.00 NGN`, with as many decimals as the currency has. For logs and mails, not for locales. */
export function format({ amountMinor, currency }: Money): string {
  const exponent = exponentOf(currency);
  const digits = (amountMinor < 0n ? -amountMinor : amountMinor).toString().padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent);
  const text = exponent === 0 ? whole : `${whole}.${digits.slice(-exponent)}`;
  return `${amountMinor < 0n ? '-' : ''}${text} ${currency}`;
}

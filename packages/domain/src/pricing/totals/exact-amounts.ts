import { type Currency, exponentOf, format } from '../../kernel/money.ts';

/** Places shown beyond those of the currency. */
const MORE_PLACES = 6;
const SCALE = 10n ** BigInt(MORE_PLACES);

/** An amount before it is rounded: minor units as a fraction. Neither part is negative. */
export interface Exact {
  readonly dividend: bigint;
  readonly divisor: bigint;
}

export const isWhole = ({ dividend, divisor }: Exact): boolean => dividend % divisor === 0n;

/** Like `12.345678… NGN`: six places more than the currency has, and dots where there would be more. */
export function exactText({ dividend, divisor }: Exact, currency: Currency): string {
  const scaled = (dividend * SCALE) / divisor;
  const isCut = (dividend * SCALE) % divisor !== 0n;
  const places = exponentOf(currency) + MORE_PLACES;
  const digits = scaled.toString().padStart(places + 1, '0');
  const decimals = isCut ? `${digits.slice(-places)}…` : digits.slice(-places).replace(/0+$/, '');
  return `${digits.slice(0, -places)}.${decimals || '0'} ${currency}`;
}

/** Like `1250.00 NGN`. */
export const amountText = (amountMinor: bigint, currency: Currency): string => format({ amountMinor, currency });

/** Parts per million as percent, like `7.5 %`. */
export const percentText = (ppm: number): string => `${ppm / 10_000} %`;

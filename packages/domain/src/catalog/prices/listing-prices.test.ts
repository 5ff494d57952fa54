import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Instant } from '../../kernel/clock.ts';
import { priceInForce } from './current-price.ts';
import { BEGINNING_OF_TIME, END_OF_TIME, listingStretches, type PriceOfVariant } from './listing-prices.ts';

const day = (n: number): Instant => new Date(Date.UTC(2026, 0, 1 + n)).toISOString();

const price = (
  amount: number,
  from: number | null = null,
  until: number | null = null,
  compareAt: number | null = null,
): PriceOfVariant => ({
  amountMinor: BigInt(amount),
  compareAtMinor: compareAt === null ? null : BigInt(compareAt),
  validFrom: from === null ? null : day(from),
  validUntil: until === null ? null : day(until),
});

test('a window goes before the base price while it lasts, and the one that began last before the others', () => {
  const base = price(100);
  const sale = price(80, 10, 20);
  const flash = price(50, 12, 14);
  const at = (n: number) => priceInForce([flash, base, sale], day(n));
  expect([9, 10, 12, 13, 14, 19, 20].map((n) => at(n)?.amountMinor)).toEqual([100n, 80n, 50n, 50n, 80n, 80n, 100n]);
});

test('without a base price there is none outside the windows', () => {
  expect(priceInForce([price(80, 10, 20)], day(20))).toBeUndefined();
  expect(listingStretches([[price(80, 10, 20)]])).toEqual([
    { validFrom: day(10), validUntil: day(20), minAmountMinor: 80n, maxAmountMinor: 80n, compareAtMinor: null },
  ]);
  expect(listingStretches([])).toEqual([]);
  expect(listingStretches([[]])).toEqual([]);
});

test('an open window holds from its beginning on for ever, or up to its end', () => {
  const rows = [price(100), price(120, 5, null), price(90, null, 2)];
  expect([1, 2, 4, 5, 5000].map((n) => priceInForce(rows, day(n))?.amountMinor)).toEqual([90n, 100n, 100n, 120n, 120n]);
});

test('the compare-at price shown is that of the cheapest variant, and only when it is higher', () => {
  const [stretch] = listingStretches([[price(100, null, null, 150)], [price(90, null, null, 90)], [price(200)]]);
  expect(stretch).toEqual({
    validFrom: BEGINNING_OF_TIME,
    validUntil: END_OF_TIME,
    minAmountMinor: 90n,
    maxAmountMinor: 200n,
    compareAtMinor: null,
  });
  const twins = [[price(90)], [price(90, null, null, 120)], [price(90, null, null, 110)]];
  for (const order of [twins, twins.toReversed()]) expect(listingStretches(order)[0]?.compareAtMinor).toBe(120n);
});

const someDay = fc.option(fc.integer({ min: 0, max: 12 }), { nil: null });
const somePrice = fc
  .record({ amount: fc.integer({ min: 0, max: 5 }), from: someDay, until: someDay, compareAt: fc.nat(9) })
  .filter(({ from, until }) => from === null || until === null || from < until)
  .map(({ amount, from, until, compareAt }) => price(amount, from, until, compareAt < 3 ? null : compareAt));
const someVariants = fc.array(fc.array(somePrice, { maxLength: 6 }), { maxLength: 5 });

/** The rule as it stands in words, without any cleverness. */
function naively(variants: readonly (readonly PriceOfVariant[])[], at: Instant) {
  const found = variants.flatMap((prices) => {
    const holding = prices.filter(
      ({ validFrom, validUntil }) => (validFrom ?? '') <= at && (validUntil === null || at < validUntil),
    );
    const windows = holding.filter((one) => one.validFrom !== null || one.validUntil !== null);
    const [best] = (windows.length > 0 ? windows : holding).sort(
      (a, b) =>
        (b.validFrom ?? '').localeCompare(a.validFrom ?? '') ||
        (a.validUntil ?? '9999').localeCompare(b.validUntil ?? '9999') ||
        prices.indexOf(a) - prices.indexOf(b),
    );
    return best ? [best] : [];
  });
  if (found.length === 0) return undefined;
  const amounts = found.map(({ amountMinor }) => Number(amountMinor));
  const min = Math.min(...amounts);
  const shown = found
    .filter((one) => Number(one.amountMinor) === min && (one.compareAtMinor ?? 0n) > one.amountMinor)
    .map((one) => Number(one.compareAtMinor));
  return { min, max: Math.max(...amounts), compareAt: shown.length > 0 ? Math.max(...shown) : null };
}

test('at every instant the stretches say what the prices of that instant say, and never overlap', () => {
  fc.assert(
    fc.property(someVariants, (variants) => {
      const stretches = listingStretches(variants);
      for (let n = -1; n <= 14; n++)
        for (const at of [day(n), day(n + 0.5)]) {
          const holding = stretches.filter(({ validFrom, validUntil }) => validFrom <= at && at < validUntil);
          expect(holding.length).toBeLessThanOrEqual(1);
          const [stretch] = holding;
          const said = stretch && {
            min: Number(stretch.minAmountMinor),
            max: Number(stretch.maxAmountMinor),
            compareAt: stretch.compareAtMinor === null ? null : Number(stretch.compareAtMinor),
          };
          expect(said).toEqual(naively(variants, at));
        }
    }),
    { numRuns: 200 },
  );
});

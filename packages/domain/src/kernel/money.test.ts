import fc from 'fast-check';
import { expect, test } from 'vitest';
import { add, allocate, currencyCode, exponentOf, format, fromView, moneyView, toView } from './money.ts';

const amounts = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
const weights = fc
  .array(fc.bigInt({ min: 0n, max: 10n ** 12n }), { minLength: 1, maxLength: 50 })
  .filter((list) => list.some((weight) => weight > 0n));

test('allocated parts always sum to the amount', () => {
  fc.assert(
    fc.property(amounts, weights, (amount, list) => {
      expect(allocate(amount, list).reduce((sum, part) => sum + part, 0n)).toBe(amount);
    }),
    { numRuns: 20_000 },
  );
});

test('no part is further than one minor unit from its exact share, and none has the other sign', () => {
  fc.assert(
    fc.property(amounts, weights, (amount, list) => {
      const total = list.reduce((sum, weight) => sum + weight, 0n);
      for (const [at, part] of allocate(amount, list).entries()) {
        const difference = part * total - amount * (list[at] ?? 0n);
        expect(difference < total && -difference < total).toBe(true);
        expect(part === 0n || part > 0n === amount > 0n).toBe(true);
        if (list[at] === 0n) expect(part).toBe(0n);
      }
    }),
    { numRuns: 5_000 },
  );
});

test('what is left over goes to the largest remainder, then to the earlier part', () => {
  expect(allocate(100n, [1n, 1n, 1n])).toEqual([34n, 33n, 33n]);
  expect(allocate(10n, [1n, 2n, 4n])).toEqual([1n, 3n, 6n]);
  expect(allocate(-100n, [1n, 1n, 1n])).toEqual([-34n, -33n, -33n]);
  expect(allocate(0n, [3n, 1n])).toEqual([0n, 0n]);
});

test('nothing can be allocated over no weight or a negative one', () => {
  expect(() => allocate(1n, [])).toThrow(RangeError);
  expect(() => allocate(1n, [0n])).toThrow(RangeError);
  expect(() => allocate(1n, [2n, -1n])).toThrow(RangeError);
});

test.each([
  ['JPY', 0, 125000n, '125000 JPY'],
  ['NGN', 2, 125000n, '1250.00 NGN'],
  ['KWD', 3, 125000n, '125.000 KWD'],
  ['NGN', 2, -5n, '-0.05 NGN'],
])('%s has %i decimals', (currency, exponent, amountMinor, text) => {
  expect(exponentOf(currency)).toBe(exponent);
  expect(format({ amountMinor, currency })).toBe(text);
});

test('currencies are known by ISO 4217 and nothing else', () => {
  expect(currencyCode.safeParse('NGN').success).toBe(true);
  for (const wrong of ['ngn', 'XXX', 'BTC', '', 'NG']) expect(currencyCode.safeParse(wrong).success).toBe(false);
  expect(() => exponentOf('BTC')).toThrow(RangeError);
});

test('two currencies are never added', () => {
  expect(add({ amountMinor: 1n, currency: 'NGN' }, { amountMinor: 2n, currency: 'NGN' }).amountMinor).toBe(3n);
  expect(() => add({ amountMinor: 1n, currency: 'NGN' }, { amountMinor: 2n, currency: 'USD' })).toThrow(RangeError);
});

test('money goes over the wire as an exact integer or not at all', () => {
  expect(toView(fromView({ amount: 125000, currency: 'NGN' }))).toEqual({ amount: 125000, currency: 'NGN' });
  expect(() => toView({ amountMinor: 2n ** 53n, currency: 'NGN' })).toThrow(RangeError);
  expect(moneyView.safeParse({ amount: 1.5, currency: 'NGN' }).success).toBe(false);
  expect(moneyView.safeParse({ amount: '1', currency: 'NGN' }).success).toBe(false);
});

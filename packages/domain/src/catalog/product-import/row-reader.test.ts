import { expect, test } from 'vitest';
import { amountOf, instantOf } from './row-reader.ts';
import { amountCell, scheduledCell, scheduledPrices } from './scheduled-prices.ts';
import { gramsOf } from './weights.ts';

test.each([
  ['50', 'NGN', 5_000n],
  ['50.00', 'NGN', 5_000n],
  ['50.5', 'NGN', 5_050n],
  ['50.500', 'NGN', 5_050n],
  ['0', 'NGN', 0n],
  ['50', 'JPY', 50n],
  ['50.00', 'JPY', 50n],
  ['1.234', 'KWD', 1_234n],
  ['1.2', 'KWD', 1_200n],
  ['90071992547409.91', 'NGN', 9_007_199_254_740_991n],
] as const)('%s %s is %s minor units', (cell, currency, amount) => {
  expect(amountOf(cell, currency)).toBe(amount);
});

test.each([
  ['50.5', 'JPY', /JPY has no decimals/],
  ['50.555', 'NGN', /NGN has 2 decimals/],
  ['1,250.00', 'NGN', /without thousands separators.*1250\.00/],
  ['1.250,00', 'NGN', /without thousands separators/],
  ['1 250', 'NGN', /without thousands separators/],
  ['12,50', 'NGN', /a point before the decimals/],
  ['₦50', 'NGN', /an amount in NGN by itself/],
  ['-5', 'NGN', /an amount in NGN by itself/],
  ['1e3', 'NGN', /an amount in NGN by itself/],
  ['.50', 'NGN', /like 1250\.00/],
] as const)('%s is no amount in %s, and the sentence says why', (cell, currency, sentence) => {
  expect(amountOf(cell, currency)).toMatch(sentence);
});

test('an amount is written as it is read', () => {
  expect([amountCell(5n, 'NGN'), amountCell(5_000n, 'NGN'), amountCell(50n, 'JPY'), amountCell(7n, 'KWD')]).toEqual([
    '0.05',
    '50.00',
    '50',
    '0.007',
  ]);
});

test('prices for a time are read back as they were written', () => {
  const prices = [
    {
      currency: 'NGN',
      amountMinor: 450_000n,
      compareAtMinor: 500_000n,
      validFrom: '2026-11-27T00:00:00.000Z',
      validUntil: '2026-11-30T00:00:00.000Z',
    },
    {
      currency: 'NGN',
      amountMinor: 100n,
      compareAtMinor: null,
      validFrom: null,
      validUntil: '2026-12-01T00:00:00.000Z',
    },
    {
      currency: 'NGN',
      amountMinor: 100n,
      compareAtMinor: null,
      validFrom: '2027-01-01T00:00:00.000Z',
      validUntil: null,
    },
  ];
  const read = scheduledPrices(scheduledCell(prices), 'NGN');
  expect(typeof read === 'string' ? read : new Set(read)).toEqual(new Set(prices));
  expect(scheduledPrices('..=45', 'NGN')).toMatch(/one side of the dots/);
  expect(scheduledPrices('2026-11-27=45', 'NGN')).toMatch(/Expected from\.\.until/);
});

test('a weight is whole grams, whatever it was weighed in', () => {
  expect([gramsOf(1, 'lb'), gramsOf(2, 'oz'), gramsOf(1.5, 'kg'), gramsOf(12.4, 'g')]).toEqual([454, 57, 1_500, 12]);
});

test('a time needs its zone, and a day is its beginning', () => {
  expect(instantOf('2026-11-21T10:00:00+01:00')).toBe('2026-11-21T09:00:00.000Z');
  expect(instantOf('2026-11-21')).toBe('2026-11-21T00:00:00.000Z');
  for (const cell of ['2026-11-21T10:00', '21.11.2026', '2026-13-01', 'soon']) expect(instantOf(cell)).toBeUndefined();
});

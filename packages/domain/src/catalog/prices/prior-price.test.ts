import { expect, test } from 'vitest';
import type { Id } from '../../kernel/ids.ts';
import { type PriceChange, priorPrice } from './prior-price.ts';

const day = (n: number) => new Date(Date.UTC(2026, 0, 1 + n)).toISOString();
const line = (at: number, amount: number, more: Partial<PriceChange> = {}): PriceChange => ({
  priceId: 'prc_base' as Id<'prc'>, // any text will do where nothing is looked up
  change: 'set',
  amountMinor: BigInt(amount),
  compareAtMinor: null,
  validFrom: null,
  validUntil: null,
  changedAt: day(at),
  ...more,
});
const sale = { priceId: 'prc_sale' as Id<'prc'> };

test('the lowest price of the 30 days before a reduction counts, not the one of yesterday', () => {
  const changes = [line(0, 100), line(50, 70), line(60, 120), line(61, 90)];
  expect(priorPrice(changes, day(65))).toEqual({ currentMinor: 90n, currentSince: day(61), lowestBeforeMinor: 70n });
});

test('what was cheaper longer ago than that does not count', () => {
  const changes = [line(0, 50), line(10, 100), line(60, 80)];
  expect(priorPrice(changes, day(60))?.lowestBeforeMinor).toBe(100n);
  expect(priorPrice([line(0, 50), line(31, 100), line(60, 80)], day(60))?.lowestBeforeMinor).toBe(50n);
});

test('a sale that began by itself is reduced from the day it began, also when it was planned before', () => {
  const changes = [line(0, 100), line(5, 60, { ...sale, validFrom: day(40), validUntil: day(50) })];
  expect(priorPrice(changes, day(39))).toEqual({ currentMinor: 100n, currentSince: day(0), lowestBeforeMinor: null });
  expect(priorPrice(changes, day(45))).toEqual({ currentMinor: 60n, currentSince: day(40), lowestBeforeMinor: 100n });
  expect(priorPrice(changes, day(50))).toEqual({ currentMinor: 100n, currentSince: day(50), lowestBeforeMinor: 60n });
});

test('a price that was taken away is none, and one set anew was not for sale before', () => {
  const changes = [line(0, 100), line(1, 100, { change: 'removed' })];
  expect(priorPrice(changes, day(2))).toBeUndefined();
  expect(priorPrice([], day(2))).toBeUndefined();
  expect(priorPrice([...changes, line(40, 90)], day(41))?.lowestBeforeMinor).toBeNull();
  expect(priorPrice([...changes, line(20, 90)], day(21))?.lowestBeforeMinor).toBe(100n);
});

test('the same price set again is no change', () => {
  expect(priorPrice([line(0, 100), line(20, 90), line(25, 90)], day(30))?.currentSince).toBe(day(20));
});

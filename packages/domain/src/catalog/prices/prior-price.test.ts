import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Id } from '../../kernel/ids.ts';
import { priceInForce } from './current-price.ts';
import { PRIOR_PRICE_DAYS, type PriceChange, type PriorPrice, priorPrice } from './prior-price.ts';

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

test('of two lines the later one counts, also when its transaction began before that of the other', () => {
  expect(priorPrice([line(0, 100), line(20, 90), line(19, 80)], day(30))).toEqual({
    currentMinor: 80n,
    currentSince: day(20),
    lowestBeforeMinor: 100n,
  });
});

/** The same in words, without any cleverness: day by day, from all lines anew. */
function naively(changes: readonly PriceChange[], today: number): PriorPrice | undefined {
  const priceOn = (n: number) => {
    const rows = new Map<string, PriceChange>();
    for (const one of changes)
      if (one.changedAt <= day(n))
        if (one.change === 'set') rows.set(one.priceId, one);
        else rows.delete(one.priceId);
    return priceInForce([...rows.values()], day(n))?.amountMinor;
  };
  const currentMinor = priceOn(today);
  if (currentMinor === undefined) return undefined;
  let since = today;
  while (since > 0 && priceOn(since - 1) === currentMinor) since--;
  let lowestBeforeMinor: bigint | null = null;
  for (let n = Math.max(0, since - PRIOR_PRICE_DAYS); n < since; n++) {
    const amount = priceOn(n);
    if (amount !== undefined && (lowestBeforeMinor === null || amount < lowestBeforeMinor)) lowestBeforeMinor = amount;
  }
  return { currentMinor, currentSince: day(since), lowestBeforeMinor };
}

test('whatever happened to the prices, it is what reading them day by day gives', () => {
  const someDay = fc.option(fc.integer({ min: 0, max: 90 }), { nil: null });
  const someLine = fc
    .record({
      at: fc.integer({ min: 1, max: 90 }),
      amount: fc.integer({ min: 1, max: 4 }),
      which: fc.constantFrom('prc_a', 'prc_b', 'prc_c'),
      change: fc.constantFrom<'set' | 'removed'>('set', 'set', 'removed'),
      from: someDay,
      until: someDay,
    })
    .filter(({ from, until }) => from === null || until === null || from < until)
    .map(({ at, amount, which, change, from, until }) =>
      line(at, amount, {
        change,
        priceId: which as Id<'prc'>, // any text will do
        validFrom: from === null ? null : day(from),
        validUntil: until === null ? null : day(until),
      }),
    );
  fc.assert(
    fc.property(fc.array(someLine, { maxLength: 12 }), fc.integer({ min: 0, max: 95 }), (lines, today) => {
      const changes = lines.toSorted((a, b) => (a.changedAt < b.changedAt ? -1 : 1));
      expect(priorPrice(changes, day(today))).toEqual(naively(changes, today));
    }),
    { numRuns: 500 },
  );
});

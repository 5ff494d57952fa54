import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Id } from '../../kernel/ids.ts';
import { type TaxedLine, taxOf, taxRateFor } from './tax-choice.ts';
import type { Place, TaxRateFacts } from './tax-facts.ts';

const rate = (name: string, more: Partial<TaxRateFacts> = {}): TaxRateFacts => ({
  id: `txr_${name}` as Id<'txr'>, // any text will do where nothing is looked up
  name,
  ratePpm: 75_000,
  country: 'NG',
  regionKey: null,
  taxCategory: null,
  appliesToShipping: true,
  ...more,
});
const goods: TaxedLine = { taxCategory: null, isTaxable: true, isShipping: false };
const delivery = { ...goods, isShipping: true };
const anybody = { isExempt: false };
const lagos: Place = { country: 'NG', region: 'Lagos' };

const COUNTRY = rate('country');
const BOOKS = rate('books', { taxCategory: 'books', ratePpm: 0 });
const REGION = rate('region', { regionKey: 'la', ratePpm: 100_000 });
const REGION_BOOKS = rate('region books', { regionKey: 'la', taxCategory: 'books', ratePpm: 20_000 });
const chosen = (rates: TaxRateFacts[], place: Place | null, line = goods, customer = anybody) => {
  const { rate: found, reason } = taxRateFor(rates, place, line, customer);
  return [found?.name ?? null, reason];
};

test('the most specific rate wins: region and category, region, country and category, country', () => {
  const books = { ...goods, taxCategory: 'Books' };
  const all = [COUNTRY, BOOKS, REGION, REGION_BOOKS];
  expect(chosen(all, lagos, books)).toEqual(['region books', 'rate']);
  expect(chosen([COUNTRY, BOOKS, REGION], lagos, books)).toEqual(['region', 'rate']);
  expect(chosen([COUNTRY, BOOKS], lagos, books)).toEqual(['books', 'zero_rate']);
  expect(chosen([COUNTRY], lagos, books)).toEqual(['country', 'rate']);
  expect(chosen(all, { country: 'NG', region: 'Kano' }, books)).toEqual(['books', 'zero_rate']);
  expect(chosen(all, { country: 'NG' })).toEqual(['country', 'rate']);
  expect(chosen(all, lagos)).toEqual(['region', 'rate']);
});

test('a state of the United States is found by its code and by its name', () => {
  const rates = [
    rate('California', { country: 'US', regionKey: 'ca' }),
    rate('Texas', { country: 'US', regionKey: 'tx' }),
  ];
  for (const region of ['CA', 'ca', 'California', 'US-CA'])
    expect(chosen(rates, { country: 'US', region })[0]).toBe('California');
  expect(chosen(rates, { country: 'US', region: 'Texas' })[0]).toBe('Texas');
  expect(chosen(rates, { country: 'US', region: 'NV' })).toEqual([null, 'no_rate_for_place']);
  expect(chosen(rates, { country: 'US' })).toEqual([null, 'no_rate_for_place']);
  // CA is also Canada: regions never match across countries.
  expect(chosen(rates, { country: 'CA', region: 'CA' })).toEqual([null, 'no_rate_for_place']);
  // Stored before the list knew it by its code.
  expect(chosen([rate('old', { country: 'US', regionKey: 'california' })], { country: 'US', region: 'CA' })[0]).toBe(
    'old',
  );
});

test('a line without tax says why', () => {
  expect(chosen([COUNTRY], lagos, { ...goods, isTaxable: false })).toEqual([null, 'not_taxable']);
  expect(chosen([COUNTRY], lagos, goods, { isExempt: true })).toEqual([null, 'customer_exempt']);
  expect(chosen([COUNTRY], null)).toEqual([null, 'place_unknown']);
  expect(chosen([COUNTRY], { country: 'KE' })).toEqual([null, 'no_rate_for_place']);
  expect(chosen([], lagos)).toEqual([null, 'no_rate_for_place']);
  expect(chosen([rate('zero', { ratePpm: 0 })], lagos)).toEqual(['zero', 'zero_rate']);
});

test('delivery is taxed where the rate of the place takes it in; a region that does not is not overruled by its country', () => {
  expect(chosen([COUNTRY], lagos, delivery)).toEqual(['country', 'rate']);
  expect(chosen([rate('goods only', { appliesToShipping: false })], lagos, delivery)).toEqual([null, 'not_taxable']);
  const regional = rate('regional', { regionKey: 'la', appliesToShipping: false });
  expect(chosen([COUNTRY, regional], lagos, delivery)).toEqual([null, 'not_taxable']);
  expect(chosen([COUNTRY, regional], lagos)).toEqual(['regional', 'rate']);
});

test('the choice does not depend on the order of the rates', () => {
  const all = [COUNTRY, BOOKS, REGION, REGION_BOOKS, rate('twin')];
  const category = fc.constantFrom(null, 'books', 'food');
  const region = fc.constantFrom(undefined, 'Lagos', 'la', 'Kano');
  fc.assert(
    fc.property(fc.shuffledSubarray(all), category, region, (rates, taxCategory, where) => {
      const line = { ...goods, taxCategory };
      const place = { country: 'NG', region: where };
      const sorted = all.filter((one) => rates.includes(one));
      expect(taxRateFor(rates, place, line, anybody)).toEqual(taxRateFor(sorted, place, line, anybody));
    }),
  );
});

test('tax is rounded half up, on top of a price and out of it', () => {
  const added = (amount: bigint, ppm: number) => taxOf(amount, ppm, { isIncluded: false });
  const held = (amount: bigint, ppm: number) => taxOf(amount, ppm, { isIncluded: true });
  expect([added(10_000n, 75_000), added(99n, 75_000), added(10n, 50_000), added(9n, 50_000)]).toEqual([
    750n,
    7n,
    1n,
    0n,
  ]);
  // 107.50 holds 7.50; of 100.00 it is 100 - 93.02.
  expect([held(10_750n, 75_000), held(10_000n, 75_000)]).toEqual([750n, 698n]);
  // Without tax it is 0.5, which is rounded up: nothing is left to be tax.
  expect(held(1n, 1_000_000)).toBe(0n);
  // 1,980 yen with 10 %; 10.500 Kuwaiti dinar with 5 %.
  expect([held(1_980n, 100_000), added(1_980n, 100_000)]).toEqual([180n, 198n]);
  expect([held(10_500n, 50_000), added(10_001n, 50_000)]).toEqual([500n, 500n]);
});

const ppm = fc.integer({ min: 0, max: 1_000_000 });
const amount = fc.bigInt({ min: 0n, max: 10n ** 15n });

test('what is included never is more than half off, nor more than the amount, and nothing at no rate', () => {
  fc.assert(
    fc.property(amount, ppm, (gross, rateOf) => {
      const tax = taxOf(gross, rateOf, { isIncluded: true });
      const net = gross - tax;
      expect(tax >= 0n && tax <= gross).toBe(true);
      const off = net * (1_000_000n + BigInt(rateOf)) - gross * 1_000_000n;
      expect((off < 0n ? -off : off) * 2n <= 1_000_000n + BigInt(rateOf)).toBe(true);
      expect([taxOf(gross, 0, { isIncluded: true }), taxOf(gross, 0, { isIncluded: false })]).toEqual([0n, 0n]);
    }),
  );
});

test('what was put on top is taken out again', () => {
  fc.assert(
    fc.property(amount, ppm, (net, rateOf) => {
      const tax = taxOf(net, rateOf, { isIncluded: false });
      expect(taxOf(net + tax, rateOf, { isIncluded: true })).toBe(tax);
    }),
  );
});

test('more money or a higher rate never bears less tax, and a refund bears what the sale did', () => {
  fc.assert(
    fc.property(amount, amount, ppm, ppm, fc.boolean(), (a, b, one, other, isIncluded) => {
      const [less, more] = a < b ? [a, b] : [b, a];
      const [low, high] = one < other ? [one, other] : [other, one];
      expect(taxOf(less, one, { isIncluded }) <= taxOf(more, one, { isIncluded })).toBe(true);
      expect(taxOf(a, low, { isIncluded }) <= taxOf(a, high, { isIncluded })).toBe(true);
      expect(taxOf(-a, one, { isIncluded }) + taxOf(a, one, { isIncluded })).toBe(0n);
    }),
  );
});

test('a negative rate is refused', () => {
  expect(() => taxOf(100n, -1, { isIncluded: true })).toThrow(RangeError);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { faultOf, takesIn } from './postcode-patterns.ts';

/** Which of these postcodes the pattern takes in. */
const taken = (country: string, pattern: string, postcodes: string[]) =>
  postcodes.filter((postcode) => takesIn(country, pattern, postcode));

test('a British beginning cuts neither the letters nor the number of an outward code, with and without the space', () => {
  const east = ['E1 6AN', 'E16AN', 'e1w 1aa', 'E16 1AA', 'E161AA', 'E10 5NP', 'E2 8HD', 'EC1A 1BB', 'E1'];
  expect(taken('GB', 'E1', east)).toEqual(['E1 6AN', 'E16AN', 'e1w 1aa', 'E1']);
  expect(taken('GB', 'E16', east)).toEqual(['E16 1AA', 'E161AA']);
  expect(taken('GB', 'E', east)).toEqual(east.filter((code) => code !== 'EC1A 1BB'));
  expect(taken('GB', 'E1*', east)).toEqual(['E1 6AN', 'E16AN', 'e1w 1aa', 'E16 1AA', 'E161AA', 'E10 5NP', 'E1']);
  expect(taken('GB', 'B', ['B33 8TH', 'BT1 5GS', 'BS1 4DJ'])).toEqual(['B33 8TH']);
  const west = ['SW1A 1AA', 'SW1A1AA', 'SW1V 2QQ', 'SW11 1AA', 'SW1A 2AA'];
  expect(taken('GB', 'SW1', west)).toEqual(['SW1A 1AA', 'SW1A1AA', 'SW1V 2QQ', 'SW1A 2AA']);
  expect(taken('GB', 'sw1a 1', west)).toEqual(['SW1A 1AA', 'SW1A1AA']);
  expect(taken('GB', 'SW1A1AA', west)).toEqual(['SW1A 1AA', 'SW1A1AA']);
  expect(taken('GB', 'E1 6', east)).toEqual(['E1 6AN', 'E16AN']);
});

test('a British range counts the numbers of one area', () => {
  const codes = ['BT1 5GS', 'BT9 6AA', 'BT10 0BH', 'BT17 0AA', 'BT18 9AA', 'B17 9AA', 'E1W 1AA'];
  expect(taken('GB', 'BT1..BT17', codes)).toEqual(['BT1 5GS', 'BT9 6AA', 'BT10 0BH', 'BT17 0AA']);
  expect(taken('GB', 'BT1..BT9', codes)).toEqual(['BT1 5GS', 'BT9 6AA']);
  expect(taken('GB', 'E1..E2', codes)).toEqual(['E1W 1AA']);
  expect(taken('JE', 'JE2..JE3', ['JE2 3AB', 'je31aa', 'JE4 8PT'])).toEqual(['JE2 3AB', 'je31aa']);
});

test('numbers: a beginning, a range of whole codes or of beginnings, and what may stand around them', () => {
  expect(taken('DE', '10', ['10115', '01067', '80331', '1'])).toEqual(['10115']);
  expect(taken('DE', '10000..19999', ['10000', '19999', '09999', '20000', '1000'])).toEqual(['10000', '19999']);
  expect(taken('DE', '10..12', ['10115', '12999', '13001'])).toEqual(['10115', '12999']);
  expect(taken('US', '02100..02299', ['02115', '02115-1234', '2115', '02300'])).toEqual(['02115', '02115-1234']);
  expect(taken('LV', 'LV-1000..LV-1099', ['LV-1010', '1010', 'lv1010', 'LV-2010'])).toEqual([
    'LV-1010',
    '1010',
    'lv1010',
  ]);
  expect(taken('NL', '1000..1099', ['1012 AB', '1012ab', '1100 AA'])).toEqual(['1012 AB', '1012ab']);
  expect(taken('CA', 'K1A', ['K1A 0B1', 'k1a0b1', 'K2A 0B1'])).toEqual(['K1A 0B1', 'k1a0b1']);
  expect(taken('JP', '100', ['100-0001', '１００-０００１', '150-0001'])).toEqual(['100-0001', '１００-０００１']);
});

test('a place without a postcode is taken in by a star alone', () => {
  expect(takesIn('NG', '*', undefined)).toBe(true);
  expect(takesIn('DE', '*', '10115')).toBe(true);
  for (const postcode of [undefined, '', ' - ']) {
    expect(takesIn('DE', '1', postcode)).toBe(false);
    expect(takesIn('DE', '10000..19999', postcode)).toBe(false);
    expect(takesIn('GB', 'E1', postcode)).toBe(false);
  }
});

test('a pattern that would never do what it says is refused', () => {
  for (const pattern of ['*', 'SW1', 'SW1A 1AA', '10*', 'BT1..BT17', '10..12', 'K1A-0B1'])
    expect(faultOf('GB', pattern)).toBeUndefined();
  for (const pattern of ['', '**', '*1', '1*1', 'a.b', '^1', '%', '-1'])
    expect(faultOf('DE', pattern)).toBe('malformed');
  for (const pattern of [
    '1..',
    '..2',
    '1..2..3',
    'A1..B2',
    '1..20',
    'A..B',
    '1...2',
    `1${'0'.repeat(12)}..2${'0'.repeat(12)}`,
  ])
    expect(faultOf('DE', pattern)).toBe('range_of_unlike_ends');
  expect(faultOf('DE', '20000..10000')).toBe('range_runs_backwards');
  expect(faultOf('GB', 'BT9..BT1')).toBe('range_runs_backwards');
});

test('a number is in a range exactly when it lies between the ends', () => {
  const five = fc.integer({ min: 0, max: 99_999 });
  const written = (number: number) => String(number).padStart(5, '0');
  fc.assert(
    fc.property(five, five, five, (from, to, code) => {
      const is = takesIn('DE', `${written(from)}..${written(to)}`, written(code));
      expect(is).toBe(from <= code && code <= to);
    }),
  );
});

test('whatever anybody writes is answered, the same with spaces and in small letters', () => {
  const odd = fc.string({ unit: fc.constantFrom(...'AEKZ019 -*.é'), maxLength: 9 });
  fc.assert(
    fc.property(fc.constantFrom('GB', 'DE', 'US'), odd, odd, (country, pattern, postcode) => {
      faultOf(country, pattern);
      const is = takesIn(country, pattern, postcode);
      expect(takesIn(country, pattern, ` ${[...postcode.toLowerCase()].join(' ')}`)).toBe(is);
    }),
  );
});

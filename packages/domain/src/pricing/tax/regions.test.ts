import fc from 'fast-check';
import { expect, test } from 'vitest';
import { regionKeyOf } from './regions.ts';

test('a region is the same by its code, its name, its ISO code, and however it is typed', () => {
  for (const written of ['CA', 'ca', 'US-CA', ' us-ca ', 'California', 'CALIFORNIA', 'California State'])
    expect(regionKeyOf('US', written)).toBe('ca');
  for (const written of ['DC', 'D.C.', 'Washington, D.C.', 'District of Columbia'])
    expect(regionKeyOf('US', written)).toBe('dc');
  for (const written of ['Lagos', 'Lagos State', 'LA', 'NG-LA']) expect(regionKeyOf('NG', written)).toBe('la');
  for (const written of ['Québec', 'Quebec', 'QC']) expect(regionKeyOf('CA', written)).toBe('qc');
});

test('codes and names belong to their country', () => {
  expect([regionKeyOf('US', 'LA'), regionKeyOf('US', 'Louisiana'), regionKeyOf('US', 'Lagos')]).toEqual([
    'la',
    'la',
    'lagos',
  ]);
  expect([regionKeyOf('CA', 'Ontario'), regionKeyOf('CA', 'California')]).toEqual(['on', 'california']);
  expect(regionKeyOf('FR', 'US-CA')).toBe('us-ca');
});

test('a region of a country without a list is its words, without case, accents and doubled spaces', () => {
  expect(regionKeyOf('FR', '  Île-de-France ')).toBe('ile-de-france');
  expect(regionKeyOf('NP', 'Bagmati  Province')).toBe('bagmati province');
});

test('nothing is no region', () => {
  for (const written of ['', '  ', '.', 'US-', null, undefined]) expect(regionKeyOf('US', written)).toBeNull();
});

test('the key of a key is that key', () => {
  const country = fc.constantFrom('US', 'CA', 'NG', 'AU', 'ZA', 'FR', 'NP');
  const written = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('us-us-ca', 'us- ca', 'Texas State State'));
  fc.assert(
    fc.property(country, written, (where, region) => {
      const key = regionKeyOf(where, region);
      expect(regionKeyOf(where, key)).toBe(key);
    }),
  );
});

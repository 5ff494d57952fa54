import fc from 'fast-check';
import { expect, test } from 'vitest';
import { combinationCount, combinationsOf, optionsKeyOf } from './option-combinations.ts';

const option = fc.record({
  name: fc.string({ minLength: 1 }),
  values: fc.uniqueArray(fc.stringMatching(/^[a-z0-9 -]{1,6}$/), {
    minLength: 1,
    maxLength: 6,
    selector: (value) => optionsKeyOf([value]),
  }),
});

test('each combination comes once, has one value of each option, and their number is the product of the values', () => {
  fc.assert(
    fc.property(fc.array(option, { maxLength: 3 }), (options) => {
      const combinations = combinationsOf(options);
      const keys = new Set(combinations.map(optionsKeyOf));
      expect(combinations).toHaveLength(combinationCount(options));
      expect(keys.size).toBe(combinations.length);
      for (const combination of combinations)
        expect(combination.every((value, at) => options[at]?.values.includes(value))).toBe(true);
    }),
  );
});

test('the last option turns fastest, and no options make one empty combination', () => {
  const options = [
    { name: 'Colour', values: ['Red', 'Blue'] },
    { name: 'Size', values: ['S', 'M'] },
  ];
  expect(combinationsOf(options)).toEqual([
    ['Red', 'S'],
    ['Red', 'M'],
    ['Blue', 'S'],
    ['Blue', 'M'],
  ]);
  expect(combinationsOf([])).toEqual([[]]);
});

test('choices that differ in case, accents and spaces only are the same; values never run into each other', () => {
  expect(optionsKeyOf(['Été ', 'xl'])).toBe(optionsKeyOf(['ete', 'XL']));
  expect(optionsKeyOf(['a', 'bc'])).not.toBe(optionsKeyOf(['ab', 'c']));
});

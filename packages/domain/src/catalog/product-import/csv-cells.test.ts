import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { componentOf, componentValue } from './component-names.ts';
import { csvLine, guarded, listCell, unguarded, valuesOf } from './csv-cells.ts';

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', "'=1", '＝1'])(
  '%j is no formula in the file, and itself again',
  (value) => {
    const line = csvLine([value]);
    expect(line.replace(/^"/, '')).toMatch(/^'/);
    const [[cell = ''] = []] = parse(line) as string[][];
    expect(unguarded(cell)).toBe(value);
  },
);

test("an apostrophe that guards nothing stays: 'til dawn", () => {
  expect(unguarded("'til dawn")).toBe("'til dawn");
  expect(guarded("'til dawn")).toBe("'til dawn");
});

const nasty = fc.string({ unit: 'grapheme' });

test('whatever the cells are, the line is read back as them', () => {
  const cell = fc.oneof(nasty, fc.constantFrom('=', "'=", '"', '\r\n', ',', "''@", ' x ', '-'));
  fc.assert(
    fc.property(fc.array(cell, { minLength: 2, maxLength: 6 }), (cells) => {
      const [read] = parse(csvLine(cells), { record_delimiter: '\r\n' }) as string[][];
      expect(read?.map(unguarded)).toEqual(cells);
    }),
  );
});

test('whatever the values of a list are, they are read back, trimmed', () => {
  const value = fc
    .string()
    .map((text) => text.trim())
    .filter((text) => text !== '');
  fc.assert(
    fc.property(fc.array(value), (values) => {
      expect(valuesOf(listCell(values))).toEqual(values);
    }),
  );
});

test('a component is read back as it was written', () => {
  for (const component of [
    { sku: 'MUG x RED [1]', options: [], quantity: 2 },
    { handle: 'mug', options: ['Red|ish', 'L\\XL'], quantity: 1 },
    { handle: 'mug', options: [], quantity: 12 },
  ])
    expect(componentOf(componentValue(component))).toEqual(component);
  expect(componentOf('MUG-RED')).toBeUndefined();
});

import { expect, test } from 'vitest';
import { widthsFor } from './width-ladder.ts';

test('a picture is never blown up, keeps its own width, and always has at least one', () => {
  expect(widthsFor(1)).toEqual([1]);
  expect(widthsFor(160)).toEqual([160]);
  expect(widthsFor(500)).toEqual([160, 320, 500]);
  expect(widthsFor(1_920)).toEqual([160, 320, 640, 960, 1_280, 1_920]);
  expect(widthsFor(8_000)).toEqual([160, 320, 640, 960, 1_280, 1_920]);
});

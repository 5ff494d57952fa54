import { expect, test } from 'vitest';
import { expectedVersion } from './if-match.ts';

test('a version is read with quotes, weak or bare; nothing and * expect none; anything else is refused', () => {
  expect(['"3"', 'W/"3"', '3', '"0"'].map(expectedVersion)).toEqual([3, 3, 3, 0]);
  expect([undefined, '*'].map(expectedVersion)).toEqual([undefined, undefined]);
  for (const junk of ['', 'x', '-1', '1, 2', '99999999999']) {
    expect(() => expectedVersion(junk)).toThrow('Expected the version');
  }
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { freeHandle, handleForm, handleKey, slugOf } from './handle.ts';

const handle = handleForm('blue-cotton-shirt');

test('a title becomes a handle that can be read and typed', () => {
  for (const [title, slug] of [
    ['Éclair à la Crème!', 'eclair-a-la-creme'],
    ["  Men's   T-Shirt (L/XL) ", 'mens-t-shirt-l-xl'],
    ['Größe 42 — Ærø', 'grosse-42-aero'],
    ['قميص أزرق', 'قميص-أزرق'],
    ['!!!', 'thing'],
  ] as const)
    expect(slugOf(title, 'thing')).toBe(slug);
});

test('whatever the title, its handle is one that is taken as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), (title) => {
      const slug = slugOf(title, 'thing');
      expect(handle.parse(slug)).toBe(slug);
    }),
  );
});

test('letters that take two places count as two, and none is cut in half', () => {
  for (const title of ['𠀀'.repeat(130), `a${'𠀀'.repeat(130)}`]) {
    const slug = slugOf(title, 'thing');
    expect(handle.parse(slug)).toBe(slug);
    expect(title.startsWith(slug)).toBe(true);
  }
});

test('the first handle that is free is taken', () => {
  const taken = new Set(['shirt', 'shirt-2']);
  expect(freeHandle('shirt', (one) => taken.has(one))).toBe('shirt-3');
  expect(freeHandle('cup', (one) => taken.has(one))).toBe('cup');
});

test('handles are folded to lower case; spaces, slashes and dots are refused', () => {
  expect(handle.parse(' Blue-Shirt_2 ')).toBe('blue-shirt_2');
  expect(handleKey(' Blue-Shirt_2 ')).toBe('blue-shirt_2');
  for (const odd of ['', ' ', '-shirt', 'a b', 'a/b', '../a', 'a.b', 'a%2fb', 'a\u0000'])
    expect(handle.safeParse(odd).success).toBe(false);
});

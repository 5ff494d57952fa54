import fc from 'fast-check';
import { expect, test } from 'vitest';
import { productHandle } from './handles.contract.ts';
import { freeHandle, slugOf } from './handles.ts';

test('a title becomes a handle that can be read and typed', () => {
  for (const [title, slug] of [
    ['Éclair à la Crème!', 'eclair-a-la-creme'],
    ["  Men's   T-Shirt (L/XL) ", 'mens-t-shirt-l-xl'],
    ['Größe 42 — Ærø', 'grosse-42-aero'],
    ['قميص أزرق', 'قميص-أزرق'],
    ['!!!', 'product'],
  ] as const)
    expect(slugOf(title)).toBe(slug);
});

test('whatever the title, its handle is one that is taken as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), (title) => {
      const slug = slugOf(title);
      expect(productHandle.parse(slug)).toBe(slug);
    }),
  );
});

test('the first handle that is free is taken', () => {
  const taken = new Set(['shirt', 'shirt-2']);
  expect(freeHandle('shirt', (handle) => taken.has(handle))).toBe('shirt-3');
  expect(freeHandle('cup', (handle) => taken.has(handle))).toBe('cup');
});

test('handles are folded to lower case; spaces, slashes and dots are refused', () => {
  expect(productHandle.parse('Blue-Shirt_2')).toBe('blue-shirt_2');
  for (const odd of ['', ' ', '-shirt', 'a b', 'a/b', '../a', 'a.b', 'a%2fb', 'a\u0000'])
    expect(productHandle.safeParse(odd).success).toBe(false);
});

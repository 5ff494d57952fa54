import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Id, newId } from '../../kernel/ids.ts';
import { allocate, freeTogether } from './allocation.ts';

const variantId = newId('var');
const [a, b, c] = [newId('loc'), newId('loc'), newId('loc')] as [Id<'loc'>, Id<'loc'>, Id<'loc'>]; // three were made
const from = (locationId: Id<'loc'>, quantity: number, isBeyond = false) => ({
  variantId,
  locationId,
  quantity,
  isBeyond,
});
const shelves = (...free: number[]) =>
  [a, b, c].slice(0, free.length).map((locationId, at) => ({ locationId, free: free[at] ?? 0 }));
const want = (quantity: number, backorder = false) => ({ variantId, quantity, backorder });

test('the first location by priority that holds the whole line gives it', () => {
  expect(allocate(want(3), shelves(2, 3, 9), a)).toEqual([from(b, 3)]);
});

test('where none holds it whole it is split by priority, and a shortage at one place takes nothing from another', () => {
  expect(allocate(want(6), shelves(2, -5, 5), a)).toEqual([from(a, 2), from(c, 4)]);
  expect(allocate(want(8), shelves(2, -5, 5), a)).toBeUndefined();
});

test('what is sold beyond stock is promised by the first location', () => {
  expect(allocate(want(9, true), shelves(2, 1), a)).toEqual([from(a, 8, true), from(b, 1)]);
  expect(allocate(want(9, true), shelves(0, 1), a)).toEqual([from(b, 1), from(a, 8, true)]);
  expect(allocate(want(2, true), [], a)).toEqual([from(a, 2, true)]);
});

test('the pieces are exactly what is wanted, and nobody gives what is not there', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -5, max: 9 }), { maxLength: 3 }),
      fc.integer({ min: 1, max: 30 }),
      (free, quantity) => {
        const given = shelves(...free);
        const pieces = allocate(want(quantity), given, a);
        expect(pieces === undefined).toBe(freeTogether(given) < quantity);
        expect((pieces ?? []).reduce((sum, piece) => sum + piece.quantity, 0)).toBe(pieces ? quantity : 0);
        for (const piece of pieces ?? [])
          expect(piece.quantity).toBeLessThanOrEqual(
            given.find((one) => one.locationId === piece.locationId)?.free ?? 0,
          );
      },
    ),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Id, newId } from '../../kernel/ids.ts';
import { chosen, type Held, heldUnitsOf, nearestFirst, unitsOf } from './hold-choice.ts';

const BUNDLE = newId('var');
const PART = newId('var');
const PLACES = [newId('loc'), newId('loc'), newId('loc')] as const;

/** Units of a bundle, each recipe with parts of its own, their pieces dealt out over places by `cuts`. */
const batch = fc.record({
  units: fc.integer({ min: 1, max: 5 }),
  parts: fc.array(
    fc.record({
      piecesEach: fc.integer({ min: 1, max: 4 }),
      places: fc.array(fc.nat({ max: 2 }), { minLength: 20, maxLength: 20 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

const holdsOf = (
  batches: readonly { units: number; parts: readonly { piecesEach: number; places: readonly number[] }[] }[],
) =>
  batches.flatMap(({ units, parts }, at) =>
    parts.flatMap(({ piecesEach, places }) => {
      const variantId = newId('var');
      return PLACES.flatMap((locationId, place): Held[] => {
        const quantity = places.slice(0, units * piecesEach).filter((one) => one === place).length;
        const about = { wantedId: BUNDLE, madeAt: `${at}`, hasLapsed: false, owner: { type: 'order', id: '1' } };
        return quantity > 0 ? [{ id: newId('rsv'), variantId, locationId, quantity, piecesEach, ...about }] : [];
      });
    }),
  );

test('however the pieces of bundles lie about, as many are held as were promised', () => {
  fc.assert(
    fc.property(fc.array(batch, { minLength: 1, maxLength: 3 }), (batches) => {
      const promised = batches.reduce((sum, { units }) => sum + units, 0);
      const units = heldUnitsOf(holdsOf(batches));
      expect(units.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(promised);
      for (const { locationId, partsAt } of units) expect(partsAt.length).toBeGreaterThan(locationId ? 0 : 1);
    }),
  );
});

test('units that lie whole at a place leave it without touching what lies elsewhere', () => {
  fc.assert(
    fc.property(batch, (one) => {
      const held = holdsOf([one]);
      for (const { locationId, quantity } of heldUnitsOf(held)) {
        if (!locationId) continue;
        const { endings, missing } = chosen(nearestFirst(held, locationId), [{ variantId: BUNDLE, quantity }]);
        expect(missing).toEqual([]);
        expect(new Set(endings.map((ending) => ending.held.locationId))).toEqual(new Set([locationId]));
      }
    }),
  );
});

test('of holds made one after the other those that all lie where the goods leave are taken first', () => {
  const pieces = (madeAt: string, at: number, quantity: number): Held => ({
    ...{ id: newId('rsv'), variantId: PART, wantedId: BUNDLE, piecesEach: 3, hasLapsed: false, madeAt, quantity },
    ...{ locationId: PLACES[at] as Id<'loc'>, owner: { type: 'order', id: '1' } },
  });
  const held = [pieces('1', 0, 2), pieces('1', 1, 1), pieces('2', 0, 3)];
  const { endings } = chosen(nearestFirst(held, PLACES[0]), [{ variantId: BUNDLE, quantity: 1 }]);
  expect(endings).toEqual([{ held: held[2], quantity: 3 }]);
});

test('units taken one after another take every hold, each piece once, and the one too many is missing', () => {
  fc.assert(
    fc.property(fc.array(batch, { minLength: 1, maxLength: 3 }), (batches) => {
      let held = holdsOf(batches);
      const pieces = held.reduce((sum, { quantity }) => sum + quantity, 0);
      const promised = batches.reduce((sum, { units }) => sum + units, 0);
      let taken = 0;
      for (let n = 0; n < promised; n++) {
        const { endings, missing } = chosen(held, [{ variantId: BUNDLE, quantity: 1 }]);
        expect(missing).toEqual([]);
        taken += unitsOf(endings);
        const ended = new Map(endings.map((ending) => [ending.held.id, ending.quantity]));
        held = held.flatMap((one) => {
          const quantity = one.quantity - (ended.get(one.id) ?? 0);
          return quantity > 0 ? [{ ...one, quantity }] : [];
        });
      }
      expect([taken, held]).toEqual([pieces, []]);
      expect(chosen(held, [{ variantId: BUNDLE, quantity: 1 }]).missing).toMatchObject([{ short: 1 }]);
    }),
  );
});

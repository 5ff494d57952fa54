import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Id, newId } from '../../kernel/ids.ts';
import type { RefundParts } from './payments.schema.ts';
import { cancellationRefund, type RefundBasis, reckonRefund } from './refund-shares.ts';

const basisOf = (line: { id: Id<'oli'>; quantity: number; total: bigint }, shippingTotal = 0n): RefundBasis => ({
  currency: 'NGN',
  lines: [{ ...line, title: 'Thing' }],
  shippingTotal,
  given: [],
});

test('however a line is given back, its refunds close to the minor unit and none is negative', () => {
  const cases = fc.record({
    total: fc.bigInt({ min: 0n, max: 10n ** 12n }),
    steps: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
  });
  fc.assert(
    fc.property(cases, ({ total, steps }) => {
      const line = { id: newId('oli'), quantity: steps.reduce((sum, step) => sum + step, 0), total };
      const given: RefundParts[] = [];
      let sum = 0n;
      for (const quantity of steps) {
        const reckoned = reckonRefund({ ...basisOf(line), given }, { lines: [{ orderLineId: line.id, quantity }] });
        if (!('amount' in reckoned)) throw new Error('The line is there');
        expect(reckoned.amount >= 0n).toBe(true);
        given.push(reckoned.parts);
        sum += reckoned.amount;
      }
      expect(sum).toBe(total);
    }),
  );
});

test('a line of another order is named by its place', () => {
  const basis = basisOf({ id: newId('oli'), quantity: 1, total: 100n });
  const lines = [{ orderLineId: newId('oli'), quantity: 1 }];
  expect(reckonRefund(basis, { lines })).toEqual({ unknownLineAt: 0 });
});

test('what is called off never gives back more than there is: shipping first, then the last line, gives way', () => {
  const line = { id: newId('oli'), quantity: 2, total: 1_000n };
  const off = { lines: [{ orderLineId: line.id, quantity: 2 }], shipping: 300n };
  const given = (most: bigint) => {
    const { amount, parts } = cancellationRefund(basisOf(line, 300n), off, most);
    return [amount, parts.lines[0]?.amount, parts.shipping];
  };
  expect(given(5_000n)).toEqual([1_300n, '1000', '300']);
  expect(given(1_100n)).toEqual([1_100n, '1000', '100']);
  expect(given(400n)).toEqual([400n, '400', '0']);
});

test('units that were given back before are not given back again when they are called off', () => {
  const line = { id: newId('oli'), quantity: 3, total: 100n };
  const before = { lines: [{ orderLineId: line.id, quantity: 1, amount: '33' }], shipping: '0', other: '0' };
  const off = { lines: [{ orderLineId: line.id, quantity: 3 }], shipping: 0n };
  const { amount, parts } = cancellationRefund({ ...basisOf(line), given: [before] }, off, 1_000n);
  expect([amount, parts.lines[0]?.quantity]).toEqual([67n, 2]);
});

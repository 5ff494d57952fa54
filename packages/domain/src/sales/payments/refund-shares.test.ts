import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Id, newId } from '../../kernel/ids.ts';
import type { RefundParts } from './payments.schema.ts';
import { cancellationRefund, type RefundBasis, reckonRefund, spread } from './refund-shares.ts';

const basisOf = (line: { id: Id<'oli'>; quantity: number; total: bigint }, shippingTotal = 0n): RefundBasis => ({
  currency: 'NGN',
  lines: [{ ...line, title: 'Thing', cancelled: 0, returned: 0 }],
  shippingTotal,
  paid: line.total + shippingTotal,
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
    const { amount, parts } = cancellationRefund(basisOf(line, 300n), off, { most, refundable: 1_300n, owed: 0n });
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
  const { amount, parts } = cancellationRefund({ ...basisOf(line), given: [before] }, off, {
    most: 100n,
    refundable: 67n,
    owed: 0n,
  });
  expect([amount, parts.lines[0]?.quantity]).toEqual([67n, 2]);
});

test('units that were called off before they were paid are not given back out of what others were paid with', () => {
  const [first, second] = [newId('oli'), newId('oli')];
  const basis: RefundBasis = {
    currency: 'NGN',
    lines: [
      { id: first, title: 'Off', quantity: 4, cancelled: 1, returned: 0, total: 100n },
      { id: second, title: 'Stays', quantity: 1, cancelled: 0, returned: 0, total: 100n },
    ],
    shippingTotal: 10n,
    paid: 185n,
    given: [],
  };
  const wish = (quantity: number) => ({ lines: [{ orderLineId: first, quantity }] });
  expect(reckonRefund(basis, wish(3))).toMatchObject({ amount: 75n });
  expect(() => reckonRefund(basis, wish(4))).toThrow('75');
  expect(() => reckonRefund({ ...basis, paid: 160n }, { shipping: true })).toThrow('can still be given back');
  expect(reckonRefund({ ...basis, paid: 160n }, { amount: 10 })).toMatchObject({ amount: 10n });
});

test('whatever of a line is called off unpaid, all the rest of it can be given back, in any steps', () => {
  const cases = fc.record({
    total: fc.bigInt({ min: 0n, max: 10n ** 9n }),
    off: fc.integer({ min: 0, max: 20 }),
    steps: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 10 }),
  });
  fc.assert(
    fc.property(cases, ({ total, off, steps }) => {
      const quantity = off + steps.reduce((sum, step) => sum + step, 0);
      const line = { id: newId('oli'), title: 'Thing', quantity, cancelled: off, returned: 0, total };
      const paid = total - (total * BigInt(off)) / BigInt(quantity);
      const given: RefundParts[] = [];
      for (const step of steps) {
        const basis = { currency: 'NGN', lines: [line], shippingTotal: 0n, paid, given };
        const reckoned = reckonRefund(basis, { lines: [{ orderLineId: line.id, quantity: step }] });
        if (!('amount' in reckoned)) throw new Error('The line is there');
        given.push(reckoned.parts);
      }
    }),
  );
});

test('a refund is spread over several charges to the minor unit, and its units are counted once', () => {
  const [a, b] = [newId('oli'), newId('oli')];
  const lines = [
    { orderLineId: a, quantity: 2, amount: '100' },
    { orderLineId: b, quantity: 1, amount: '50' },
  ];
  const whole = { amount: 180n, parts: { lines, shipping: '30', other: '0' } };
  const pieces = spread(whole, [70n, 60n, 500n]);
  expect(pieces.map(({ amount }) => amount)).toEqual([70n, 60n, 50n]);
  expect(pieces.map(({ parts }) => parts.lines.map(({ quantity, amount }) => [quantity, amount]))).toEqual([
    [[2, '70']],
    [
      [0, '30'],
      [1, '30'],
    ],
    [[0, '20']],
  ]);
  expect(pieces.map(({ parts }) => parts.shipping)).toEqual(['0', '0', '30']);
});

test('a unit that went back before it was called off goes back once, unless what went back was another that returned', () => {
  const line = { id: newId('oli'), quantity: 2, total: 100n };
  const given = [{ lines: [{ orderLineId: line.id, quantity: 1, amount: '50' }], shipping: '0', other: '0' }];
  const off = { lines: [{ orderLineId: line.id, quantity: 1 }], shipping: 0n };
  const amountOf = (returned: number) => {
    const lines = [{ ...line, title: 'Thing', cancelled: 1, returned }];
    const bounds = { most: 50n, refundable: 50n, owed: 50n };
    return cancellationRefund({ ...basisOf(line), lines, given }, off, bounds).amount;
  };
  expect([amountOf(0), amountOf(1)]).toEqual([0n, 50n]);
});

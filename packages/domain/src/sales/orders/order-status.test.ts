import fc from 'fast-check';
import { expect, test } from 'vitest';
import { axesOf, type LineCounts, mayBecome, type OrderFacts, shareOf } from './order-status.ts';

const line = (counts: Partial<LineCounts> = {}): LineCounts => ({
  ...{ quantity: 2, fulfilled: 0, shipped: 0, delivered: 0, cancelled: 0, returned: 0 },
  ...counts,
});
const facts = (about: Partial<OrderFacts> = {}): OrderFacts => ({
  lifecycle: 'open',
  total: 100n,
  cancelledTotal: 0n,
  paidTotal: 0n,
  refundedTotal: 0n,
  lines: [line()],
  ...about,
});

test.each([
  [{ total: 0n }, 'not_required'],
  [{}, 'unpaid'],
  [{ paidTotal: 40n }, 'partially_paid'],
  [{ paidTotal: 100n }, 'paid'],
  [{ paidTotal: 60n, cancelledTotal: 40n }, 'paid'],
  [{ paidTotal: 100n, refundedTotal: 40n }, 'partially_refunded'],
  [{ paidTotal: 100n, refundedTotal: 100n }, 'refunded'],
] as const)('money %o makes the payment %s', (about, expected) => {
  expect(axesOf(facts(about)).paymentStatus).toBe(expected);
});

test.each([
  [{}, 'none'],
  [{ fulfilled: 2 }, 'none'],
  [{ fulfilled: 2, shipped: 1 }, 'partial'],
  [{ fulfilled: 2, shipped: 2 }, 'fulfilled'],
  [{ fulfilled: 1, shipped: 1, cancelled: 1 }, 'fulfilled'],
  [{ fulfilled: 2, shipped: 2, delivered: 1 }, 'fulfilled'],
  [{ fulfilled: 2, shipped: 2, delivered: 2 }, 'delivered'],
  [{ cancelled: 2 }, 'none'],
] as const)('a line with %o makes the fulfilment %s', (counts, expected) => {
  expect(axesOf(facts({ lines: [line(counts)] })).fulfilmentStatus).toBe(expected);
});

test('an order is completed once all of it is delivered and paid, and open again when it is not', () => {
  const delivered = [line({ fulfilled: 2, shipped: 2, delivered: 2 })];
  expect(axesOf(facts({ lines: delivered, paidTotal: 100n })).lifecycle).toBe('completed');
  expect(axesOf(facts({ lines: delivered })).lifecycle).toBe('open');
  expect(axesOf(facts({ lines: delivered, total: 0n })).lifecycle).toBe('completed');
  const sentOnly = [line({ fulfilled: 2, shipped: 2 })];
  expect(axesOf(facts({ lifecycle: 'completed', lines: sentOnly, paidTotal: 100n })).lifecycle).toBe('open');
  for (const lifecycle of ['pending', 'cancelled', 'expired'] as const)
    expect(axesOf(facts({ lifecycle, lines: delivered, paidTotal: 100n })).lifecycle).toBe(lifecycle);
});

test('nothing comes back from a cancelled order, and a late payment opens an expired one', () => {
  expect(mayBecome('cancelled', 'open')).toBe(false);
  expect(mayBecome('expired', 'open')).toBe(true);
  expect(mayBecome('completed', 'cancelled')).toBe(false);
  expect(mayBecome('open', 'expired')).toBe(false);
});

test('shares of a line close to the last minor unit, however it is cut', () => {
  fc.assert(
    fc.property(
      fc.bigInt(0n, 10n ** 12n),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (amount, cuts) => {
        const quantity = cuts.reduce((sum, cut) => sum + cut, 0);
        let before = 0;
        const shares = cuts.map((units) => {
          const share = shareOf(amount, quantity, before, units);
          before += units;
          return share;
        });
        expect(shares.every((share) => share >= 0n)).toBe(true);
        expect(shares.reduce((sum, share) => sum + share, 0n)).toBe(amount);
      },
    ),
  );
});

import { expect, test } from 'vitest';
import { dueOf, orderSums, paymentStatusOf, surplusOf } from './payment-sums.ts';

const NONE = { came: 0n, back: 0n };
const sums = (amount: bigint, captured: bigint, refunded = 0n) => ({
  amount,
  captured,
  refunded,
  refundsTotal: refunded,
});

test('money that came twice and went back is no part of what the order is told', () => {
  expect(orderSums(sums(100n, 200n), { came: 100n, back: 0n })).toEqual({ paidTotal: 100n, refundedTotal: 0n });
  const back = { came: 100n, back: 100n };
  expect(orderSums(sums(100n, 200n, 100n), back)).toEqual({ paidTotal: 100n, refundedTotal: 0n });
  expect(orderSums(sums(100n, 200n, 140n), back)).toEqual({ paidTotal: 100n, refundedTotal: 40n });
});

test('what went back before all was paid is due again; what went back afterwards is not', () => {
  expect(dueOf({ status: 'pending', ...sums(100n, 60n) })).toBe(40n);
  expect(dueOf({ status: 'pending', ...sums(100n, 60n, 60n) })).toBe(100n);
  expect(dueOf({ status: 'pending', ...sums(100n, 110n, 60n) })).toBe(50n);
  expect(dueOf({ status: 'partially_refunded', ...sums(100n, 100n, 40n) })).toBe(0n);
  expect(surplusOf({ status: 'partially_refunded', ...sums(100n, 100n, 40n) }, 100n)).toBe(100n);
  expect(surplusOf({ status: 'pending', ...sums(100n, 60n, 60n) }, 100n)).toBe(0n);
  expect(surplusOf({ status: 'pending', ...sums(100n, 40n) }, 100n)).toBe(40n);
});

test('the status follows from the sums; what waits for a person does so until it is paid', () => {
  expect(paymentStatusOf('pending', sums(100n, 60n), NONE)).toBe('pending');
  expect(paymentStatusOf('pending', sums(100n, 60n, 60n), NONE)).toBe('pending');
  expect(paymentStatusOf('pending', sums(100n, 160n, 60n), NONE)).toBe('paid');
  expect(paymentStatusOf('pending', sums(100n, 100n), NONE)).toBe('paid');
  expect(paymentStatusOf('review', sums(100n, 0n), NONE)).toBe('review');
  expect(paymentStatusOf('review', sums(100n, 100n), NONE)).toBe('paid');
  expect(paymentStatusOf('paid', sums(100n, 100n, 1n), NONE)).toBe('partially_refunded');
  expect(paymentStatusOf('paid', sums(100n, 100n, 100n), NONE)).toBe('refunded');
  expect(paymentStatusOf('paid', sums(100n, 200n, 100n), { came: 100n, back: 100n })).toBe('paid');
  expect(paymentStatusOf('cancelled', sums(100n, 0n), NONE)).toBe('cancelled');
});

import { expect, test } from 'vitest';
import { excessOf, orderSums, paymentStatusOf } from './payment-sums.ts';

const sums = (amount: bigint, captured: bigint, refunded = 0n) => ({
  amount,
  captured,
  refunded,
  refundsTotal: refunded,
});

test('money that came twice and went back is no part of what the order is told', () => {
  expect(excessOf(sums(100n, 200n))).toBe(100n);
  expect(orderSums(sums(100n, 200n), 0n)).toEqual({ paidTotal: 100n, refundedTotal: 0n });
  expect(orderSums(sums(100n, 200n, 100n), 100n)).toEqual({ paidTotal: 100n, refundedTotal: 0n });
  expect(orderSums(sums(100n, 200n, 140n), 100n)).toEqual({ paidTotal: 100n, refundedTotal: 40n });
});

test('the status follows from the sums; what waits for a person does so until it is paid', () => {
  expect(paymentStatusOf('pending', sums(100n, 60n), 0n)).toBe('pending');
  expect(paymentStatusOf('pending', sums(100n, 100n), 0n)).toBe('paid');
  expect(paymentStatusOf('review', sums(100n, 0n), 0n)).toBe('review');
  expect(paymentStatusOf('review', sums(100n, 100n), 0n)).toBe('paid');
  expect(paymentStatusOf('paid', sums(100n, 100n, 1n), 0n)).toBe('partially_refunded');
  expect(paymentStatusOf('paid', sums(100n, 100n, 100n), 0n)).toBe('refunded');
  expect(paymentStatusOf('paid', sums(100n, 200n, 100n), 100n)).toBe('paid');
  expect(paymentStatusOf('cancelled', sums(100n, 0n), 0n)).toBe('cancelled');
});

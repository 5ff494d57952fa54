import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { type PaymentSummary, paymentSummary, transactionView } from './payments.contract.ts';

const NGN = (amount: number) => ({ amount, currency: 'NGN' });
const at = '2026-11-21T09:00:00.000Z';

export const samplePayment: PaymentSummary = {
  id: 'pay_01h455vb4pex5vsknk084sn02q',
  orderId: 'ord_01h455vb4pex5vsknk084sn02q',
  provider: 'paystack',
  status: 'paid',
  amount: NGN(255_000),
  captured: NGN(255_000),
  refunded: NGN(0),
  refundable: NGN(255_000),
  version: 2,
  createdAt: at,
  updatedAt: at,
};

const data = z.object({ payment: paymentSummary, transaction: transactionView });
const transaction: z.input<typeof transactionView> = {
  id: 'ptx_01h455vb4pex5vsknk084sn02q',
  attemptId: 'patt_01h455vb4pex5vsknk084sn02q',
  refundId: null,
  provider: 'paystack',
  type: 'charge',
  status: 'succeeded',
  amount: NGN(255_000),
  fee: NGN(3_925),
  providerReference: '4099260516',
  source: 'hook',
  message: null,
  occurredAt: at,
};
const failed = { ...transaction, status: 'failed' as const, fee: null, message: 'Declined' };

/** Money came in. */
export const paymentCaptured = defineEvent('payment.captured', data, {
  about: 'Money came in.',
  sample: { payment: samplePayment, transaction },
});
/** The provider says that an attempt was not paid; the order goes on waiting. */
export const paymentFailed = defineEvent('payment.failed', data, {
  about: 'The payment provider says that an attempt was not paid; the order goes on waiting.',
  sample: {
    payment: { ...samplePayment, status: 'pending', captured: NGN(0), refundable: NGN(0) },
    transaction: failed,
  },
});
/** Something about the money does not fit: it was not taken as paid, and somebody has to look. */
export const paymentReviewNeeded = defineEvent('payment.review_needed', data, {
  about: 'Something about the money does not fit: it was not taken as paid, and somebody has to look.',
  sample: {
    payment: { ...samplePayment, status: 'review', captured: NGN(0), refundable: NGN(0) },
    transaction: { ...failed, message: 'the amount is 100, not 255000' },
  },
});

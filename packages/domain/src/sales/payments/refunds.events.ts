import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { idOf } from '../../kernel/ids.ts';
import { paymentSummary } from './payments.contract.ts';
import { samplePayment } from './payments.events.ts';
import { type RefundView, refundView } from './refunds.contract.ts';

const data = z.object({
  refund: refundView,
  payment: paymentSummary,
  order: z.object({ id: idOf('ord'), number: z.string(), email: z.string() }),
});
const NGN = (amount: number) => ({ amount, currency: 'NGN' });

const refund: RefundView = {
  id: 'rfd_01h455vb4pex5vsknk084sn02q',
  paymentId: samplePayment.id,
  orderId: samplePayment.orderId,
  provider: 'paystack',
  status: 'starting',
  amount: NGN(125_000),
  lines: [{ orderLineId: 'oli_01h455vb4pex5vsknk084sn02q', quantity: 1, amount: NGN(125_000) }],
  shipping: NGN(0),
  other: NGN(0),
  cause: 'request',
  reason: 'Wrong size',
  providerReference: null,
  message: null,
  createdBy: { type: 'staff', id: 'stf_01h455vb4pex5vsknk084sn02q' },
  createdAt: '2026-11-21T09:00:00.000Z',
  updatedAt: '2026-11-21T09:00:00.000Z',
};
const order = { id: samplePayment.orderId, number: 'SK-1001', email: 'ada@example.com' };
const payment = { ...samplePayment, refundable: NGN(130_000), version: 3 };

/** Money is to go back; the provider may not have been asked yet. */
export const refundCreated = defineEvent('refund.created', data, {
  about: 'Money is to go back; the provider may not have been asked yet.',
  sample: { refund, payment, order },
});
export const refundSucceeded = defineEvent('refund.succeeded', data, {
  about: 'Money went back.',
  sample: {
    refund: { ...refund, status: 'succeeded', providerReference: '3018284' },
    payment: { ...payment, status: 'partially_refunded', refunded: NGN(125_000), version: 4 },
    order,
  },
});
/** Nothing was given back: the provider refused, or could not. */
export const refundFailed = defineEvent('refund.failed', data, {
  about: 'Nothing was given back: the provider refused, or could not.',
  sample: {
    refund: { ...refund, status: 'failed', message: 'The bank said no' },
    payment: { ...samplePayment, version: 4 },
    order,
  },
});

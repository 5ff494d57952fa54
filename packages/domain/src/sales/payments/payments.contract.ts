import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { moneyView } from '../../kernel/money.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { prose, text } from '../../kernel/text.ts';
import { shopperOrderView } from '../orders/orders.contract.ts';
import { PAYMENT_PROVIDERS } from './payment-providers.contract.ts';
import { refundView } from './refunds.contract.ts';

const REFERENCE_MAX = 100;
const NOTE_MAX = 500;

export const PAYMENT_STATUSES = ['pending', 'paid', 'partially_refunded', 'refunded', 'cancelled', 'review'] as const;

const provider = z.enum(PAYMENT_PROVIDERS);

/** What a payment is at a moment; events carry it whole. */
export const paymentSummary = z.object({
  id: idOf('pay'),
  orderId: idOf('ord'),
  provider: provider.nullable(),
  status: z
    .enum(PAYMENT_STATUSES)
    .meta({ description: 'review: money came in that does not fit; somebody has to look.' }),
  amount: moneyView.meta({ description: 'What is asked for.' }),
  captured: moneyView.meta({ description: 'What came in.' }),
  refunded: moneyView.meta({ description: 'What went back.' }),
  refundable: moneyView.meta({ description: 'What could still be given back: without refunds that are under way.' }),
  version: z.int(),
  createdAt: instant,
  updatedAt: instant,
});
export type PaymentSummary = z.input<typeof paymentSummary>;

export const attemptView = z.object({
  id: idOf('patt'),
  provider,
  reference: z.string().meta({ description: 'Under this name the provider has it.' }),
  amount: moneyView,
  mode: z.enum(['live', 'test']),
  status: z.enum(['starting', 'pending', 'succeeded', 'failed', 'abandoned', 'refused', 'lapsed']),
  providerReference: z.string().nullable(),
  message: z.string().nullable(),
  nextCheckAt: instant.nullable().meta({ description: 'When the provider is asked again; null: no more.' }),
  createdAt: instant,
  updatedAt: instant,
});
export type AttemptView = z.input<typeof attemptView>;

export const transactionView = z.object({
  id: idOf('ptx'),
  attemptId: idOf('patt').nullable(),
  refundId: idOf('rfd').nullable(),
  provider,
  type: z.enum(['authorise', 'charge', 'refund', 'void']),
  status: z.enum(['pending', 'succeeded', 'failed']),
  amount: moneyView,
  fee: moneyView.nullable().meta({ description: 'What the provider kept, where it says so.' }),
  providerReference: z.string(),
  source: z.string().meta({ description: 'Who told: hook, return, reconciler, staff or start.' }),
  message: z.string().nullable(),
  occurredAt: instant,
});
export type TransactionView = z.input<typeof transactionView>;

/** A payment with all that belongs to it. */
export const paymentView = paymentSummary.extend({
  orderNumber: z.string(),
  attempts: z.array(attemptView),
  transactions: z.array(transactionView),
  refunds: z.array(refundView),
});
export type PaymentView = z.input<typeof paymentView>;

export const paymentListItem = paymentSummary.extend({ orderNumber: z.string() });
export const paymentsPage = pageOf(paymentListItem);
export const paymentsQuery = listQuery.extend({
  status: z.enum(PAYMENT_STATUSES).optional(),
  provider: provider.optional(),
  orderId: idOf('ord').optional(),
});
export type PaymentsQuery = z.infer<typeof paymentsQuery>;

/** What a shopper sees of a payment. */
export const shopperPaymentView = z.object({
  id: idOf('pay'),
  provider: provider.nullable(),
  status: z.enum(PAYMENT_STATUSES),
  amount: moneyView,
  redirectUrl: z.string().nullable().meta({ description: 'Where to pay; null when there is nothing to do there.' }),
  instructions: z.string().nullable().meta({ description: 'What a shopper who pays without a provider is told.' }),
});
export type ShopperPaymentView = z.input<typeof shopperPaymentView>;

const amount = z.int().min(1).meta({ description: 'Minor units of the payment’s currency.', example: 125000 });

/** What staff say of money that came in. */
export const newManualSettlement = z.strictObject({
  amount: amount.optional().meta({ description: 'Minor units. Without it: all that is still to be paid.' }),
  reference: text(REFERENCE_MAX).meta({
    description: 'Of the receipt or transfer; once per payment.',
    example: 'TRF-0042',
  }),
  note: prose(NOTE_MAX).optional(),
  force: z.boolean().optional().meta({
    description:
      'Takes it down though the order was cancelled: it stays cancelled and is marked for somebody to look at.',
  }),
});
export type NewManualSettlement = z.infer<typeof newManualSettlement>;

/** How an order and its payment stand after the provider was asked. */
export const verificationView = z.object({ order: shopperOrderView, payment: shopperPaymentView });
export type VerificationView = z.input<typeof verificationView>;

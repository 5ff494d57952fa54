import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { bytewiseText } from '../../kernel/column-types.ts';
import { type Id, idColumn } from '../../kernel/ids.ts';
import { createdAt, relayMayLook, tenantId, updatedAt, walls } from '../../kernel/tables.ts';
import { orders } from '../orders/orders.schema.ts';
import type { PaymentProvider } from './payment-providers.contract.ts';

const money = (name: string) => bigint(name, { mode: 'bigint' });

/** `review`: money came in that does not fit the order; a person decides. */
export type PaymentStatus = 'pending' | 'paid' | 'partially_refunded' | 'refunded' | 'cancelled' | 'review';

/**
 * The money of one order. The sums are of its transactions; a refund takes its part of `captured` when its row is made,
 * before the provider is asked, so that two at once never give back more than came in.
 */
export const payments = pgTable(
  'payments',
  {
    ...tenantId('pay'),
    orderId: idColumn('ord', 'order_id').notNull(),
    currency: text('currency').notNull(),
    /** What is asked for. */
    amount: money('amount').notNull(),
    status: text('status').$type<PaymentStatus>().notNull().default('pending'),
    provider: text('provider').$type<PaymentProvider>(),
    captured: money('captured').notNull().default(sql`0`),
    /** Refunds that are begun or done; those that failed are taken out again. */
    refundsTotal: money('refunds_total').notNull().default(sql`0`),
    /** Refunds that are done. */
    refunded: money('refunded').notNull().default(sql`0`),
    version: integer('version').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    unique('payments_order').on(t.companyId, t.orderId),
    check(
      'payments_status',
      sql`status in ('pending', 'paid', 'partially_refunded', 'refunded', 'cancelled', 'review')`,
    ),
    check(
      'payments_sums',
      sql`amount >= 0 and captured >= 0 and refunds_total between 0 and captured and refunded between 0 and refunds_total`,
    ),
    foreignKey({ columns: [t.companyId, t.orderId], foreignColumns: [orders.companyId, orders.id] }),
  ],
);

/**
 * `starting`: stored before the provider is asked; `pending`: the shopper has its page; `succeeded`: paid;
 * `failed`, `abandoned`: the provider said so; `refused`: the provider would not begin; `lapsed`: never heard of again.
 */
export type AttemptStatus = 'starting' | 'pending' | 'succeeded' | 'failed' | 'abandoned' | 'refused' | 'lapsed';

/** One try to be paid by a provider, under a reference of its own. All of them stay watched until they have ended. */
export const paymentAttempts = pgTable(
  'payment_attempts',
  {
    ...tenantId('patt'),
    paymentId: idColumn('pay', 'payment_id').notNull(),
    provider: text('provider').$type<PaymentProvider>().notNull(),
    /** The id in the provider's alphabet: `patt-01j…`. */
    reference: bytewiseText('reference').notNull(),
    currency: text('currency').notNull(),
    amount: money('amount').notNull(),
    mode: text('mode').$type<'live' | 'test'>().notNull(),
    status: text('status').$type<AttemptStatus>().notNull().default('starting'),
    returnUrl: text('return_url'),
    redirectUrl: text('redirect_url'),
    /** The provider's name of the charge. */
    providerReference: bytewiseText('provider_reference'),
    message: text('message'),
    /** When the provider is asked next; null: no more. */
    nextCheckAt: instantColumn('next_check_at'),
    checks: integer('checks').notNull().default(0),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    relayMayLook(),
    unique('payment_attempts_reference').on(t.companyId, t.provider, t.reference),
    check(
      'payment_attempts_status',
      sql`status in ('starting', 'pending', 'succeeded', 'failed', 'abandoned', 'refused', 'lapsed')`,
    ),
    index('payment_attempts_payment').on(t.companyId, t.paymentId, t.id),
    index('payment_attempts_check').on(t.companyId, t.nextCheckAt).where(sql`next_check_at is not null`),
    foreignKey({ columns: [t.companyId, t.paymentId], foreignColumns: [payments.companyId, payments.id] }),
  ],
);

export type TransactionType = 'authorise' | 'charge' | 'refund' | 'void';
export type TransactionStatus = 'pending' | 'succeeded' | 'failed';

/** The ledger: what a provider (or, for `manual`, a person) said of money, each fact once. It only grows. */
export const paymentTransactions = pgTable(
  'payment_transactions',
  {
    ...tenantId('ptx'),
    paymentId: idColumn('pay', 'payment_id').notNull(),
    attemptId: idColumn('patt', 'attempt_id'),
    refundId: idColumn('rfd', 'refund_id'),
    provider: text('provider').$type<PaymentProvider>().notNull(),
    type: text('type').$type<TransactionType>().notNull(),
    status: text('status').$type<TransactionStatus>().notNull(),
    currency: text('currency').notNull(),
    amount: money('amount').notNull(),
    /** What the provider kept, where it says so. */
    fee: money('fee'),
    providerReference: bytewiseText('provider_reference').notNull(),
    /** Who told: `hook`, `return`, `reconciler`, `staff`, `start`. */
    source: text('source').notNull(),
    message: text('message'),
    occurredAt: instantColumn('occurred_at').notNull().default(sql`now()`),
    createdAt: createdAt(),
  },
  (t) => [
    ...walls(t),
    unique('payment_transactions_once').on(t.companyId, t.provider, t.providerReference, t.type, t.status),
    check('payment_transactions_type', sql`type in ('authorise', 'charge', 'refund', 'void')`),
    check('payment_transactions_status', sql`status in ('pending', 'succeeded', 'failed')`),
    check('payment_transactions_amount', sql`amount >= 0`),
    index('payment_transactions_payment').on(t.companyId, t.paymentId, t.id),
    foreignKey({ columns: [t.companyId, t.paymentId], foreignColumns: [payments.companyId, payments.id] }),
  ],
);

/** `starting`: stored before the provider is asked; `refused`, `failed`: nothing was given back. */
export type RefundStatus = 'starting' | 'pending' | 'succeeded' | 'failed' | 'refused' | 'needs_attention';

/** `request`: somebody asked; `cancellation`; `late_payment`, `second_payment`: made by themselves. */
export type RefundCause = 'request' | 'cancellation' | 'late_payment' | 'second_payment';

/** What of an order a refund gives back: amounts of whole lines' shares, of shipping, and free ones. Minor units as text. */
export interface RefundParts {
  lines: readonly { orderLineId: Id<'oli'>; quantity: number; amount: string }[];
  shipping: string;
  /** A free amount, for which a reason is asked. */
  other: string;
}

export const refunds = pgTable(
  'refunds',
  {
    ...tenantId('rfd'),
    paymentId: idColumn('pay', 'payment_id').notNull(),
    orderId: idColumn('ord', 'order_id').notNull(),
    attemptId: idColumn('patt', 'attempt_id'),
    provider: text('provider').$type<PaymentProvider>().notNull(),
    currency: text('currency').notNull(),
    amount: money('amount').notNull(),
    status: text('status').$type<RefundStatus>().notNull().default('starting'),
    cause: text('cause').$type<RefundCause>().notNull(),
    /** Makes those made by themselves happen once: the transaction they answer. */
    causeId: text('cause_id'),
    reason: text('reason').notNull(),
    parts: jsonb('parts').$type<RefundParts>().notNull(),
    providerReference: bytewiseText('provider_reference'),
    message: text('message'),
    nextCheckAt: instantColumn('next_check_at'),
    checks: integer('checks').notNull().default(0),
    actorType: text('actor_type').notNull(),
    actorId: text('actor_id').notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    relayMayLook(),
    check(
      'refunds_status',
      sql`status in ('starting', 'pending', 'succeeded', 'failed', 'refused', 'needs_attention')`,
    ),
    check('refunds_cause_known', sql`cause in ('request', 'cancellation', 'late_payment', 'second_payment')`),
    check('refunds_amount', sql`amount > 0`),
    uniqueIndex('refunds_cause').on(t.companyId, t.cause, t.causeId).where(sql`cause_id is not null`),
    index('refunds_payment').on(t.companyId, t.paymentId, t.id),
    index('refunds_check').on(t.companyId, t.nextCheckAt).where(sql`next_check_at is not null`),
    foreignKey({ columns: [t.companyId, t.paymentId], foreignColumns: [payments.companyId, payments.id] }),
    foreignKey({ columns: [t.companyId, t.orderId], foreignColumns: [orders.companyId, orders.id] }),
  ],
);

export type NoticeStatus = 'waiting' | 'done' | 'ignored' | 'failed';

/** The inbox: a webhook of a provider as it came, its signature proved, stored before it is answered 200. */
export const paymentNotices = pgTable(
  'payment_notices',
  {
    ...tenantId('pin'),
    provider: text('provider').$type<PaymentProvider>().notNull(),
    /** SHA-256 of the body, hex: the same delivery twice is one row. */
    digest: bytewiseText('digest').notNull(),
    eventKey: text('event_key').notNull(),
    type: text('type').notNull(),
    body: text('body').notNull(),
    reference: bytewiseText('reference'),
    refundReference: bytewiseText('refund_reference'),
    status: text('status').$type<NoticeStatus>().notNull().default('waiting'),
    dueAt: instantColumn('due_at').notNull().default(sql`now()`),
    attempts: integer('attempts').notNull().default(0),
    message: text('message'),
    receivedAt: createdAt(),
    doneAt: instantColumn('done_at'),
  },
  (t) => [
    ...walls(t),
    relayMayLook(),
    unique('payment_notices_once').on(t.companyId, t.provider, t.digest),
    check('payment_notices_status', sql`status in ('waiting', 'done', 'ignored', 'failed')`),
    index('payment_notices_due').on(t.companyId, t.dueAt).where(sql`status = 'waiting'`),
    index('payment_notices_reference').on(t.companyId, t.provider, t.reference),
  ],
);

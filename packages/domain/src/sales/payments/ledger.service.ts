import { sql } from 'drizzle-orm';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { EventDefinition } from '../../kernel/events.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import type { PaymentProvider } from './payment-providers.contract.ts';
import { excessOf, type PaymentSums, paymentStatusOf } from './payment-sums.ts';
import { type PaymentRow, summaryOf, type TransactionRow, transactionViewOf } from './payment-views.ts';
import type { paymentCaptured } from './payments.events.ts';
import type { AttemptStatus, PaymentStatus, TransactionStatus, TransactionType } from './payments.schema.ts';

/** Who told a fact of money. */
export type Source = 'hook' | 'return' | 'reconciler' | 'staff' | 'start';

/** A fact as it goes into the ledger. Amounts in minor units. */
export interface Fact {
  readonly attemptId: Id<'patt'> | null;
  readonly refundId?: Id<'rfd'>;
  readonly provider: PaymentProvider;
  readonly type: TransactionType;
  readonly status: TransactionStatus;
  readonly amount: bigint;
  readonly fee?: bigint | null;
  readonly providerReference: string;
  readonly source: Source;
  readonly message: string | null;
  readonly occurredAt?: Instant | null;
}

/** How a fact changes its payment and its attempt. */
export interface Effect {
  /** Added to the sums of the payment. */
  readonly captured?: bigint;
  readonly refundsTotal?: bigint;
  readonly refunded?: bigint;
  readonly status?: PaymentStatus;
  readonly attempt?: { readonly status: AttemptStatus; readonly isWatched: boolean };
}

export interface Booked {
  readonly payment: PaymentRow;
  readonly transaction: TransactionRow;
}

/**
 * Writes a fact down with what it changes, in one statement; the caller holds the payment's lock and gives the row it
 * locked. Undefined: the ledger has it already, and nothing was changed. A fact that is another payment's by the
 * provider's name of it counts as known as well: one charge pays once.
 */
export async function book(ctx: Ctx, before: PaymentRow, fact: Fact, effect: Effect): Promise<Booked | undefined> {
  const sums = sumsAfter(before, effect);
  const excessBack = await excessGivenBack(ctx, sums, before.id);
  const status = effect.status ?? paymentStatusOf(before.status, sums, excessBack);
  const transaction = rowOf(ctx, before, fact);
  const occurredAt = fact.occurredAt ?? null;
  const { attempt } = effect;
  const booked = await ctx.tx.execute(sql`with fact as (
      insert into payment_transactions (company_id, id, payment_id, attempt_id, refund_id, provider, type, status, currency,
        amount, fee, provider_reference, source, message, occurred_at)
      values (${ctx.companyId}, ${transaction.id}, ${before.id}, ${fact.attemptId}, ${transaction.refundId},
        ${fact.provider}, ${fact.type}, ${fact.status}, ${before.currency}, ${fact.amount.toString()}::bigint,
        ${transaction.fee?.toString() ?? null}::bigint, ${fact.providerReference}, ${fact.source}, ${fact.message},
        coalesce(${occurredAt}::timestamptz, now()))
      on conflict do nothing returning id
    ), attempt as (
      update payment_attempts a set status = ${attempt?.status ?? null}, provider_reference = ${fact.providerReference},
        message = ${fact.message}, updated_at = now(),
        next_check_at = case when ${attempt?.isWatched ?? false} then a.next_check_at end
      from fact where a.company_id = ${ctx.companyId} and a.id = ${attempt ? fact.attemptId : null}
      returning a.id
    ), payment as (
      update payments p set captured = ${sums.captured.toString()}::bigint, refunds_total = ${sums.refundsTotal.toString()}::bigint,
        refunded = ${sums.refunded.toString()}::bigint, status = ${status}, version = p.version + 1,
        event_sequence = p.event_sequence + 1, updated_at = now()
      from fact where p.company_id = ${ctx.companyId} and p.id = ${before.id}
      returning p.id
    ) select fact.id from fact`);
  if (booked.length === 0) return undefined;
  const payment = { ...before, ...sums, status, ...raised(before), updatedAt: ctx.now.toISOString() };
  return { payment, transaction };
}

/** Tells a fact that was booked. */
export async function announce(
  ctx: Ctx,
  event: EventDefinition<(typeof paymentCaptured)['data']>,
  { payment, transaction }: Booked,
): Promise<void> {
  const data = { payment: summaryOf(payment), transaction: transactionViewOf(transaction) };
  ctx.audit({ action: event.type, entity: { type: 'payment', id: payment.id }, after: data });
  await emit(ctx, event, { aggregate: { id: payment.id, sequence: payment.eventSequence }, data });
}

/** What of a payment's excess went back already. No statement where there is none. */
export async function excessGivenBack(ctx: Ctx, sums: PaymentSums, paymentId: Id<'pay'>): Promise<bigint> {
  if (excessOf(sums) === 0n) return 0n;
  const [row] = await ctx.tx.execute<{ sum: string }>(sql`select coalesce(sum(r.amount), 0)::text as sum from refunds r
    where r.company_id = ${ctx.companyId} and r.payment_id = ${paymentId} and r.cause = 'second_payment'
      and r.status = 'succeeded'`);
  return BigInt(row?.sum ?? 0);
}

/** What of an attempt's charge we gave back, or are about to. */
export async function givenBackOf(ctx: Ctx, attemptId: Id<'patt'>): Promise<bigint> {
  const [row] = await ctx.tx.execute<{ sum: string }>(sql`select coalesce(sum(r.amount), 0)::text as sum from refunds r
    where r.company_id = ${ctx.companyId} and r.attempt_id = ${attemptId} and r.status not in ('failed', 'refused')`);
  return BigInt(row?.sum ?? 0);
}

const raised = ({ version, eventSequence }: PaymentRow) => ({ version: version + 1, eventSequence: eventSequence + 1 });

const sumsAfter = (before: PaymentRow, effect: Effect): PaymentSums => ({
  amount: before.amount,
  captured: before.captured + (effect.captured ?? 0n),
  refundsTotal: before.refundsTotal + (effect.refundsTotal ?? 0n),
  refunded: before.refunded + (effect.refunded ?? 0n),
});

function rowOf(ctx: Ctx, { id: paymentId, currency }: PaymentRow, fact: Fact): TransactionRow {
  const at = ctx.now.toISOString();
  return {
    companyId: ctx.companyId,
    id: newId('ptx'),
    paymentId,
    attemptId: fact.attemptId,
    refundId: fact.refundId ?? null,
    provider: fact.provider,
    type: fact.type,
    status: fact.status,
    currency,
    amount: fact.amount,
    fee: fact.fee ?? null,
    providerReference: fact.providerReference,
    source: fact.source,
    message: fact.message,
    occurredAt: fact.occurredAt ?? at,
    createdAt: at,
  };
}

import { sql } from 'drizzle-orm';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { EventDefinition } from '../../kernel/events.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { eventRow } from '../../kernel/outbox.ts';
import type { PaymentProvider } from './payment-providers.contract.ts';
import { type Excess, type PaymentSums, paymentStatusOf, surplusOf } from './payment-sums.ts';
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
  /** Left out: the payment's. What does not fit may be of another. */
  readonly currency?: Currency | undefined;
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

/** An event about money: the payment and the fact. */
export type MoneyEvent = EventDefinition<(typeof paymentCaptured)['data']>;

export interface Booked {
  readonly payment: PaymentRow;
  readonly transaction: TransactionRow;
}

/**
 * Writes a fact down with what it changes and, given an event, tells it, in one statement; the caller holds the payment's lock and gives the row it
 * locked. Undefined: the ledger has it already, and nothing was changed. A fact that is another payment's by the
 * provider's name of it counts as known as well: one charge pays once.
 */
export async function book(
  ctx: Ctx,
  before: PaymentRow,
  fact: Fact,
  effect: Effect,
  event?: MoneyEvent,
): Promise<Booked | undefined> {
  const sums = sumsAfter(before, effect);
  const { came, back } = await excessOf(ctx, before);
  const excess = { came: came + surplusOf(before, effect.captured ?? 0n), back };
  const status = effect.status ?? paymentStatusOf(before.status, sums, excess);
  const transaction = rowOf(ctx, before, fact);
  const occurredAt = fact.occurredAt ?? null;
  const { attempt } = effect;
  const payment: PaymentRow = { ...before, ...sums, status, ...raised(before), updatedAt: ctx.now.toISOString() };
  const data = { payment: summaryOf(payment), transaction: transactionViewOf(transaction) };
  const aggregate = { id: payment.id, sequence: payment.eventSequence };
  const booked = await ctx.tx.execute(sql`with fact as (
      insert into payment_transactions (company_id, id, payment_id, attempt_id, refund_id, provider, type, status, currency,
        amount, fee, provider_reference, source, message, occurred_at)
      values (${ctx.companyId}, ${transaction.id}, ${before.id}, ${fact.attemptId}, ${transaction.refundId},
        ${fact.provider}, ${fact.type}, ${fact.status}, ${transaction.currency}, ${fact.amount.toString()}::bigint,
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
    )${event ? told(eventRow(ctx, event, { aggregate, data })) : sql.empty()} select fact.id from fact`);
  if (booked.length === 0) return undefined;
  if (event) {
    ctx.audit({ action: event.type, entity: { type: 'payment', id: payment.id }, after: data });
    ctx.nudge();
  }
  return { payment, transaction };
}

/** The event of a fact, for the statement that books it. */
const told = (row: ReturnType<typeof eventRow>) => sql`, told as (
      insert into events (company_id, id, type, version, aggregate_id, sequence, data)
      select ${row.companyId}, ${row.id}, ${row.type}, ${row.version}::int, ${row.aggregateId}, ${row.sequence}::int,
        ${JSON.stringify(row.data)}::text::jsonb
      from fact returning id
    )`;

/**
 * What came in for a payment beyond its due, and what of that went back: every surplus has its refund, whatever became of
 * that. No statement where there is none.
 */
export async function excessOf(
  ctx: Ctx,
  { id, amount, captured }: Pick<PaymentRow, 'id' | 'amount' | 'captured'>,
): Promise<Excess> {
  if (captured <= amount) return { came: 0n, back: 0n };
  const [row] = await ctx.tx.execute<{
    came: string;
    back: string;
  }>(sql`select coalesce(sum(r.amount), 0)::text as came,
      coalesce(sum(r.amount) filter (where r.status = 'succeeded'), 0)::text as back
    from refunds r where r.company_id = ${ctx.companyId} and r.payment_id = ${id} and r.cause = 'second_payment'`);
  return { came: BigInt(row?.came ?? 0), back: BigInt(row?.back ?? 0) };
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
    currency: fact.currency ?? currency,
    amount: fact.amount,
    fee: fact.fee ?? null,
    providerReference: fact.providerReference,
    source: fact.source,
    message: fact.message,
    occurredAt: fact.occurredAt ?? at,
    createdAt: at,
  };
}

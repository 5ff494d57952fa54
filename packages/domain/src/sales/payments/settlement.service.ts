import { eq, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { noteOnOrder } from '../orders/order-changes.service.ts';
import { flagOrder, markPaid, reviveOrder } from '../orders/paid.service.ts';
import { mismatchOf } from './charge-check.ts';
import type { ChargeFacts } from './gateway.ts';
import { announce, type Booked, book, excessGivenBack, givenBackOf, type Source } from './ledger.service.ts';
import { noticeDone } from './notices.service.ts';
import type { PaymentProvider } from './payment-providers.contract.ts';
import { excessOf, orderSums, refundableOf } from './payment-sums.ts';
import type { AttemptRow, PaymentRow } from './payment-views.ts';
import { paymentCaptured, paymentFailed, paymentReviewNeeded } from './payments.events.ts';
import { type AttemptStatus, paymentAttempts, payments } from './payments.schema.ts';
import { beginRefund } from './refund-begin.service.ts';

/** What a provider told of one of our references, and on whose account we asked. */
export interface Told {
  readonly provider: PaymentProvider;
  /** Ours: what was asked about. The facts have to agree with it. */
  readonly reference: string;
  readonly facts: ChargeFacts;
  readonly source: Source;
  /** The webhook for whose sake we asked: it is dealt with by this. */
  readonly noticeId?: Id<'pin'>;
}

/**
 * What became of it. `paid`: it pays the order; `late`: the order is over, so the money goes back; `second`: it was paid
 * already, so the surplus goes back; `mismatch`: not what was asked for, never paid; `ended`: not paid by this attempt;
 * `waiting`: may still be; `known`: nothing new.
 */
export type Outcome = 'paid' | 'late' | 'second' | 'mismatch' | 'ended' | 'waiting' | 'known';

export interface Settled {
  readonly outcome: Outcome;
  readonly payment: PaymentRow;
  readonly attempt: AttemptRow;
}

/** Attempts only move forward. What was ended may still turn out paid, for a page stays open; paid is the end. */
const MAY_END: ReadonlySet<AttemptStatus> = new Set(['starting', 'pending', 'failed', 'abandoned']);

/**
 * The one way by which what a provider says becomes money of ours: the returning browser, the webhook and the reconciler
 * all come here, in any order and any number of times, for one effect. Locks payment, then order. `facts` are the answer
 * of the provider's own query; nothing a browser or a webhook says belongs in here. Undefined: no such reference is ours.
 */
export async function settle(ctx: Ctx, told: Told): Promise<Settled | undefined> {
  const [locked] = await (told.noticeId ? ctx.tx.with(noticeDone(ctx, told.noticeId)) : ctx.tx)
    .select({ payment: payments, attempt: paymentAttempts })
    .from(paymentAttempts)
    .innerJoin(
      payments,
      sql`${payments.companyId} = ${paymentAttempts.companyId} and ${payments.id} = ${paymentAttempts.paymentId}`,
    )
    .where(
      mine(
        ctx,
        paymentAttempts,
        eq(paymentAttempts.provider, told.provider),
        eq(paymentAttempts.reference, told.reference),
      ),
    )
    .for('update', { of: [payments, paymentAttempts] });
  if (!locked) return undefined;
  const { payment, attempt } = locked;
  switch (told.facts.state) {
    case 'succeeded':
      return succeeded(ctx, payment, attempt, told);
    case 'reversed':
      return reversed(ctx, payment, attempt, told);
    case 'failed':
    case 'abandoned':
      return notPaid(ctx, payment, attempt, told, told.facts.state);
    default:
      return { outcome: 'waiting', payment, attempt };
  }
}

async function succeeded(ctx: Ctx, payment: PaymentRow, attempt: AttemptRow, told: Told): Promise<Settled> {
  const { facts, source } = told;
  const fault = mismatchOf(attempt, facts);
  if (fault) return doubted(ctx, payment, attempt, told, fault);
  if (attempt.status === 'succeeded') return { outcome: 'known', payment, attempt };
  const booked = await book(
    ctx,
    payment,
    {
      attemptId: attempt.id,
      provider: told.provider,
      type: 'charge',
      status: 'succeeded',
      amount: attempt.amount,
      fee: facts.fee,
      providerReference: facts.providerReference ?? '', // `mismatchOf` has proved it
      source,
      message: facts.message,
      occurredAt: facts.paidAt,
    },
    { captured: attempt.amount, attempt: { status: 'succeeded', isWatched: false } },
  );
  // The attempt is not paid, and yet the ledger has this charge: it has paid another one.
  if (!booked) return doubted(ctx, payment, attempt, told, 'this charge of the provider has paid something else');
  await announce(ctx, paymentCaptured, booked);
  const outcome = await tellOrder(ctx, payment, booked);
  return { outcome, payment: booked.payment, attempt: { ...attempt, status: 'succeeded' } };
}

/** Money came in: it is the order's as far as it is asked for, and goes back as far as it is not. */
async function tellOrder(ctx: Ctx, before: PaymentRow, { payment, transaction }: Booked): Promise<Outcome> {
  const surplus = excessOf(payment) - excessOf(before);
  if (surplus > 0n) {
    const reason = 'Paid twice: more came in than was asked for.';
    await beginRefund(ctx, payment, {
      amount: surplus,
      cause: 'second_payment',
      causeId: transaction.id,
      reason,
      from: transaction,
    });
    await noteOnOrder(ctx, payment.orderId, [
      { kind: 'paid_twice', message: 'It was paid a second time; the second payment goes back.' },
    ]);
  }
  if (surplus === transaction.amount) return 'second';
  return honour(ctx, payment, transaction, surplus);
}

/**
 * Lets the order have its money; an order that is over is opened again where it can be, else the money goes back. What
 * staff took by hand they give back by hand. `surplus`: what of it goes back already.
 */
export async function honour(
  ctx: Ctx,
  payment: PaymentRow,
  transaction: Booked['transaction'],
  surplus = 0n,
): Promise<'paid' | 'late'> {
  const sums = orderSums(payment, await excessGivenBack(ctx, payment, payment.id));
  const { isLate } = await markPaid(ctx, payment.orderId, sums);
  if (!isLate || (await reviveOrder(ctx, payment.orderId))) return 'paid';
  if (transaction.provider === 'manual') {
    await flagOrder(
      ctx,
      payment.orderId,
      'Money came in for an order that is over. Give it back, or place a new order.',
    );
    return 'late';
  }
  await flagOrder(ctx, payment.orderId, 'Its payment came when the order was over; the money goes back.');
  const amount = transaction.amount - surplus;
  const reason = 'Paid when the order was over.';
  await beginRefund(ctx, payment, {
    amount,
    cause: 'late_payment',
    causeId: transaction.id,
    reason,
    from: transaction,
  });
  return 'late';
}

/** The provider calls it paid, and it is not what was asked for: kept as a failed fact, and somebody has to look. */
async function doubted(
  ctx: Ctx,
  payment: PaymentRow,
  attempt: AttemptRow,
  { provider, facts, source }: Told,
  fault: string,
): Promise<Settled> {
  const isSettled = attempt.status === 'succeeded';
  const booked = await book(
    ctx,
    payment,
    {
      attemptId: attempt.id,
      provider,
      type: 'charge',
      status: 'failed',
      amount: facts.amount?.amountMinor ?? 0n,
      providerReference: facts.providerReference ?? attempt.reference,
      source,
      message: fault,
    },
    isSettled
      ? {}
      : { status: payment.captured === 0n ? 'review' : payment.status, attempt: { status: 'failed', isWatched: true } },
  );
  if (!booked) return { outcome: 'known', payment, attempt };
  await announce(ctx, paymentReviewNeeded, booked);
  await flagOrder(ctx, payment.orderId, `A payment came that does not fit: ${fault}. It does not count as paid.`);
  return {
    outcome: 'mismatch',
    payment: booked.payment,
    attempt: { ...attempt, status: isSettled ? 'succeeded' : 'failed' },
  };
}

async function notPaid(
  ctx: Ctx,
  payment: PaymentRow,
  attempt: AttemptRow,
  { provider, facts, source }: Told,
  status: 'failed' | 'abandoned',
): Promise<Settled> {
  if (attempt.status === status || !MAY_END.has(attempt.status)) return { outcome: 'known', payment, attempt };
  const ended: AttemptRow = { ...attempt, status, message: facts.message };
  // Whoever left the page has said nothing about money; of a refusal there is something to tell.
  const booked =
    status === 'failed' && facts.providerReference
      ? await book(
          ctx,
          payment,
          {
            attemptId: attempt.id,
            provider,
            type: 'charge',
            status: 'failed',
            amount: attempt.amount,
            providerReference: facts.providerReference,
            source,
            message: facts.message,
          },
          { attempt: { status, isWatched: true } },
        )
      : undefined;
  if (booked) await announce(ctx, paymentFailed, booked);
  else await moveAttempt(ctx, ended);
  return { outcome: 'ended', payment: booked?.payment ?? payment, attempt: ended };
}

/** The provider has taken a charge back. What we gave back ourselves is no news; anything else somebody has to look at. */
async function reversed(ctx: Ctx, payment: PaymentRow, attempt: AttemptRow, told: Told): Promise<Settled> {
  if (attempt.status !== 'succeeded') return notPaid(ctx, payment, attempt, told, 'failed');
  if (refundableOf(payment) === 0n || payment.status === 'refunded') return { outcome: 'known', payment, attempt };
  // Of two charges one may have gone back whole, and the other one stay.
  if ((await givenBackOf(ctx, attempt.id)) >= attempt.amount) return { outcome: 'known', payment, attempt };
  const message = 'The provider says that this charge was reversed.';
  const booked = await book(
    ctx,
    payment,
    {
      attemptId: attempt.id,
      provider: told.provider,
      type: 'void',
      status: 'succeeded',
      amount: attempt.amount,
      providerReference: told.facts.providerReference ?? attempt.reference,
      source: told.source,
      message,
    },
    {},
  );
  if (!booked) return { outcome: 'known', payment, attempt };
  await announce(ctx, paymentReviewNeeded, booked);
  await flagOrder(ctx, payment.orderId, `${message} Look it up there: it was not given back from here.`);
  return { outcome: 'known', payment: booked.payment, attempt };
}

async function moveAttempt(ctx: Ctx, { id, status, message }: AttemptRow): Promise<void> {
  await ctx.tx
    .update(paymentAttempts)
    .set({ status, message, updatedAt: sql`now()` })
    .where(mine(ctx, paymentAttempts, eq(paymentAttempts.id, id)));
}

import { eq, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { noteOnOrder } from '../orders/order-changes.service.ts';
import { flagOrder, markPaid, reviveOrder } from '../orders/paid.service.ts';
import { mismatchOf } from './charge-check.ts';
import type { ChargeFacts } from './gateway.ts';
import { type Booked, book, excessOf, givenBackOf, type Source } from './ledger.service.ts';
import { noticeDone } from './notices.service.ts';
import type { PaymentProvider } from './payment-providers.contract.ts';
import { orderSums, refundableOf, surplusOf } from './payment-sums.ts';
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

const ANOTHERS = 'this charge of the provider has paid something else';

/** Attempts only move forward. What was ended may still turn out paid, for a page stays open; paid is the end. */
const MAY_END: ReadonlySet<AttemptStatus> = new Set(['starting', 'pending', 'failed', 'abandoned']);

/**
 * The one way by which what a provider says becomes money of ours: the returning browser, the webhook and the reconciler
 * all come here, in any order and any number of times, for one effect. Locks payment, then order. `facts` are the answer
 * of the provider's own query; nothing a browser or a webhook says belongs in here. Undefined: no such reference is ours.
 */
export async function settle(ctx: Ctx, told: Told): Promise<Settled | undefined> {
  const [locked] = await (told.noticeId ? ctx.tx.with(noticeDone(ctx, told.noticeId)) : ctx.tx)
    .select({ payment: payments, attempt: paymentAttempts, known: knownOf(told) })
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
  const asked: Asked = { ...told, known: new Set(locked.known) };
  switch (told.facts.state) {
    case 'succeeded':
      return succeeded(ctx, payment, attempt, asked);
    case 'reversed':
      return reversed(ctx, payment, attempt, asked);
    case 'failed':
    case 'abandoned':
      return notPaid(ctx, payment, attempt, asked, told.facts.state);
    default:
      return { outcome: 'waiting', payment, attempt };
  }
}

interface Asked extends Told {
  /** What the ledger has of this charge, like `charge:failed`. Whoever tells of that again changes nothing. */
  readonly known: ReadonlySet<string>;
}

/** The provider's name of a charge; one it has no name for has ours. */
const nameOf = ({ facts, reference }: Told): string => facts.providerReference ?? reference;

/** Read with the lock: it may have been written since, which `book` finds out. */
const knownOf = (told: Told) =>
  sql<string[]>`array(select t.type || ':' || t.status from payment_transactions t
    where t.company_id = ${paymentAttempts.companyId} and t.provider = ${told.provider}
      and t.provider_reference = ${nameOf(told)})`;

/** Nothing new. What the ledger turned out to have already is noted, for it was tried to be written. */
function known(ctx: Ctx, payment: PaymentRow, attempt: AttemptRow, wasTried = false): Settled {
  if (wasTried) ctx.audit({ action: 'payment.told_again', entity: { type: 'payment', id: payment.id } });
  return { outcome: 'known', payment, attempt };
}

async function succeeded(ctx: Ctx, payment: PaymentRow, attempt: AttemptRow, told: Asked): Promise<Settled> {
  const { facts, source } = told;
  const fault = mismatchOf(attempt, facts);
  if (fault) return doubted(ctx, payment, attempt, told, fault);
  if (attempt.status === 'succeeded') return known(ctx, payment, attempt);
  if (told.known.has('charge:succeeded')) return doubted(ctx, payment, attempt, told, ANOTHERS);
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
      providerReference: nameOf(told),
      source,
      message: facts.message,
      occurredAt: facts.paidAt,
    },
    { captured: attempt.amount, attempt: { status: 'succeeded', isWatched: false } },
    paymentCaptured,
  );
  // The attempt is not paid, and yet the ledger has this charge: it has paid another one.
  if (!booked) return doubted(ctx, payment, attempt, told, ANOTHERS);
  const outcome = await tellOrder(ctx, payment, booked);
  return { outcome, payment: booked.payment, attempt: { ...attempt, status: 'succeeded' } };
}

/** Money came in: it is the order's as far as it is asked for, and goes back as far as it is not. */
async function tellOrder(ctx: Ctx, before: PaymentRow, { payment, transaction }: Booked): Promise<Outcome> {
  const surplus = surplusOf(before, transaction.amount);
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
  const sums = orderSums(payment, await excessOf(ctx, payment));
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
  told: Asked,
  fault: string,
): Promise<Settled> {
  const { provider, facts, source } = told;
  const isSettled = attempt.status === 'succeeded';
  if (told.known.has('charge:failed')) return known(ctx, payment, attempt);
  const booked = await book(
    ctx,
    payment,
    {
      attemptId: attempt.id,
      provider,
      type: 'charge',
      status: 'failed',
      amount: facts.amount?.amountMinor ?? 0n,
      currency: facts.amount?.currency,
      providerReference: nameOf(told),
      source,
      message: fault,
    },
    isSettled
      ? {}
      : { status: payment.captured === 0n ? 'review' : payment.status, attempt: { status: 'failed', isWatched: true } },
    paymentReviewNeeded,
  );
  if (!booked) return known(ctx, payment, attempt, true);
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
  told: Asked,
  status: 'failed' | 'abandoned',
): Promise<Settled> {
  const { provider, facts, source } = told;
  if (attempt.status === status || !MAY_END.has(attempt.status)) return known(ctx, payment, attempt);
  const ended: AttemptRow = { ...attempt, status, message: facts.message };
  // Whoever left the page has said nothing about money; of a refusal there is something to tell.
  const booked =
    status === 'failed' && facts.providerReference && !told.known.has('charge:failed')
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
          paymentFailed,
        )
      : undefined;
  if (!booked) await moveAttempt(ctx, ended);
  return { outcome: 'ended', payment: booked?.payment ?? payment, attempt: ended };
}

/** The provider has taken a charge back. What we gave back ourselves is no news; anything else somebody has to look at. */
async function reversed(ctx: Ctx, payment: PaymentRow, attempt: AttemptRow, told: Asked): Promise<Settled> {
  if (attempt.status !== 'succeeded') return notPaid(ctx, payment, attempt, told, 'failed');
  if (refundableOf(payment) === 0n || payment.status === 'refunded') return known(ctx, payment, attempt);
  if (told.known.has('void:succeeded')) return known(ctx, payment, attempt);
  // Of two charges one may have gone back whole, and the other one stay.
  if ((await givenBackOf(ctx, attempt.id)) >= attempt.amount) return known(ctx, payment, attempt);
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
      providerReference: nameOf(told),
      source: told.source,
      message,
    },
    {},
    paymentReviewNeeded,
  );
  if (!booked) return known(ctx, payment, attempt, true);
  await flagOrder(ctx, payment.orderId, `${message} Look it up there: it was not given back from here.`);
  return { outcome: 'known', payment: booked.payment, attempt };
}

async function moveAttempt(ctx: Ctx, { id, status, message }: AttemptRow): Promise<void> {
  await ctx.tx
    .update(paymentAttempts)
    .set({ status, message, updatedAt: sql`now()` })
    .where(mine(ctx, paymentAttempts, eq(paymentAttempts.id, id)));
}

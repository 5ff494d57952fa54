import { and, asc, eq, gt, lte, sql } from 'drizzle-orm';
import { insertAll } from '../../kernel/bulk-write.ts';
import { after } from '../../kernel/clock.ts';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { CompanyId, Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { runText, type TextStatement } from '../../kernel/text-statement.ts';
import { type OrderLifecycle, orders } from '../orders/orders.schema.ts';
import { CHECK_LEASE_SECONDS } from './check-schedule.ts';
import type { GatewayCredentials } from './gateway.ts';
import { credentialsOf } from './payment-means.service.ts';
import type { PaymentProvider } from './payment-providers.contract.ts';
import { attemptRow, type PaymentWish, paymentRows } from './payment-rows.ts';
import { dueOf } from './payment-sums.ts';
import { PaymentNotOpen } from './payments.errors.ts';
import { paymentAttempts, payments } from './payments.schema.ts';

/** How long a page of a provider is taken to be good. Afterwards a new attempt is begun rather than an old page shown. */
const PAGE_GOOD_MINUTES = 20;

export type AttemptRow = typeof paymentAttempts.$inferSelect;
type PaymentRow = typeof payments.$inferSelect;

const INSERT_PAYMENT: TextStatement<'company' | 'payment' | 'order' | 'currency' | 'amount' | 'provider'> = {
  text: `insert into payments (company_id, id, order_id, currency, amount, provider)
    values ($1::text, $2::text, $3::text, $4::text, $5::bigint, $6::text)`,
  names: ['company', 'payment', 'order', 'currency', 'amount', 'provider'],
};

/**
 * Stores a new order's payment with its first attempt, in one statement. Whoever writes rows of its own takes
 * `paymentRows` instead.
 */
export async function openPayment(
  ctx: Ctx,
  wish: PaymentWish,
): Promise<{ paymentId: Id<'pay'>; attemptId: Id<'patt'> | null }> {
  const { payment, attempt } = paymentRows(wish, ctx.now);
  const { id: paymentId, orderId, currency } = payment;
  const { provider } = wish;
  const amount = wish.amount.toString();
  if (!attempt) {
    const values = { company: ctx.companyId, payment: paymentId, order: orderId, currency, amount, provider };
    await runText(ctx, INSERT_PAYMENT, values);
    return { paymentId, attemptId: null };
  }
  await ctx.tx.execute(sql`with payment as (
      insert into payments (company_id, id, order_id, currency, amount, provider)
      values (${ctx.companyId}, ${paymentId}, ${orderId}, ${currency}, ${amount}::bigint, ${provider})
    ) insert into payment_attempts (company_id, id, payment_id, provider, reference, currency, amount, mode, return_url,
      next_check_at)
    values (${ctx.companyId}, ${attempt.id}, ${paymentId}, ${provider}, ${attempt.reference}, ${currency},
      ${amount}::bigint, ${wish.mode}, ${wish.returnUrl}, ${attempt.nextCheckAt}::timestamptz)`);
  return { paymentId, attemptId: attempt.id };
}

/** How a shopper wants to pay what is asked for. */
export interface StartWish {
  readonly paymentId: Id<'pay'>;
  readonly provider: PaymentProvider;
  readonly returnUrl: string | null;
  /** An attempt that was stored a moment ago and that nobody has begun. */
  readonly attemptId?: Id<'patt'> | null;
  /** An old page is not good enough: begin anew. */
  readonly isAnew?: boolean;
}

/** What a provider has to be told to begin, or that there is nothing to begin. */
export type StartPlan =
  | { readonly kind: 'nothing'; readonly payment: PaymentRow }
  | { readonly kind: 'page'; readonly payment: PaymentRow; readonly redirectUrl: string }
  | {
      readonly kind: 'begin';
      readonly payment: PaymentRow;
      readonly attempt: Pick<AttemptRow, 'id' | 'reference' | 'amount' | 'currency' | 'returnUrl'>;
      readonly order: { readonly id: Id<'ord'>; readonly number: string; readonly email: string };
      readonly credentials: GatewayCredentials;
    };

/**
 * Decides how a payment goes on: by a page that is still good, by the attempt just stored, or by a new one under a
 * reference of its own. Throws `NotFound`, `PaymentNotOpen`, `ProviderNotSetUp`.
 */
export async function planStart(ctx: Ctx, wish: StartWish): Promise<StartPlan> {
  const stored = await storedStart(ctx, wish);
  if (stored) return stored;
  const { payment, order } = await lockForStart(ctx, wish.paymentId);
  const due = dueOf(payment);
  // What does not fit waits for a person, but whoever has paid nothing yet may still pay.
  const isOpen = payment.status === 'pending' || (payment.status === 'review' && payment.captured === 0n);
  if (!isOpen || due === 0n) throw new PaymentNotOpen(payment.status);
  if (wish.provider === 'manual') return { kind: 'nothing', payment: await chosen(ctx, payment, 'manual') };
  const attempts = await ctx.tx
    .select()
    .from(paymentAttempts)
    .where(mine(ctx, paymentAttempts, eq(paymentAttempts.paymentId, payment.id)));
  const fits = (one: AttemptRow) =>
    one.provider === wish.provider && one.amount === due && one.returnUrl === wish.returnUrl && !wish.isAnew;
  const page = attempts.find((one) => fits(one) && hasGoodPage(one, ctx.now));
  if (page?.redirectUrl) return { kind: 'page', payment, redirectUrl: page.redirectUrl };
  const credentials = await credentialsOf(ctx, wish.provider);
  const attempt = await addAttempt(ctx, payment, wish, credentials.mode);
  return { kind: 'begin', payment: await chosen(ctx, payment, wish.provider), attempt, order, credentials };
}

/**
 * The attempt that was stored with the order a moment ago: nobody else knows of it, so nothing is locked. One statement,
 * and one for the credentials.
 */
async function storedStart(ctx: Ctx, { paymentId, attemptId, provider }: StartWish): Promise<StartPlan | undefined> {
  if (!attemptId) return undefined;
  const { id, number, email, lifecycle } = orders;
  const [found] = await ctx.tx
    .select({ payment: payments, attempt: paymentAttempts, order: { id, number, email, lifecycle } })
    .from(paymentAttempts)
    .innerJoin(
      payments,
      and(eq(payments.companyId, paymentAttempts.companyId), eq(payments.id, paymentAttempts.paymentId)),
    )
    .innerJoin(orders, and(eq(orders.companyId, payments.companyId), eq(orders.id, payments.orderId)))
    .where(
      mine(
        ctx,
        paymentAttempts,
        eq(paymentAttempts.id, attemptId),
        eq(payments.id, paymentId),
        eq(payments.status, 'pending'),
      ),
    );
  if (found?.attempt.provider !== provider || found.attempt.status !== 'starting') return undefined;
  const credentials = await credentialsOf(ctx, provider, found.attempt.mode);
  return { kind: 'begin', ...found, credentials };
}

/** What a provider said to the beginning of an attempt. */
export type StartOutcome = { readonly redirectUrl: string } | { readonly code: string; readonly message: string };

/** Writes down how an attempt began. What a hook may have said of it meanwhile stays. */
export async function recordStart(ctx: Ctx, attemptId: Id<'patt'>, outcome: StartOutcome): Promise<void> {
  const isNew = sql`${paymentAttempts.status} = 'starting'`;
  const set =
    'redirectUrl' in outcome
      ? {
          redirectUrl: outcome.redirectUrl,
          status: sql`case when ${isNew} then 'pending' else ${paymentAttempts.status} end`,
        }
      : {
          status: sql`case when ${isNew} then 'refused' else ${paymentAttempts.status} end`,
          nextCheckAt: sql`case when ${isNew} then null else ${paymentAttempts.nextCheckAt} end`,
          message: `${outcome.code}: ${outcome.message}`,
        };
  await ctx.tx
    .update(paymentAttempts)
    .set({ ...set, updatedAt: sql`now()` })
    .where(mine(ctx, paymentAttempts, eq(paymentAttempts.id, attemptId)));
}

/** Attempts of a payment that may still be paid, the newest first: what a returning browser asks about. */
export async function liveAttempts(ctx: Ctx, paymentId: Id<'pay'>, most: number): Promise<AttemptRow[]> {
  const rows = await ctx.tx
    .select()
    .from(paymentAttempts)
    .where(mine(ctx, paymentAttempts, eq(paymentAttempts.paymentId, paymentId)));
  return rows
    .filter(({ status }) => status !== 'succeeded' && status !== 'refused' && status !== 'lapsed')
    .sort((a, b) => (a.id < b.id ? 1 : -1))
    .slice(0, most);
}

/** Takes attempts that are due to be asked about, for a minute: others leave them alone meanwhile. */
export async function leaseAttempts(ctx: Ctx, most: number): Promise<AttemptRow[]> {
  // As a `with`: a sub-select may be run for every row that is compared, and take others each time.
  const due = ctx.tx.$with('due').as(
    ctx.tx
      .select({ id: paymentAttempts.id })
      .from(paymentAttempts)
      .where(mine(ctx, paymentAttempts, lte(paymentAttempts.nextCheckAt, sql`now()`)))
      .orderBy(asc(paymentAttempts.nextCheckAt))
      .limit(most)
      .for('update', { skipLocked: true }),
  );
  return ctx.tx
    .with(due)
    .update(paymentAttempts)
    .set({
      nextCheckAt: after(ctx.now, CHECK_LEASE_SECONDS),
      checks: sql`${paymentAttempts.checks} + 1`,
    })
    .where(mine(ctx, paymentAttempts, sql`${paymentAttempts.id} in (select id from ${due})`))
    .returning();
}

/** In which companies attempts are due. As the relay role, which sees no more than that. */
export async function companiesWithDueAttempts(tx: Tx, limit: number, behind?: CompanyId): Promise<CompanyId[]> {
  const rows = await tx
    .select({ companyId: paymentAttempts.companyId })
    .from(paymentAttempts)
    .where(and(lte(paymentAttempts.nextCheckAt, sql`now()`), behind && gt(paymentAttempts.companyId, behind)))
    .groupBy(paymentAttempts.companyId)
    .orderBy(asc(paymentAttempts.companyId))
    .limit(limit);
  return rows.map(({ companyId }) => companyId);
}

async function lockForStart(ctx: Ctx, paymentId: Id<'pay'>): Promise<{ payment: PaymentRow; order: StartOrder }> {
  const [payment] = await ctx.tx
    .select()
    .from(payments)
    .where(mine(ctx, payments, eq(payments.id, paymentId)))
    .for('update');
  if (!payment) throw new NotFound('payment');
  const [order] = await ctx.tx.execute<
    StartOrder & Record<string, unknown>
  >(sql`select o.id, o.number, o.email, o.lifecycle
    from orders o where o.company_id = ${ctx.companyId} and o.id = ${payment.orderId}`);
  if (!order) throw new NotFound('order');
  if (order.lifecycle !== 'pending' && order.lifecycle !== 'open') throw new PaymentNotOpen(order.lifecycle);
  return { payment, order };
}

interface StartOrder {
  readonly id: Id<'ord'>;
  readonly number: string;
  readonly email: string;
  readonly lifecycle: OrderLifecycle;
}

function hasGoodPage({ status, redirectUrl, createdAt }: AttemptRow, now: Date): boolean {
  const age = now.getTime() - Date.parse(createdAt);
  return status === 'pending' && redirectUrl !== null && age < PAGE_GOOD_MINUTES * 60_000;
}

async function addAttempt(
  ctx: Ctx,
  payment: PaymentRow,
  { provider, returnUrl }: StartWish,
  mode: 'live' | 'test',
): Promise<Pick<AttemptRow, 'id' | 'reference' | 'amount' | 'currency' | 'returnUrl'>> {
  const { currency } = payment;
  const amount = dueOf(payment);
  const row = attemptRow(payment.id, { amount, currency, provider, mode, returnUrl }, ctx.now);
  await insertAll(ctx, paymentAttempts, [row]);
  return { ...row, amount, currency, returnUrl };
}

/** The way the shopper took last is the payment's. */
async function chosen(ctx: Ctx, payment: PaymentRow, provider: PaymentProvider): Promise<PaymentRow> {
  if (payment.provider === provider) return payment;
  const [row] = await ctx.tx
    .update(payments)
    .set({ provider, updatedAt: sql`now()` })
    .where(mine(ctx, payments, eq(payments.id, payment.id)))
    .returning();
  return row ?? payment;
}

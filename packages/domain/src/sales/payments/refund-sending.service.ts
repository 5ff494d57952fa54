import { and, asc, eq, gt, inArray, lte, sql } from 'drizzle-orm';
import { after } from '../../kernel/clock.ts';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import type { CompanyId, Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { CHECK_LEASE_SECONDS, nextCheck } from './check-schedule.ts';
import type { GatewayCredentials, RefundStart } from './gateway.ts';
import { credentialsOf } from './payment-means.service.ts';
import type { PaymentProvider } from './payment-providers.contract.ts';
import type { RefundRow } from './payment-views.ts';
import { paymentAttempts, refunds } from './payments.schema.ts';

/** Far more than a charge has. */
const REFUNDS_OF_CHARGE_MAX = 50;
/** Of these a provider may still have something to say. */
const OPEN = ['starting', 'pending', 'needs_attention'] as const;

/** What a provider's adapter needs to give money back. */
export interface RefundOrder {
  readonly provider: PaymentProvider;
  readonly credentials: GatewayCredentials;
  readonly start: RefundStart;
}

/** What to tell the provider of a refund. Never part of an answer. Throws `ProviderNotSetUp`. */
export async function refundOrderOf(ctx: Ctx, refund: RefundRow): Promise<RefundOrder> {
  const [attempt] = await ctx.tx
    .select()
    .from(paymentAttempts)
    .where(mine(ctx, paymentAttempts, eq(paymentAttempts.id, refund.attemptId ?? 'patt_none')));
  if (!attempt?.providerReference) throw new Error(`Refund ${refund.id} is of a charge that no provider knows`);
  const { reference, providerReference, mode } = attempt;
  const amount = { amountMinor: refund.amount, currency: refund.currency };
  const start = { reference, providerReference, amount, refundId: refund.id, reason: refund.reason };
  return { provider: refund.provider, credentials: await credentialsOf(ctx, refund.provider, mode), start };
}

/** Takes refunds that are due to be sent or asked about, for a minute. */
export function leaseRefunds(ctx: Ctx, most: number): Promise<RefundRow[]> {
  // As a `with`: a sub-select may be run for every row that is compared, and take others each time.
  const due = ctx.tx.$with('due').as(
    ctx.tx
      .select({ id: refunds.id })
      .from(refunds)
      .where(mine(ctx, refunds, lte(refunds.nextCheckAt, sql`now()`)))
      .orderBy(asc(refunds.nextCheckAt))
      .limit(most)
      .for('update', { skipLocked: true }),
  );
  return ctx.tx
    .with(due)
    .update(refunds)
    .set({
      nextCheckAt: after(ctx.now, CHECK_LEASE_SECONDS),
      checks: sql`${refunds.checks} + 1`,
    })
    .where(mine(ctx, refunds, sql`${refunds.id} in (select id from ${due})`))
    .returning();
}

/**
 * The open refunds of a charge that somebody has taken up, because the provider says that something happened to one of
 * them. They are to be asked about and not sent: whoever holds their lease does that.
 */
export const openRefundsOf = (ctx: Ctx, attemptId: Id<'patt'>): Promise<RefundRow[]> =>
  ctx.tx
    .select()
    .from(refunds)
    .where(
      mine(ctx, refunds, and(eq(refunds.attemptId, attemptId), inArray(refunds.status, OPEN), gt(refunds.checks, 0))),
    )
    .orderBy(asc(refunds.id))
    .limit(REFUNDS_OF_CHARGE_MAX);

/** When to ask next of a refund that nothing new is known of. */
export async function putOffRefund(ctx: Ctx, { id, checks }: RefundRow): Promise<void> {
  await ctx.tx
    .update(refunds)
    .set({ nextCheckAt: nextCheck(ctx.now, checks) })
    .where(mine(ctx, refunds, eq(refunds.id, id)));
}

/**
 * Takes down that a refund is sent now, before it is. False: somebody else has taken it up since it was read, or knows
 * more of it, so it must not be sent. Every lease raises `checks`, and only the latest may send.
 */
export async function noteSent(ctx: Ctx, { id, checks }: RefundRow): Promise<boolean> {
  const noted = await ctx.tx
    .update(refunds)
    .set({ updatedAt: sql`now()` })
    .where(mine(ctx, refunds, and(eq(refunds.id, id), eq(refunds.status, 'starting'), eq(refunds.checks, checks))))
    .returning({ id: refunds.id });
  return noted.length > 0;
}

/** In which companies refunds are due. As the relay role, which sees no more than that. */
export async function companiesWithDueRefunds(tx: Tx, limit: number, behind?: CompanyId): Promise<CompanyId[]> {
  const rows = await tx
    .select({ companyId: refunds.companyId })
    .from(refunds)
    .where(and(lte(refunds.nextCheckAt, sql`now()`), behind && gt(refunds.companyId, behind)))
    .groupBy(refunds.companyId)
    .orderBy(asc(refunds.companyId))
    .limit(limit);
  return rows.map(({ companyId }) => companyId);
}

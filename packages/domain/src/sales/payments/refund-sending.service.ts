import { and, asc, eq, gt, inArray, lte, type SQL, sql } from 'drizzle-orm';
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
export const leaseRefunds = (ctx: Ctx, most: number): Promise<RefundRow[]> =>
  lease(ctx, lte(refunds.nextCheckAt, sql`now()`), most);

/** Takes the open refunds of a charge, because the provider says that something happened to one of them. */
export const leaseRefundsOf = (ctx: Ctx, attemptId: Id<'patt'>): Promise<RefundRow[]> =>
  lease(
    ctx,
    and(eq(refunds.attemptId, attemptId), inArray(refunds.status, ['starting', 'pending', 'needs_attention'])),
    REFUNDS_OF_CHARGE_MAX,
  );

/** When to ask next of a refund that nothing new is known of. */
export async function putOffRefund(ctx: Ctx, { id, checks }: RefundRow): Promise<void> {
  await ctx.tx
    .update(refunds)
    .set({ nextCheckAt: nextCheck(ctx.now, checks) })
    .where(mine(ctx, refunds, eq(refunds.id, id)));
}

/** Takes down that it is sent now, once more: before it is. */
export async function noteSent(ctx: Ctx, { id }: RefundRow): Promise<void> {
  await ctx.tx
    .update(refunds)
    .set({ updatedAt: sql`now()` })
    .where(mine(ctx, refunds, eq(refunds.id, id)));
}

function lease(ctx: Ctx, which: SQL | undefined, most: number): Promise<RefundRow[]> {
  // As a `with`: a sub-select may be run for every row that is compared, and take others each time.
  const due = ctx.tx.$with('due').as(
    ctx.tx
      .select({ id: refunds.id })
      .from(refunds)
      .where(mine(ctx, refunds, which))
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
      // Whoever takes it first sends it.
      updatedAt: sql`case when ${refunds.checks} = 0 then now() else ${refunds.updatedAt} end`,
    })
    .where(mine(ctx, refunds, sql`${refunds.id} in (select id from ${due})`))
    .returning();
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

import { createHash } from 'node:crypto';
import { and, asc, eq, gt, inArray, lt, lte, ne, sql } from 'drizzle-orm';
import { after } from '../../kernel/clock.ts';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { type CompanyId, type Id, newId } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { CHECK_LEASE_SECONDS } from './check-schedule.ts';
import type { HookReading } from './gateway.ts';
import type { PaymentProvider } from './payment-providers.contract.ts';
import { secretKeyOf } from './payment-providers.service.ts';
import { type NoticeStatus, paymentNotices } from './payments.schema.ts';

const NO_SUCH_HOOK = 'hook';
/** Seconds until a notice is tried again; the last holds. The reconciler asks about the attempt besides. */
const RETRY_SECONDS = [5, 30, 120, 600, 3_600];
const TRIES_MAX = 30;
const KEPT_DAYS = 30;

/** With what a company's webhooks are verified. Throws `NotFound` where there is no such company or it has no such provider. */
export async function hookSecret(ctx: Ctx, provider: PaymentProvider): Promise<string> {
  const secretKey = await secretKeyOf(ctx, provider);
  if (secretKey === undefined) throw noSuchHook();
  return secretKey;
}

/** The one answer for every address nobody has. */
export const noSuchHook = () => new NotFound(NO_SUCH_HOOK);

/** Puts a webhook whose signature was proved into the inbox; one that came before changes nothing. */
export async function storeNotice(
  ctx: Ctx,
  provider: PaymentProvider,
  body: Uint8Array,
  reading: HookReading,
): Promise<void> {
  const digest = createHash('sha256').update(body).digest('hex');
  const { eventKey, type, reference, refundReference } = reading;
  await ctx.tx
    .insert(paymentNotices)
    .values({
      companyId: ctx.companyId,
      id: newId('pin'),
      provider,
      digest,
      eventKey,
      type,
      // PostgreSQL cannot store U+0000, and JSON has no use for it.
      body: Buffer.from(body).toString('utf8').replaceAll('\0', ''),
      reference,
      refundReference,
    })
    .onConflictDoNothing();
  ctx.nudge();
}

/** A notice, and the attempt it names if that is one of ours. */
export interface TakenNotice {
  readonly id: Id<'pin'>;
  readonly type: string;
  readonly provider: PaymentProvider;
  readonly reference: string | null;
  /** How often it was taken up, this time included. */
  readonly attempts: number;
  readonly attemptId: Id<'patt'> | null;
  readonly mode: 'live' | 'test' | null;
}

/** Takes the company's next notices for a minute; another worker has them afterwards, should this one die. One statement. */
export async function leaseNotices(ctx: Ctx, most: number): Promise<TakenNotice[]> {
  // As a `with`: a sub-select may be run for every row that is compared, and take another notice each time.
  return ctx.tx.execute<TakenNotice & Record<string, unknown>>(sql`with due as (
      select n.id from payment_notices n
      where n.company_id = ${ctx.companyId} and n.status = 'waiting' and n.due_at <= now()
      order by n.due_at limit ${most} for update skip locked
    ), taken as (
      update payment_notices n set due_at = ${after(ctx.now, CHECK_LEASE_SECONDS)}, attempts = n.attempts + 1
      from due where n.company_id = ${ctx.companyId} and n.id = due.id
      returning n.company_id, n.id, n.type, n.provider, n.reference, n.attempts
    ) select t.id, t.type, t.provider, t.reference, t.attempts, a.id as "attemptId", a.mode
    from taken t left join payment_attempts a
      on a.company_id = t.company_id and a.provider = t.provider and a.reference = t.reference`);
}

/** A notice has been dealt with, or is none of ours. */
export async function endNotice(
  ctx: Ctx,
  { id }: Pick<TakenNotice, 'id'>,
  status: Exclude<NoticeStatus, 'waiting'>,
  message: string | null = null,
): Promise<void> {
  await ctx.tx
    .update(paymentNotices)
    .set({ status, message, doneAt: sql`now()` })
    .where(mine(ctx, paymentNotices, eq(paymentNotices.id, id)));
}

/** For a `with`: a notice has been dealt with by the statement that it belongs to. */
export const noticeDone = (ctx: Ctx, id: Id<'pin'>) =>
  ctx.tx.$with('notice').as(
    ctx.tx
      .update(paymentNotices)
      .set({ status: 'done', message: null, doneAt: sql`now()` })
      .where(mine(ctx, paymentNotices, eq(paymentNotices.id, id)))
      .returning({ id: paymentNotices.id }),
  );

/** It could not be dealt with: later again, and after many times never, for the reconciler asks as well. */
export async function putOffNotice(ctx: Ctx, notice: TakenNotice, message: string): Promise<void> {
  if (notice.attempts >= TRIES_MAX) return endNotice(ctx, notice, 'failed', message);
  const seconds = RETRY_SECONDS[Math.min(notice.attempts, RETRY_SECONDS.length) - 1] ?? 5;
  await ctx.tx
    .update(paymentNotices)
    .set({ dueAt: after(ctx.now, seconds), message })
    .where(mine(ctx, paymentNotices, eq(paymentNotices.id, notice.id)));
}

/** Forgets notices that were dealt with a month ago: they hold what the provider knows of a shopper. Returns how many. */
export async function sweepNotices(ctx: Ctx, most: number): Promise<number> {
  const old = ctx.tx
    .select({ id: paymentNotices.id })
    .from(paymentNotices)
    .where(
      mine(
        ctx,
        paymentNotices,
        ne(paymentNotices.status, 'waiting'),
        lt(paymentNotices.receivedAt, sql`now() - make_interval(days => ${KEPT_DAYS})`),
      ),
    )
    .orderBy(asc(paymentNotices.id))
    .limit(most);
  const gone = await ctx.tx
    .delete(paymentNotices)
    .where(mine(ctx, paymentNotices, inArray(paymentNotices.id, old)))
    .returning({ id: paymentNotices.id });
  return gone.length;
}

/** In which companies notices wait. As the relay role, which sees no more than that. */
export async function companiesWithDueNotices(tx: Tx, limit: number, behind?: CompanyId): Promise<CompanyId[]> {
  const rows = await tx
    .select({ companyId: paymentNotices.companyId })
    .from(paymentNotices)
    .where(
      and(
        eq(paymentNotices.status, 'waiting'),
        lte(paymentNotices.dueAt, sql`now()`),
        behind && gt(paymentNotices.companyId, behind),
      ),
    )
    .groupBy(paymentNotices.companyId)
    .orderBy(asc(paymentNotices.companyId))
    .limit(limit);
  return rows.map(({ companyId }) => companyId);
}

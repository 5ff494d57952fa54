import { lookingOnly, type Run, type Session } from '../../kernel/ctx.ts';
import { workInParts } from '../../kernel/idempotency.ts';
import type { Id } from '../../kernel/ids.ts';
import { maySendAgain } from './check-schedule.ts';
import { CredentialsRefused, type Gateways, GatewayUnreachable } from './gateway.ts';
import { isOutOfReach } from './gateway-reach.ts';
import type { RefundRow } from './payment-views.ts';
import { type RefundNews, recordRefund } from './refund-records.service.ts';
import { noteSent, putOffRefund, type RefundOrder, refundOrderOf } from './refund-sending.service.ts';
import type { RefundView, RefundWish } from './refunds.contract.ts';
import { getRefund, requestRefund } from './refunds.service.ts';

/**
 * Gives money back: written down first, then the provider is asked, then its answer is recorded. When it does not answer
 * the refund is `starting` still, and a worker finds out. Asked for again with the same idempotency key it goes on where
 * an earlier try ended, and nothing is sent twice. What staff give back by hand is done with being written down. Throws as
 * `requestRefund`.
 */
export async function giveBack(
  run: Run,
  gateways: Gateways,
  session: Session,
  paymentId: Id<'pay'>,
  wish: RefundWish,
): Promise<RefundView> {
  return workInParts(run, session, async ({ first, last }) => {
    const { refund, isNew } = await run(first, (ctx) => requestRefund(ctx, paymentId, wish));
    // What an earlier try began, its worker looks after.
    const news = isNew ? await sent(run, gateways, session, refund) : undefined;
    return run(last, async (ctx) => {
      if (news) await recordRefund(ctx, refund.id, news, 'staff');
      return getRefund(ctx, refund.id);
    });
  });
}

/**
 * Asks the provider to give money back, for a refund that was just written down. Undefined: there is no provider to ask,
 * or it is not known what became of it.
 */
export async function sent(
  run: Run,
  gateways: Gateways,
  session: Session,
  refund: RefundRow,
): Promise<RefundNews | undefined> {
  if (refund.provider === 'manual') return undefined;
  try {
    return await sentOnce(run, gateways, lookingOnly(session), refund);
  } catch (error) {
    if (isOutOfReach(error)) return undefined;
    throw error;
  }
}

/**
 * Finds out what became of a refund that a worker has taken up, and sends it if nobody has. One that was sent and cannot
 * be found is sent again only when the first request cannot be on its way any more. One of which nothing new is known is
 * asked about later.
 */
export async function followRefund(run: Run, gateways: Gateways, session: Session, refund: RefundRow): Promise<void> {
  const news = await newsOf(run, gateways, session, refund).catch(async (error: unknown) => {
    // Whatever is wrong with it must not keep others from being sent.
    await run(session, (ctx) => putOffRefund(ctx, refund));
    throw error;
  });
  await run(session, async (ctx) => {
    const after = news && (await recordRefund(ctx, refund.id, news, 'reconciler'));
    if (!after || after.status === refund.status) await putOffRefund(ctx, refund);
  });
}

/** Asks about a refund because its provider says that there is news of it, and sends nothing. */
export async function askAboutRefund(run: Run, gateways: Gateways, session: Session, refund: RefundRow): Promise<void> {
  if (refund.provider === 'manual') return;
  const news = await found(gateways, await run(session, (ctx) => refundOrderOf(ctx, refund)), refund);
  if (news) await run(session, (ctx) => recordRefund(ctx, refund.id, news, 'hook'));
}

async function newsOf(
  run: Run,
  gateways: Gateways,
  session: Session,
  refund: RefundRow,
): Promise<RefundNews | undefined> {
  try {
    // Whoever takes it first sends it.
    if (refund.checks === 1 && refund.status === 'starting') return await sentOnce(run, gateways, session, refund);
    const order = await run(session, (ctx) => refundOrderOf(ctx, refund));
    const news = await found(gateways, order, refund);
    if (news || refund.status !== 'starting' || !maySendAgain(refund.updatedAt, new Date())) return news;
    return await sentOnce(run, gateways, session, refund);
  } catch (error) {
    if (isOutOfReach(error)) return undefined;
    throw error;
  }
}

const found = async (gateways: Gateways, { provider, start, credentials }: RefundOrder, refund: RefundRow) =>
  gateways.get(provider)?.findRefund(credentials, { ...start, refundReference: refund.providerReference });

/** Sends it, unless somebody else has taken it up meanwhile. */
async function sentOnce(
  run: Run,
  gateways: Gateways,
  session: Session,
  refund: RefundRow,
): Promise<RefundNews | undefined> {
  const order = await run(session, async (ctx) =>
    (await noteSent(ctx, refund)) ? refundOrderOf(ctx, refund) : undefined,
  );
  return order && send(gateways, order);
}

async function send(
  gateways: Gateways,
  { provider, credentials, start }: RefundOrder,
): Promise<RefundNews | undefined> {
  try {
    return await gateways.get(provider)?.refund(credentials, start);
  } catch (error) {
    if (error instanceof GatewayUnreachable) return undefined;
    // With wrong credentials nothing was begun there.
    if (error instanceof CredentialsRefused)
      return { state: 'refused', code: 'credentials_refused', message: error.message };
    throw error;
  }
}

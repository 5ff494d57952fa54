import { lookingOnly, type Run, type Session } from '../../kernel/ctx.ts';
import { workInParts } from '../../kernel/idempotency.ts';
import type { Id } from '../../kernel/ids.ts';
import { maySendAgain } from './check-schedule.ts';
import { CredentialsRefused, type Gateways, GatewayUnreachable } from './gateway.ts';
import { isOutOfReach } from './gateway-reach.ts';
import type { Source } from './ledger.service.ts';
import type { RefundRow } from './payment-views.ts';
import { byHand, type RefundNews, recordRefund } from './refund-records.service.ts';
import { noteSent, putOffRefund, type RefundOrder, refundOrderOf } from './refund-sending.service.ts';
import type { RefundView, RefundWish } from './refunds.contract.ts';
import { getRefund, requestRefund } from './refunds.service.ts';

/**
 * Gives money back: written down first, then the provider is asked, then its answer is recorded. When it does not answer
 * the refund is `starting` still, and a worker finds out. Asked for again with the same idempotency key it goes on where
 * an earlier try ended, and nothing is sent twice. Throws as `requestRefund`.
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
 * Asks the provider to give money back, for a refund that was just written down. What a person pays back by hand is done
 * with that. Undefined: it is not known what became of it.
 */
export async function sent(
  run: Run,
  gateways: Gateways,
  session: Session,
  refund: RefundRow,
): Promise<RefundNews | undefined> {
  if (refund.provider === 'manual') return byHand(refund);
  try {
    return await send(gateways, await run(lookingOnly(session), (ctx) => refundOrderOf(ctx, refund)));
  } catch (error) {
    if (isOutOfReach(error)) return undefined;
    throw error;
  }
}

/**
 * Finds out what became of a refund that its worker has taken up, and sends it if nobody has. One that was sent and cannot
 * be found is sent again only when the first request cannot be on its way any more.
 */
export async function followRefund(
  run: Run,
  gateways: Gateways,
  session: Session,
  refund: RefundRow,
  source: Source,
): Promise<void> {
  const news = await newsOf(run, gateways, session, refund);
  await run(session, async (ctx) => {
    if (news) await recordRefund(ctx, refund.id, news, source);
    if (!news || news.state === refund.status) await putOffRefund(ctx, refund);
  });
}

async function newsOf(
  run: Run,
  gateways: Gateways,
  session: Session,
  refund: RefundRow,
): Promise<RefundNews | undefined> {
  let order: RefundOrder;
  try {
    order = await run(session, (ctx) => refundOrderOf(ctx, refund));
    if (refund.checks === 1) return await send(gateways, order);
    const gateway = gateways.get(order.provider);
    const { start, credentials } = order;
    const found = await gateway?.findRefund(credentials, { ...start, refundReference: refund.providerReference });
    if (found || refund.status !== 'starting' || !maySendAgain(refund.updatedAt, new Date())) return found;
  } catch (error) {
    if (isOutOfReach(error)) return undefined;
    throw error;
  }
  await run(session, (ctx) => noteSent(ctx, refund));
  return send(gateways, order);
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

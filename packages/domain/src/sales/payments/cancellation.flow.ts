import { lookingOnly, type Run, type Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import type { CancellationView, NewCancellation } from './cancellation.contract.ts';
import { cancellationViewOf, cancelOrder } from './cancellation.service.ts';
import type { Gateways } from './gateway.ts';
import type { RefundRow } from './payment-views.ts';
import { recordRefund } from './refund-records.service.ts';
import { sent } from './refunds.flow.ts';

/**
 * Cancels an order, whole or in part, and gives back what was paid for it. One unit of work calls off, writes the refund
 * down and stores the answer; then the provider is asked, and what it says is recorded. So a repeated request cancels
 * nothing twice, and after a crash in between the refund's worker goes on. Throws as `cancelOrder`.
 */
export async function cancel(
  run: Run,
  gateways: Gateways,
  session: Session,
  orderId: Id<'ord'>,
  wish: NewCancellation,
): Promise<CancellationView> {
  let begun: readonly RefundRow[] = [];
  const view = await run(session, async (ctx) => {
    const done = await cancelOrder(ctx, orderId, wish);
    begun = done.refunds;
    return cancellationViewOf(ctx, done);
  });
  for (const refund of begun) await follow(run, gateways, lookingOnly(session), refund);
  return view;
}

async function follow(run: Run, gateways: Gateways, session: Session, refund: RefundRow): Promise<void> {
  const news = await sent(run, gateways, session, refund);
  if (news) await run(session, (ctx) => recordRefund(ctx, refund.id, news, 'staff'));
}

import { lookingOnly, type Run, type Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { type OrderAccess, openOrder } from '../orders/order-links.service.ts';
import { shopperViewOf } from '../orders/order-views.ts';
import { liveAttempts } from './attempts.service.ts';
import type { Gateways } from './gateway.ts';
import { isOutOfReach } from './gateway-reach.ts';
import { credentialsOf } from './payment-means.service.ts';
import type { AttemptRow } from './payment-views.ts';
import { shopperPaymentOf } from './payment-views.ts';
import type { VerificationView } from './payments.contract.ts';
import { paymentOfShopper } from './payments.service.ts';
import { settle } from './settlement.service.ts';

/** A shopper has one page open, two at most. */
const ATTEMPTS_ASKED = 3;

/**
 * The browser is back from its provider, which says nothing: the provider is asked about the payment's attempts, what it
 * says is settled, and the answer is how things stand. A provider that does not answer changes nothing; the reconciler
 * goes on asking. Throws `NotFound` for a payment whose order does not open to whoever asks.
 */
export async function verifyPayment(
  run: Run,
  gateways: Gateways,
  session: Session,
  paymentId: Id<'pay'>,
  access: OrderAccess,
): Promise<VerificationView> {
  const looking = lookingOnly(session);
  const attempts = await run(looking, async (ctx) => {
    await paymentOfShopper(ctx, paymentId, access);
    return liveAttempts(ctx, paymentId, ATTEMPTS_ASKED);
  });
  await Promise.all(attempts.map((attempt) => ask(run, gateways, looking, attempt)));
  return run(session, async (ctx) => {
    const payment = await paymentOfShopper(ctx, paymentId, access);
    const order = await openOrder(ctx, payment.orderId, access);
    return { order: shopperViewOf(order), payment: shopperPaymentOf(payment, {}) };
  });
}

async function ask(run: Run, gateways: Gateways, session: Session, attempt: AttemptRow): Promise<void> {
  const { provider, reference, mode } = attempt;
  try {
    const credentials = await run(session, (ctx) => credentialsOf(ctx, provider, mode));
    const facts = await gateways.get(provider)?.verify(credentials, reference);
    if (facts) await run(session, (ctx) => settle(ctx, { provider, reference, facts, source: 'return' }));
  } catch (error) {
    if (!isOutOfReach(error)) throw error;
  }
}

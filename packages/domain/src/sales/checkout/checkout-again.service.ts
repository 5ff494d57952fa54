import { eq } from 'drizzle-orm';
import { extend } from '../../catalog/inventory/reservation-ends.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { lockRedemptions } from '../../pricing/discounts/redemptions.service.ts';
import type { Totals } from '../../pricing/totals/totals.ts';
import type { CartScene } from '../carts/cart-scene.service.ts';
import { closeCart } from '../carts/carts.service.ts';
import { cancelLines } from '../orders/cancellation.service.ts';
import { changeOrder } from '../orders/order-changes.service.ts';
import { addOrderLink } from '../orders/order-links.service.ts';
import { keptDiscounts } from '../orders/order-parts.ts';
import { lockOrder } from '../orders/order-rows.service.ts';
import { ownerOf } from '../orders/order-stock.service.ts';
import type { OrderRecord } from '../orders/order-views.ts';
import { planStart } from '../payments/attempts.service.ts';
import { endPayment } from '../payments/payment-ends.service.ts';
import { type PaymentRow, shopperPaymentOf } from '../payments/payment-views.ts';
import { payments } from '../payments/payments.schema.ts';
import type { Begun, CheckoutRequest } from './checkout-begun.ts';
import type { CheckoutFacts } from './checkout-facts.service.ts';
import { isTotal } from './checkout-faults.ts';
import { instructionsOf, type Way, wayOf } from './payment-way.ts';

interface Again {
  readonly scene: CartScene;
  /** What the cart comes to now. */
  readonly totals: Totals;
  readonly facts: CheckoutFacts;
  readonly request: CheckoutRequest;
  /** The order that takes the old one's place, should it come to that. */
  readonly orderId: Id<'ord'>;
}

/**
 * A cart that has an order already. Confirmed, or paid: that is the answer. Unpaid and still what the cart is, at the
 * total that was agreed to: it is paid anew, in whichever way the shopper wants now, and its goods are held from now on.
 * Otherwise it is cancelled, and the new one takes its goods over (`instead`). An order for which some money came in is
 * never taken away. Undefined: it ended in the meantime. Locks payment, then order, then the discounts of both orders.
 */
export async function goOnWith(
  ctx: Ctx,
  id: Id<'ord'>,
  again: Again,
): Promise<Begun | { instead: Id<'ord'> } | undefined> {
  const payment = await lockPaymentOf(ctx, id);
  const order = await lockOrder(ctx, id);
  const { scene, totals, request, facts, orderId } = again;
  if (order.lifecycle === 'cancelled' || order.lifecycle === 'expired') return undefined;
  if (order.lifecycle !== 'pending') {
    await closeCart(ctx, scene.cart.id);
    const instructions = payment?.provider === 'manual' ? instructionsOf(scene) : null;
    return answered(ctx, order, payment && shopperPaymentOf(payment, { instructions }));
  }
  const isSame = order.cartVersion === scene.cart.version && isTotal(order, request.body.expectedTotal);
  const isLive = order.expiresAt === null || Date.parse(order.expiresAt) > ctx.now.getTime();
  if (payment && (order.paidTotal > 0n || (isSame && isLive))) {
    const way = wayOf(ctx, scene, facts, request, order.total);
    return payAnew(ctx, scene, order, payment, way);
  }
  const taking = keptDiscounts(totals);
  if (order.discounts.length + taking.length > 999) await lockRedemptions(ctx, id, taking);
  await cancelLines(ctx, id, { restock: true, reason: 'superseded', supersededById: orderId });
  if (payment) await endPayment(ctx, payment.id);
  return { instead: id };
}

async function payAnew(ctx: Ctx, scene: CartScene, order: OrderRecord, payment: PaymentRow, way: Way): Promise<Begun> {
  const { provider, returnUrl } = way;
  if (!provider) throw new Error('An order that waits for its payment has something to pay');
  const expiresAt = order.paidTotal > 0n ? null : way.expiresAt;
  await extend(ctx, ownerOf(order.id), expiresAt);
  const after = await changeOrder(ctx, order, {
    ...(way.isOpen && { lifecycle: 'open' }),
    set: { expiresAt, paymentProvider: provider },
    timeline: [{ kind: 'payment_again', message: `The shopper pays by ${provider}.` }],
  });
  if (way.isOpen) await closeCart(ctx, scene.cart.id);
  if (returnUrl !== null) {
    const begun = await answered(ctx, after, null);
    return { ...begun, toPay: { paymentId: payment.id, attemptId: null, provider, returnUrl } };
  }
  const plan = await planStart(ctx, { paymentId: payment.id, provider, returnUrl });
  return answered(ctx, after, shopperPaymentOf(plan.payment, { instructions: instructionsOf(scene) }));
}

/** Whoever comes again cannot be told the first token: it is stored as a hash alone. */
const answered = async (ctx: Ctx, order: OrderRecord, payment: Begun['payment']): Promise<Begun> => ({
  order,
  token: await addOrderLink(ctx, order.id),
  payment,
  toPay: null,
});

async function lockPaymentOf(ctx: Ctx, orderId: Id<'ord'>): Promise<PaymentRow | null> {
  const [payment] = await ctx.tx
    .select()
    .from(payments)
    .where(mine(ctx, payments, eq(payments.orderId, orderId)))
    .for('update');
  return payment ?? null;
}

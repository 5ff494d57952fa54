import { eq, getTableColumns, sql } from 'drizzle-orm';
import { extend } from '../../catalog/inventory/reservation-ends.service.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { lockRedemptions } from '../../pricing/discounts/redemptions.service.ts';
import type { Totals } from '../../pricing/totals/totals.ts';
import type { CartScene } from '../carts/cart-scene.service.ts';
import { CartClosed } from '../carts/carts.errors.ts';
import { closeCart } from '../carts/carts.service.ts';
import { cancelLines } from '../orders/cancellation.service.ts';
import { heldUntil, lastWait } from '../orders/hold-times.ts';
import { changeOrder } from '../orders/order-changes.service.ts';
import { addOrderLink } from '../orders/order-links.service.ts';
import { keptDiscounts } from '../orders/order-parts.ts';
import { lockOrder } from '../orders/order-rows.service.ts';
import { owedOf } from '../orders/order-status.ts';
import { ownerOf } from '../orders/order-stock.service.ts';
import type { OrderRecord } from '../orders/order-views.ts';
import { orderPaymentChanged } from '../orders/orders.events.ts';
import { planStart } from '../payments/attempts.service.ts';
import { endPayment } from '../payments/payment-ends.service.ts';
import { type PaymentRow, shopperPaymentOf } from '../payments/payment-views.ts';
import { payments } from '../payments/payments.schema.ts';
import { PaidInPart, PaymentTriesUsedUp, TotalChanged } from './checkout.errors.ts';
import type { Begun, CheckoutRequest } from './checkout-begun.ts';
import type { CheckoutFacts } from './checkout-facts.service.ts';
import { isTotal } from './checkout-faults.ts';
import { endsCart, instructionsOf, type Way, waitMinutesOf, wayOf } from './payment-way.ts';

/** How many pages of a provider one order gets. Nobody who means to pay needs more. */
const ATTEMPTS_MAX = 20;

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
 * Otherwise, or when it has waited long enough at its old price, it is cancelled, and the new one takes its goods over
 * (`instead`). An order for which some money came in is never taken away: a cart that was changed since is refused. Nor is
 * one whose cart is closed (a transfer that is waited for): it may be paid in another way, and its cart stays closed.
 * Undefined: it ended in the meantime. Locks payment, then order, then the discounts of both orders.
 * Throws `PaidInPart`, `TotalChanged`, `PaymentTriesUsedUp`, `CartClosed` for one that has waited long enough.
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
  const isFinal = order.paidTotal > 0n || scene.cart.status === 'ordered';
  if (isFinal) refuseOther(order, scene, request);
  const isSame = isUnchanged(order, scene) && isTotal(order, request.body.expectedTotal);
  const last = lastWaitOf(order, scene, request);
  if (payment && (order.paidTotal > 0n || (isSame && mayWait(ctx, order, last)))) {
    const way = wayOf(ctx, scene, facts, request, order.total);
    if (way.returnUrl !== null && payment.attempts >= ATTEMPTS_MAX) throw new PaymentTriesUsedUp(order.number);
    return payAnew(ctx, scene, order, payment, { ...way, expiresAt: earlier(way.expiresAt, last) });
  }
  if (scene.cart.status === 'ordered') throw new CartClosed('ordered');
  const taking = keptDiscounts(totals);
  if (order.discounts.length + taking.length > 0) await lockRedemptions(ctx, id, taking);
  await cancelLines(ctx, id, { restock: true, reason: 'superseded', supersededById: orderId });
  if (payment) await endPayment(ctx, payment.id);
  return { instead: id };
}

/** Closing a cart raises its version, and is the last thing that happens to it. */
const isUnchanged = (order: OrderRecord, { cart }: CartScene): boolean =>
  cart.status === 'ordered' || order.cartVersion === cart.version;

/** What was paid in part is paid to its end, or called off by the shop; nothing else is put in its place. */
function refuseOther(order: OrderRecord, scene: CartScene, { body: { expectedTotal } }: CheckoutRequest): void {
  const { currency } = order;
  if (!isUnchanged(order, scene)) {
    const amountMinor = owedOf(order) - (order.paidTotal - order.refundedTotal);
    throw new PaidInPart(order.number, { amountMinor, currency });
  }
  if (isTotal(order, expectedTotal)) return;
  const expected = { amountMinor: BigInt(expectedTotal.amount), currency: expectedTotal.currency };
  throw new TotalChanged(expected, { amountMinor: order.total, currency }, []);
}

/** Until when an order may wait at its price, by the longer of the way it was to be paid and the way it is now. */
function lastWaitOf(order: OrderRecord, { shop }: CartScene, { body }: CheckoutRequest): Instant {
  const minutes = [order.paymentProvider, body.paymentProvider].map((provider) =>
    waitMinutesOf(shop, provider ?? null),
  );
  return lastWait(order.createdAt, Math.max(...minutes));
}

const mayWait = ({ now }: Ctx, { expiresAt }: OrderRecord, last: Instant): boolean =>
  (expiresAt === null || Date.parse(expiresAt) > now.getTime()) && Date.parse(last) > now.getTime();

const earlier = (expiresAt: Instant | null, last: Instant): Instant | null =>
  expiresAt !== null && Date.parse(last) < Date.parse(expiresAt) ? last : expiresAt;

async function payAnew(ctx: Ctx, scene: CartScene, order: OrderRecord, payment: PaymentRow, way: Way): Promise<Begun> {
  const { provider, returnUrl } = way;
  if (!provider) throw new Error('An order that waits for its payment has something to pay');
  const expiresAt = order.paidTotal > 0n ? null : way.expiresAt;
  const instructions = instructionsOf(scene);
  await extend(ctx, ownerOf(order.id), heldUntil(expiresAt, provider));
  const after = await changeOrder(ctx, order, {
    ...(way.isOpen && { lifecycle: 'open' }),
    set: { expiresAt, paymentProvider: provider },
    timeline: [{ kind: 'payment_again', message: `The shopper pays by ${provider}.` }],
    ...(provider !== order.paymentProvider && {
      event: orderPaymentChanged,
      privately: { mailsTo: [...scene.shop.settings('notification').orderMailsTo], instructions },
    }),
  });
  if (endsCart(way)) await closeCart(ctx, scene.cart.id);
  if (returnUrl !== null) {
    const begun = await answered(ctx, after, null);
    return { ...begun, toPay: { paymentId: payment.id, attemptId: null, provider, returnUrl } };
  }
  const plan = await planStart(ctx, { paymentId: payment.id, provider, returnUrl });
  return answered(ctx, after, shopperPaymentOf(plan.payment, { instructions }));
}

/** Whoever comes again cannot be told the first token: it is stored as a hash alone. */
const answered = async (ctx: Ctx, order: OrderRecord, payment: Begun['payment']): Promise<Begun> => ({
  order,
  token: await addOrderLink(ctx, order.id),
  payment,
  toPay: null,
});

async function lockPaymentOf(ctx: Ctx, orderId: Id<'ord'>): Promise<(PaymentRow & { attempts: number }) | null> {
  const attempts = sql<number>`(select count(*)::int from payment_attempts t
    where t.company_id = payments.company_id and t.payment_id = payments.id)`;
  const [payment] = await ctx.tx
    .select({ ...getTableColumns(payments), attempts })
    .from(payments)
    .where(mine(ctx, payments, eq(payments.orderId, orderId)))
    .for('update');
  return payment ?? null;
}

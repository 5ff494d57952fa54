import { and, eq, sql } from 'drizzle-orm';
import { release } from '../../catalog/inventory/reservation-ends.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { format } from '../../kernel/money.ts';
import { mine } from '../../kernel/tables.ts';
import { DiscountUsedUp } from '../../pricing/discounts/discounts.errors.ts';
import { lockRedemptions, redeemDiscounts, releaseRedemptions } from '../../pricing/discounts/redemptions.service.ts';
import { closeCartIfFree } from '../carts/carts.service.ts';
import { changeOrder, type TimelineNote } from './order-changes.service.ts';
import { lockOrder } from './order-rows.service.ts';
import { owedOf } from './order-status.ts';
import { ownerOf, reserveAgain, secureStock } from './order-stock.service.ts';
import type { OrderRecord } from './order-views.ts';
import { orderExpired, orderPaid, orderUpdated } from './orders.events.ts';
import { orders } from './orders.schema.ts';

type OrderId = Id<'ord'>;

/** What came in for an order and what went back so far, in minor units: sums, so that telling twice changes nothing. */
export interface PaidSums {
  readonly paidTotal: bigint;
  readonly refundedTotal: bigint;
}

export interface Paid {
  readonly order: OrderRecord;
  /**
   * Money came for an order that is over, or whose goods were sold to others meanwhile: try `reviveOrder`, else give it
   * back and `flagOrder`.
   */
  readonly isLate: boolean;
}

/**
 * Takes down what was paid. An order that waited for it and is now paid opens: its goods are held for good, `order.paid`
 * goes out, its cart is closed. Paid in part it waits without an end. Called under the payment's lock; locks the order.
 * Throws `NotFound`.
 */
export async function markPaid(ctx: Ctx, id: OrderId, sums: PaidSums): Promise<Paid> {
  const before = await lockOrder(ctx, id);
  const gained = sums.paidTotal - before.paidTotal;
  const isOver = before.lifecycle === 'expired' || before.lifecycle === 'cancelled';
  if (gained === 0n && sums.refundedTotal === before.refundedTotal) return { order: before, isLate: false };
  const isCovered = (paid: bigint, refunded: bigint) => paid - refunded >= owedOf(before);
  const isNowPaid = isCovered(sums.paidTotal, sums.refundedTotal) && gained > 0n;
  if (before.lifecycle !== 'pending' || gained <= 0n) {
    // Cash at the door: the order has been open all along.
    const event = isNowPaid && !isOver && !isCovered(before.paidTotal, before.refundedTotal) ? orderPaid : orderUpdated;
    const order = await changeOrder(ctx, before, { set: sums, timeline: movements(before, sums), event });
    return { order, isLate: isOver && gained > 0n };
  }
  // Before any goods: should they be gone, its discounts are given back, and everybody locks those first.
  if (before.discounts.length > 0) await lockRedemptions(ctx, id, []);
  if (!(await secureStock(ctx, before))) return { order: await runOut(ctx, before, sums), isLate: true };
  const timeline = movements(before, sums);
  // Somebody gave money: what it is for is not taken away by a clock.
  const set = { ...sums, expiresAt: null };
  if (!isNowPaid) return { order: await changeOrder(ctx, before, { set, timeline }), isLate: false };
  const order = await changeOrder(ctx, before, { lifecycle: 'open', set, timeline, event: orderPaid });
  await closeCartOf(ctx, order);
  return { order, isLate: false };
}

/** Paid, but in the meantime its goods went to others. */
async function runOut(ctx: Ctx, before: OrderRecord, sums: PaidSums): Promise<OrderRecord> {
  if (before.discounts.length > 0) await releaseRedemptions(ctx, before.id);
  await release(ctx, ownerOf(before.id));
  const message = 'Its hold had run out and its goods were sold to others before it was paid.';
  const timeline: TimelineNote[] = [...movements(before, sums), { kind: 'expired', message }];
  return changeOrder(ctx, before, { lifecycle: 'expired', set: sums, timeline, event: orderExpired });
}

/**
 * Opens an expired order whose money came late, if all of it can still be had: goods, discounts, and no other order of
 * its cart. False: nothing was changed. A cancelled order stays cancelled. The caller holds payment and order.
 * Throws `NotFound`.
 */
export async function reviveOrder(ctx: Ctx, id: OrderId): Promise<boolean> {
  const before = await lockOrder(ctx, id);
  if (before.lifecycle !== 'expired' || before.paidTotal - before.refundedTotal < owedOf(before)) return false;
  if (before.cartId && (await hasOtherOrder(ctx, before.cartId))) return false;
  if (!(await redeemedAgain(ctx, before))) return false;
  if (!(await reserveAgain(ctx, before))) {
    if (before.discounts.length > 0) await releaseRedemptions(ctx, id);
    ctx.audit({ action: 'order.not_revived', entity: { type: 'order', id } });
    return false;
  }
  const message = 'Paid after it had expired; everything could still be had.';
  const order = await changeOrder(ctx, before, {
    lifecycle: 'open',
    set: { expiresAt: null },
    timeline: [{ kind: 'revived', message }],
    event: orderPaid,
  });
  await closeCartOf(ctx, order);
  return true;
}

async function hasOtherOrder(ctx: Ctx, cartId: Id<'cart'>): Promise<boolean> {
  const isLive = sql`${orders.lifecycle} not in ('cancelled', 'expired')`;
  const [other] = await ctx.tx
    .select({ id: orders.id })
    .from(orders)
    .where(mine(ctx, orders, and(eq(orders.cartId, cartId), isLive)))
    .limit(1);
  return other !== undefined;
}

async function redeemedAgain(ctx: Ctx, order: OrderRecord): Promise<boolean> {
  const { id: orderId, cartId, customerId, emailKey, currency, discounts } = order;
  try {
    await redeemDiscounts(ctx, { orderId, cartId, customerId, emailKey, currency, taken: discounts });
    return true;
  } catch (error) {
    // Refused by a limit, not by the database: the unit of work goes on.
    if (error instanceof DiscountUsedUp) return false;
    throw error;
  }
}

/** Says that somebody has to look at an order, and why. The caller need not hold its lock. Throws `NotFound`. */
export async function flagOrder(ctx: Ctx, id: OrderId, message: string): Promise<void> {
  const before = await lockOrder(ctx, id);
  await changeOrder(ctx, before, { set: { needsReview: true }, timeline: [{ kind: 'needs_review', message }] });
}

/**
 * Nothing more goes into a cart that was paid. A cart that somebody else has locked is left to its next checkout, which
 * finds this order: carts are locked before orders, and waiting here would be the other way round.
 */
export async function closeCartOf(ctx: Ctx, { cartId }: Pick<OrderRecord, 'cartId'>): Promise<void> {
  if (!cartId) return;
  await closeCartIfFree(ctx, cartId);
}

function movements(before: OrderRecord, { paidTotal, refundedTotal }: PaidSums): TimelineNote[] {
  const money = (amountMinor: bigint) => format({ amountMinor, currency: before.currency });
  const paid = paidTotal - before.paidTotal;
  const refunded = refundedTotal - before.refundedTotal;
  return [
    ...(paid > 0n ? [{ kind: 'paid', message: `${money(paid)} came in.` }] : []),
    ...(refunded > 0n ? [{ kind: 'refunded', message: `${money(refunded)} went back.` }] : []),
  ];
}

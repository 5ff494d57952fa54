import { and, asc, eq, gt, lte, type SQL, sql } from 'drizzle-orm';
import { extend, release } from '../../catalog/inventory/reservation-ends.service.ts';
import { after } from '../../kernel/clock.ts';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import type { CompanyId, Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { releaseRedemptions } from '../../pricing/discounts/redemptions.service.ts';
import { heldUntil } from './hold-times.ts';
import { changeOrder } from './order-changes.service.ts';
import { readOrder } from './order-rows.service.ts';
import { ownerOf } from './order-stock.service.ts';
import type { OrderRecord } from './order-views.ts';
import { orderExpired } from './orders.events.ts';
import { orders } from './orders.schema.ts';

/** How much longer an order waits whose shopper is at the provider's page at this moment. */
const PUT_OFF_SECONDS = 5 * 60;

/** When an order is tried again that could not be ended. */
const PUSHED_ON_SECONDS = 10 * 60;

/** A condition on `orders`, for those whose shopper is paying at this moment. */
export type IsBeingPaid = SQL<boolean>;

const IS_DUE = and(eq(orders.lifecycle, 'pending'), lte(orders.expiresAt, sql`now()`));

/** Orders whose time is up, the oldest first. */
export async function ordersDue(ctx: Ctx, max: number): Promise<Id<'ord'>[]> {
  const due = await ctx.tx
    .select({ id: orders.id })
    .from(orders)
    .where(mine(ctx, orders, IS_DUE))
    .orderBy(asc(orders.expiresAt))
    .limit(max);
  return due.map(({ id }) => id);
}

/**
 * Ends one order nobody paid in time: its goods and its discounts are free again. One that somebody has locked is let be
 * until the next round; one that is being paid (`isBeingPaid`, a condition on `orders`) waits a little longer. One order
 * per unit of work: two would lock their goods in two orders. Returns whether it expired.
 */
export async function expireOrder(ctx: Ctx, id: Id<'ord'>, isBeingPaid: IsBeingPaid): Promise<boolean> {
  const [locked] = await ctx.tx
    .select({ id: orders.id, paymentProvider: orders.paymentProvider, isBeingPaid })
    .from(orders)
    .where(mine(ctx, orders, and(eq(orders.id, id), IS_DUE)))
    .for('no key update', { skipLocked: true });
  if (!locked) return false;
  if (locked.isBeingPaid) {
    await putOff(ctx, locked);
    return false;
  }
  const before = await readOrder(ctx, id);
  if (before.discounts.length > 0) await releaseRedemptions(ctx, id);
  await release(ctx, ownerOf(id));
  const message = 'Nobody paid in time; its goods are free again.';
  await changeOrder(ctx, before, {
    lifecycle: 'expired',
    timeline: [{ kind: 'expired', message }],
    event: orderExpired,
  });
  return true;
}

type Due = Pick<OrderRecord, 'id' | 'paymentProvider'>;

/** Nothing anybody has to hear of: neither version nor event. */
async function putOff(ctx: Ctx, { id, paymentProvider }: Due): Promise<void> {
  const expiresAt = after(ctx.now, PUT_OFF_SECONDS);
  await ctx.tx
    .update(orders)
    .set({ expiresAt })
    .where(mine(ctx, orders, eq(orders.id, id)));
  await extend(ctx, ownerOf(id), heldUntil(expiresAt, paymentProvider));
  ctx.audit({ action: 'order.expiry_put_off', entity: { type: 'order', id }, after: { expiresAt } });
}

/**
 * Pushes the end of an order on that could not be ended, so that those behind it have their turn. Its goods are not held
 * any longer for it.
 */
export async function pushOn(ctx: Ctx, id: Id<'ord'>): Promise<void> {
  const expiresAt = after(ctx.now, PUSHED_ON_SECONDS);
  const pushed = await ctx.tx
    .update(orders)
    .set({ expiresAt })
    .where(mine(ctx, orders, and(eq(orders.id, id), IS_DUE)))
    .returning({ id: orders.id });
  if (pushed.length > 0)
    ctx.audit({ action: 'order.expiry_failed', entity: { type: 'order', id }, after: { expiresAt } });
}

/** As the relay role, in no company: which companies have orders whose time is up; by id, from the one behind `after` on. */
export async function companiesWithDueOrders(tx: Tx, limit: number, after?: CompanyId): Promise<CompanyId[]> {
  const rows = await tx
    .select({ companyId: orders.companyId })
    .from(orders)
    .where(and(IS_DUE, after && gt(orders.companyId, after)))
    .groupBy(orders.companyId)
    .orderBy(asc(orders.companyId))
    .limit(limit);
  return rows.map(({ companyId }) => companyId);
}

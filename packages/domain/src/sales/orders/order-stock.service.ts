import { and, eq } from 'drizzle-orm';
import { InsufficientStock } from '../../catalog/inventory/inventory.errors.ts';
import { stockReservations } from '../../catalog/inventory/inventory.schema.ts';
import { extend } from '../../catalog/inventory/reservation-ends.service.ts';
import { reserve } from '../../catalog/inventory/reservations.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import type { OrderRecord } from './order-views.ts';

/** Whose goods an order's are, in stock. */
export const ownerOf = (id: Id<'ord'>) => ({ type: 'order', id }) as const;

/**
 * Makes the goods of an order its own for good: those still held, and, where the time of some ran out, all of it anew.
 * False: they are gone, sold to others meanwhile; then nothing is held for it that it did not hold before.
 */
export async function secureStock(ctx: Ctx, order: OrderRecord): Promise<boolean> {
  await extend(ctx, ownerOf(order.id), null);
  if (!(await hasLostHolds(ctx, order.id))) return true;
  return reserveAgain(ctx, order);
}

/** Whether holds of the order came to their end before it was paid. */
async function hasLostHolds(ctx: Ctx, id: Id<'ord'>): Promise<boolean> {
  const owner = ownerOf(id);
  const [lost] = await ctx.tx
    .select({ id: stockReservations.id })
    .from(stockReservations)
    .where(
      mine(
        ctx,
        stockReservations,
        and(
          eq(stockReservations.ownerType, owner.type),
          eq(stockReservations.ownerId, owner.id),
          eq(stockReservations.status, 'expired'),
        ),
      ),
    )
    .limit(1);
  return lost !== undefined;
}

/** Reserves all that is still to be sent, in place of what is held of it. False: it is not there. */
export async function reserveAgain(ctx: Ctx, order: OrderRecord): Promise<boolean> {
  const lines = order.lines
    .map(({ variantId, quantity, cancelled, shipped }) => ({ variantId, quantity: quantity - cancelled - shipped }))
    .filter(({ quantity }) => quantity > 0);
  const owner = ownerOf(order.id);
  try {
    if (lines.length > 0) await reserve(ctx, { owner, lines, expiresAt: null, instead: owner });
    return true;
  } catch (error) {
    // Refused by reckoning, not by the database: the unit of work goes on.
    if (error instanceof InsufficientStock) return false;
    throw error;
  }
}

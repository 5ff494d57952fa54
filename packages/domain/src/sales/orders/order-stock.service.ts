import { and, eq } from 'drizzle-orm';
import { heldGoods, lockHeldLevels } from '../../catalog/inventory/held-goods.service.ts';
import { InsufficientStock } from '../../catalog/inventory/inventory.errors.ts';
import { stockReservations } from '../../catalog/inventory/inventory.schema.ts';
import { consume, extend, makeLasting, release } from '../../catalog/inventory/reservation-ends.service.ts';
import { reserve } from '../../catalog/inventory/reservations.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import type { OrderRecord } from './order-views.ts';

/** Whose goods an order's are, in stock. */
export const ownerOf = (id: Id<'ord'>) => ({ type: 'order', id }) as const;

/**
 * Makes the goods of an order its own for good: those still held, and, where the time of some ran out, all of it anew.
 * False: they are gone, sold to others meanwhile; then nothing is held for it any more. The caller
 * holds the order's lock.
 */
export async function secureStock(ctx: Ctx, order: OrderRecord): Promise<boolean> {
  const owner = ownerOf(order.id);
  const holds = await makeLasting(ctx, owner);
  if (holds === 'kept') return true;
  if (holds === 'lost') return reserveAgain(ctx, order);
  // Levels before holds, as everybody locks them: whoever wants these goods may be about to end them.
  await lockHeldLevels(ctx, owner);
  if (await hasLostHolds(ctx, order.id)) return reserveAgain(ctx, order);
  await extend(ctx, owner, null);
  return true;
}

/**
 * Units of an order were called off; `order` is what it is after that. What is held beyond what is still to be sent is
 * free again, or leaves the shelf (`restock: false`). Units that are not held, lost on their way, are the first to be
 * called off: nothing is given back for them, and what stands in a fulfilment stays promised. Throws `StockBelowZero`.
 */
export async function giveBackGoods(
  ctx: Ctx,
  order: OrderRecord,
  calledOff: ReadonlyMap<Id<'oli'>, number>,
  restock: boolean,
): Promise<void> {
  const owner = ownerOf(order.id);
  const end = restock ? release : consume;
  if (!isAnythingToSend(order)) {
    await end(ctx, owner);
    return;
  }
  const spare = new Map<Id<'var'>, number>();
  const add = (variantId: Id<'var'>, units: number) => spare.set(variantId, (spare.get(variantId) ?? 0) + units);
  for (const { variantId, quantity } of (await heldGoods(ctx, owner)).units) add(variantId, quantity);
  for (const line of order.lines) add(line.variantId, -toSendOf(line));
  const lines = order.lines.flatMap(({ id, variantId }) => {
    const quantity = Math.min(calledOff.get(id) ?? 0, spare.get(variantId) ?? 0);
    if (quantity <= 0) return [];
    add(variantId, -quantity);
    return [{ variantId, quantity }];
  });
  if (lines.length > 0) await end(ctx, owner, lines);
}

/** An order of which nothing is left to be sent holds nothing. */
export async function releaseIfSent(ctx: Ctx, order: OrderRecord): Promise<void> {
  if (!isAnythingToSend(order)) await release(ctx, ownerOf(order.id));
}

/** Units of a line that have not left, whether or not they stand in a fulfilment. */
const toSendOf = ({ quantity, cancelled, shipped }: OrderRecord['lines'][number]) => quantity - cancelled - shipped;
const isAnythingToSend = ({ lines }: OrderRecord) => lines.some((line) => toSendOf(line) > 0);

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

/** Reserves all that is still to be sent, in place of what is held of it. False: it is not there, and nothing is held. */
export async function reserveAgain(ctx: Ctx, order: OrderRecord): Promise<boolean> {
  const lines = order.lines
    .map((line) => ({ variantId: line.variantId, quantity: toSendOf(line) }))
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

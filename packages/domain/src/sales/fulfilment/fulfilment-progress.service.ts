import { sql } from 'drizzle-orm';
import { consume, restock as putBack } from '../../catalog/inventory/reservation-ends.service.ts';
import { reserve } from '../../catalog/inventory/reservations.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { EventDefinition } from '../../kernel/events.ts';
import type { Id } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { countLines, recomputeOrder } from '../orders/order-changes.service.ts';
import { type FulfilmentMove, MOVES } from './fulfilment-moves.ts';
import { getFulfilment } from './fulfilment-rows.service.ts';
import type { FulfilmentEnding, FulfilmentPatch, FulfilmentView } from './fulfilments.contract.ts';
import { FulfilmentMoveNotAllowed } from './fulfilments.errors.ts';
import {
  fulfilmentCancelled,
  fulfilmentDelivered,
  fulfilmentFailed,
  fulfilmentOutForDelivery,
  fulfilmentPacked,
  fulfilmentReturned,
  fulfilmentShipped,
} from './fulfilments.events.ts';
import { lockFulfilment, ownerOf, raise } from './fulfilments.service.ts';

type Told = EventDefinition<(typeof fulfilmentShipped)['data']>;

const EVENTS: Readonly<Record<FulfilmentMove, Told>> = {
  packing: fulfilmentPacked,
  shipment: fulfilmentShipped,
  'out-for-delivery': fulfilmentOutForDelivery,
  delivery: fulfilmentDelivered,
  failure: fulfilmentFailed,
  return: fulfilmentReturned,
  cancellation: fulfilmentCancelled,
};

const STAMPS: Partial<Record<FulfilmentMove, 'packedAt' | 'shippedAt' | 'deliveredAt' | 'endedAt'>> = {
  packing: 'packedAt',
  shipment: 'shippedAt',
  delivery: 'deliveredAt',
  failure: 'endedAt',
  return: 'endedAt',
  cancellation: 'endedAt',
};

/** The goods are in their box. Throws `NotFound`, `FulfilmentMoveNotAllowed`. */
export const packFulfilment = (ctx: Ctx, id: Id<'ful'>) => move(ctx, id, 'packing');

/**
 * The goods leave: they are taken off the shelf, and what was promised of them is kept. Tracking may be told at once.
 * Throws `NotFound`, `FulfilmentMoveNotAllowed`, `StockBelowZero` when the shelf has fewer than are to leave.
 */
export const shipFulfilment = (ctx: Ctx, id: Id<'ful'>, tracking: FulfilmentPatch = {}) =>
  move(ctx, id, 'shipment', tracking, (before) =>
    consume(ctx, ownerOf(before.order.id), goodsOf(before), before.locationId),
  );

/** On the last stretch. Throws `NotFound`, `FulfilmentMoveNotAllowed`. */
export const sendOutFulfilment = (ctx: Ctx, id: Id<'ful'>) => move(ctx, id, 'out-for-delivery');

/** The shopper has it. Throws `NotFound`, `FulfilmentMoveNotAllowed`. */
export const deliverFulfilment = (ctx: Ctx, id: Id<'ful'>) => move(ctx, id, 'delivery');

/**
 * It did not arrive: its units are to be sent again. Goods that are on the shelf again (`restock`) are promised to the order
 * at once; others are looked for when the next fulfilment is made. Throws `NotFound`, `FulfilmentMoveNotAllowed`.
 */
export const failFulfilment = (ctx: Ctx, id: Id<'ful'>, { reason, restock }: FulfilmentEnding) =>
  move(ctx, id, 'failure', { failureReason: reason ?? null }, async (before) => {
    if (!restock) return;
    await shelve(ctx, before);
    await reserve(ctx, { owner: ownerOf(before.order.id), lines: goodsOf(before), expiresAt: null });
  });

/**
 * It came back. Whether the goods can be sold again is for whoever looked at them (`restock`); money is given back by a
 * refund. Throws `NotFound`, `FulfilmentMoveNotAllowed`.
 */
export const returnFulfilment = (ctx: Ctx, id: Id<'ful'>, { reason, restock }: FulfilmentEnding) =>
  move(ctx, id, 'return', { failureReason: reason ?? null }, (before) =>
    restock ? shelve(ctx, before) : Promise.resolve(),
  );

/** Not sent after all: its units stay promised to the order. Throws `NotFound`, `FulfilmentMoveNotAllowed`. */
export const cancelFulfilment = (ctx: Ctx, id: Id<'ful'>) => move(ctx, id, 'cancellation');

const goodsOf = ({ lines }: FulfilmentView) => lines.map(({ variantId, quantity }) => ({ variantId, quantity }));

const shelve = (ctx: Ctx, before: FulfilmentView): Promise<void> =>
  putBack(
    ctx,
    goodsOf(before).map((line) => ({ ...line, locationId: before.locationId })),
    { type: 'fulfilment', id: before.id },
  );

/** One step of a fulfilment's life: allowed by the table, counted on the order, told. Goods move before the order does. */
async function move(
  ctx: Ctx,
  id: Id<'ful'>,
  which: FulfilmentMove,
  set: Parameters<typeof raise>[2] = {},
  goods: (before: FulfilmentView) => Promise<unknown> = () => Promise.resolve(),
): Promise<FulfilmentView> {
  const before = await lockFulfilment(ctx, id);
  const rule = MOVES[which];
  if (!rule.from.includes(before.status)) throw new FulfilmentMoveNotAllowed(before.status, which, before.next);
  const orderId = before.order.id;
  const stamp = STAMPS[which];
  await raise(ctx, id, { ...set, status: rule.to, ...(stamp && { [stamp]: sql`now()` }) });
  await countLines(
    ctx,
    orderId,
    before.lines.map(({ orderLineId, quantity }) => ({
      orderLineId,
      ...Object.fromEntries(Object.entries(rule.counts).map(([counter, sign]) => [counter, sign * quantity])),
    })),
  );
  const event = EVENTS[which];
  await recomputeOrder(ctx, orderId, [{ kind: event.type, data: { fulfilmentId: id } }]);
  const fulfilment = await getFulfilment(ctx, id);
  ctx.audit({ action: event.type, entity: { type: 'fulfilment', id }, before, after: fulfilment });
  await emit(ctx, event, { aggregate: { id, sequence: fulfilment.version }, data: { fulfilment } });
  await goods(before);
  return fulfilment;
}

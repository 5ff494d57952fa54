import { sql } from 'drizzle-orm';
import { consume } from '../../catalog/inventory/reservation-ends.service.ts';
import { restock as putBack, takeBack } from '../../catalog/inventory/returned-goods.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { EventDefinition } from '../../kernel/events.ts';
import type { Id } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { countLines, recomputeOrder } from '../orders/order-changes.service.ts';
import { ownerOf, releaseIfSent } from '../orders/order-stock.service.ts';
import type { OrderRecord } from '../orders/order-views.ts';
import { countsOf, type FulfilmentMove, MOVES } from './fulfilment-moves.ts';
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
import { lockFulfilment, raise } from './fulfilments.service.ts';

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
  move(ctx, id, 'shipment', tracking, async (before, order) => {
    await consume(ctx, ownerOf(order.id), goodsOf(before), before.locationId);
    await releaseIfSent(ctx, order);
  });

/** On the last stretch. Throws `NotFound`, `FulfilmentMoveNotAllowed`. */
export const sendOutFulfilment = (ctx: Ctx, id: Id<'ful'>) => move(ctx, id, 'out-for-delivery');

/** The shopper has it. Throws `NotFound`, `FulfilmentMoveNotAllowed`. */
export const deliverFulfilment = (ctx: Ctx, id: Id<'ful'>) =>
  move(ctx, id, 'delivery', {}, (_, order) => releaseIfSent(ctx, order));

/**
 * It did not arrive: its units are to be sent again. Goods that are on the shelf again (`restock`) are promised to the order
 * at once, for they were its own all along; others are looked for when the next fulfilment is made. Throws `NotFound`,
 * `FulfilmentMoveNotAllowed`.
 */
export const failFulfilment = (ctx: Ctx, id: Id<'ful'>, { reason, restock }: FulfilmentEnding) =>
  move(ctx, id, 'failure', { failureReason: reason ?? null }, async (before, order) => {
    if (restock) await takeBack(ctx, ownerOf(order.id), returnedOf(before), causeOf(before));
  });

/**
 * It came back. Whether the goods can be sold again is for whoever looked at them (`restock`); money is given back by a
 * refund. Throws `NotFound`, `FulfilmentMoveNotAllowed`.
 */
export const returnFulfilment = (ctx: Ctx, id: Id<'ful'>, { reason, restock }: FulfilmentEnding) =>
  move(ctx, id, 'return', { failureReason: reason ?? null }, async (before, order) => {
    if (restock) await putBack(ctx, returnedOf(before), causeOf(before), ownerOf(order.id));
  });

/** Not sent after all: its units stay promised to the order. Throws `NotFound`, `FulfilmentMoveNotAllowed`. */
export const cancelFulfilment = (ctx: Ctx, id: Id<'ful'>) => move(ctx, id, 'cancellation');

const goodsOf = ({ lines }: FulfilmentView) => lines.map(({ variantId, quantity }) => ({ variantId, quantity }));

const returnedOf = (before: FulfilmentView) =>
  goodsOf(before).map((line) => ({ ...line, locationId: before.locationId }));

const causeOf = ({ id }: FulfilmentView) => ({ type: 'fulfilment', id });

/** One step of a fulfilment's life: allowed by the table, counted on the order, told. Stock is locked last. */
async function move(
  ctx: Ctx,
  id: Id<'ful'>,
  which: FulfilmentMove,
  set: Parameters<typeof raise>[2] = {},
  goods: (before: FulfilmentView, order: OrderRecord) => Promise<unknown> = () => Promise.resolve(),
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
      ...Object.fromEntries(
        Object.entries(countsOf(which, before.status)).map(([counter, sign]) => [counter, sign * quantity]),
      ),
    })),
  );
  const event = EVENTS[which];
  const order = await recomputeOrder(ctx, orderId, [{ kind: event.type, data: { fulfilmentId: id } }]);
  const fulfilment = await getFulfilment(ctx, id);
  ctx.audit({ action: event.type, entity: { type: 'fulfilment', id }, before, after: fulfilment });
  await emit(ctx, event, { aggregate: { id, sequence: fulfilment.version }, data: { fulfilment } });
  await goods(before, order);
  return fulfilment;
}

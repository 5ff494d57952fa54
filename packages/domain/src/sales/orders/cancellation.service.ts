import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { releaseRedemptions } from '../../pricing/discounts/redemptions.service.ts';
import { changeOrder, countLines } from './order-changes.service.ts';
import { lockOrder, readOrder } from './order-rows.service.ts';
import { shareOf } from './order-status.ts';
import { giveBackGoods, secureStock } from './order-stock.service.ts';
import type { OrderLineRow, OrderRecord } from './order-views.ts';
import { NotCancellable, OrderMoveNotAllowed } from './orders.errors.ts';
import { orderCancelled, orderCancelledInPart, orderPaid } from './orders.events.ts';
import { closeCartOf } from './paid.service.ts';

export interface CancelRequest {
  /** Left out: all that stands in no fulfilment. */
  readonly lines?: readonly { readonly orderLineId: Id<'oli'>; readonly quantity: number }[] | undefined;
  /**
   * Whether the goods can be sold again. If not, they leave the shelf they were held on; what was sent and got lost has
   * left it already.
   */
  readonly restock: boolean;
  readonly reason: string;
  /** The order that takes the place of this one, and has taken over its goods in the same unit of work already. */
  readonly supersededById?: Id<'ord'> | undefined;
}

/** Units of a line that are cancelled, and their share of its total. Minor units. */
export interface CancelledLine {
  readonly orderLineId: Id<'oli'>;
  readonly quantity: number;
  readonly amount: bigint;
}

export interface Cancelled {
  readonly order: OrderRecord;
  readonly lines: readonly CancelledLine[];
  /** Of the shipping, what is not owed any more: all of it when nothing of the order is left to be sent. */
  readonly shipping: bigint;
  /** Lines and shipping. What of it goes back in money is the payments' to say: an unpaid order owes less, that is all. */
  readonly total: bigint;
  /** Nothing is left of it. */
  readonly isWhole: boolean;
}

/**
 * Calls off units that stand in no fulfilment, all or some. Their goods are free again (or leave the shelf), their share
 * of the total is not owed any more: shares of the stored totals, tax and discount in them, so that all units of a line
 * close to the last minor unit. The last of them takes shipping along and ends the order, and its discounts may be used
 * again; so they may not after a part. Called under the payment's lock; locks the order.
 * Throws `NotFound`, `OrderMoveNotAllowed`, `NotCancellable`, `InvalidInput`, `StockBelowZero` (goods that are lost were
 * not on the shelf).
 */
export async function cancelLines(ctx: Ctx, id: Id<'ord'>, request: CancelRequest): Promise<Cancelled> {
  const before = await lockOrder(ctx, id);
  if (before.lifecycle !== 'pending' && before.lifecycle !== 'open')
    throw new OrderMoveNotAllowed(before.lifecycle, 'cancelled');
  const lines = cancelledLines(before, request.lines);
  await countLines(
    ctx,
    id,
    lines.map(({ orderLineId, quantity }) => ({ orderLineId, cancelled: quantity })),
  );
  const counted = await readOrder(ctx, id);
  const isWhole = counted.lines.every(({ quantity, cancelled }) => cancelled === quantity);
  if (isWhole && before.discounts.length > 0) await releaseRedemptions(ctx, id);
  const calledOff = new Map(lines.map(({ orderLineId, quantity }) => [orderLineId, quantity]));
  if (!request.supersededById) await giveBackGoods(ctx, counted, calledOff, request.restock);
  const shipping = isWhole ? sumOf(before.shippingLines, ({ total }) => total) : 0n;
  const total = sumOf(lines, ({ amount }) => amount) + shipping;
  const cancelledTotal = before.cancelledTotal + total;
  // Paid in part, and what was not paid is called off: then nothing is waited for any more.
  const isNowPaid = before.lifecycle === 'pending' && !isWhole && netOf(before) >= before.total - cancelledTotal;
  const isShort = isNowPaid && !(await secureStock(ctx, counted));
  const ending = { cancelReason: request.reason, supersededById: request.supersededById ?? null };
  const quantities = lines.map(({ orderLineId, quantity }) => ({ orderLineId, quantity }));
  const order = await changeOrder(ctx, counted, {
    ...(isWhole && { lifecycle: 'cancelled' }),
    ...(isNowPaid && { lifecycle: 'open' }),
    set: {
      cancelledTotal,
      ...(isWhole && ending),
      ...(isNowPaid && { expiresAt: null }),
      ...(isShort && { needsReview: true }),
    },
    timeline: [
      { kind: isWhole ? 'cancelled' : 'lines_cancelled', message: request.reason, data: { lines: quantities } },
    ],
    ...(isWhole
      ? { event: orderCancelled }
      : isNowPaid
        ? { event: orderPaid }
        : { event: orderCancelledInPart, privately: { cancelledLines: quantities } }),
  });
  if (isNowPaid) await closeCartOf(ctx, order);
  return { order, lines, shipping, total, isWhole };
}

/** What can still be called off of a line. */
const cancellableOf = ({ quantity, cancelled, fulfilled }: OrderLineRow): number => quantity - cancelled - fulfilled;

function cancelledLines(order: OrderRecord, wanted: CancelRequest['lines']): CancelledLine[] {
  const all = order.lines.map((line) => ({ orderLineId: line.id, quantity: cancellableOf(line) }));
  const asked = wanted ?? all.filter(({ quantity }) => quantity > 0);
  if (asked.length === 0) throw new OrderMoveNotAllowed(order.lifecycle, 'cancelled: all of it is on its way');
  const known = new Map(order.lines.map((line) => [line.id, line]));
  if (new Set(asked.map(({ orderLineId }) => orderLineId)).size < asked.length) throw twice();
  return asked.map(({ orderLineId, quantity }, at) => {
    const line = known.get(orderLineId);
    if (!line) throw notInOrder(at);
    if (quantity > cancellableOf(line)) throw new NotCancellable(line.title, quantity, cancellableOf(line));
    return { orderLineId, quantity, amount: shareOf(line.total, line.quantity, line.cancelled, quantity) };
  });
}

const twice = () =>
  new InvalidInput({ pointer: '/lines', code: 'twice', message: 'A line stands here twice. Add its units up.' });

const notInOrder = (at: number) =>
  new InvalidInput({
    pointer: `/lines/${at}/orderLineId`,
    code: 'not_in_order',
    message: 'This order has no such line. GET /v1/orders/:id shows its lines.',
  });

const netOf = ({ paidTotal, refundedTotal }: OrderRecord) => paidTotal - refundedTotal;

const sumOf = <Item>(items: readonly Item[], of: (item: Item) => bigint) =>
  items.reduce((sum, item) => sum + of(item), 0n);

import { eq, sql } from 'drizzle-orm';
import { insertAll } from '../../kernel/bulk-write.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { EventDefinition } from '../../kernel/events.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { mine } from '../../kernel/tables.ts';
import { readOrder } from './order-rows.service.ts';
import { axesOf, mayBecome, type OrderAxes } from './order-status.ts';
import { type OrderRecord, orderViewOf } from './order-views.ts';
import { OrderMoveNotAllowed } from './orders.errors.ts';
import { orderCompleted, orderUpdated } from './orders.events.ts';
import { type OrderLifecycle, orders, orderTimeline } from './orders.schema.ts';

type OrderId = Id<'ord'>;
type Columns = Partial<
  Pick<
    OrderRecord,
    | 'email'
    | 'emailKey'
    | 'phone'
    | 'note'
    | 'shippingAddress'
    | 'billingAddress'
    | 'cancelledTotal'
    | 'paidTotal'
    | 'refundedTotal'
    | 'needsReview'
    | 'cancelReason'
    | 'supersededById'
    | 'expiresAt'
    | 'paymentProvider'
    | 'customerId'
  >
>;
type OrderEvent = EventDefinition<(typeof orderUpdated)['data']>;

/** A line of an order's history. */
export interface TimelineNote {
  readonly kind: string;
  readonly message?: string | undefined;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

export interface OrderChange {
  /** The next part of its life, where it is more than what follows from quantities and money. */
  readonly lifecycle?: OrderLifecycle;
  readonly set?: Columns;
  readonly timeline?: readonly TimelineNote[];
  /** What is told of it; without one `order.updated`. */
  readonly event?: OrderEvent;
  /** What only our own workers may read of that event. */
  readonly privately?: unknown;
}

/**
 * The one writer of an order's row after its placement. The caller has locked it, has changed what hangs on it already,
 * and gives the order as it was read after that; the four axes are reckoned anew from it. Raises version and sequence,
 * writes the history, and tells it. Returns the order as it is now. Throws `OrderMoveNotAllowed`.
 */
export async function changeOrder(ctx: Ctx, before: OrderRecord, change: OrderChange): Promise<OrderRecord> {
  const lifecycle = change.lifecycle ?? before.lifecycle;
  if (!mayBecome(before.lifecycle, lifecycle)) throw new OrderMoveNotAllowed(before.lifecycle, lifecycle);
  const axes = axesOf({ ...before, ...change.set, lifecycle });
  const at = ctx.now.toISOString();
  const changed = { ...change.set, ...axes, ...endsOf(before, axes, at), updatedAt: at };
  const after: OrderRecord = {
    ...before,
    ...changed,
    version: before.version + 1,
    eventSequence: before.eventSequence + 1,
  };
  const { version, eventSequence } = after;
  // Sent in one go.
  await Promise.all([
    ctx.tx
      .update(orders)
      .set({ ...changed, version, eventSequence })
      .where(mine(ctx, orders, eq(orders.id, before.id))),
    noteOnOrder(ctx, before.id, change.timeline ?? []),
    tell(ctx, before, after, change),
  ]);
  return after;
}

async function tell(ctx: Ctx, before: OrderRecord, after: OrderRecord, change: OrderChange): Promise<void> {
  const isNowCompleted = after.lifecycle === 'completed' && before.lifecycle !== 'completed';
  const event = isNowCompleted ? orderCompleted : (change.event ?? orderUpdated);
  const order = orderViewOf(after);
  const entity = { type: 'order', id: after.id };
  const changed = Object.keys(change.set ?? {});
  if (!ctx.isShopper)
    ctx.audit({ action: event.type, entity, before: notedOf(before), after: { ...notedOf(after), changed } });
  await emit(ctx, event, {
    aggregate: { id: after.id, sequence: after.eventSequence },
    data: { order },
    ...(event === change.event && { privately: change.privately }),
  });
}

/** Axes, amounts and counts; of all else the names of fields only: the audit log outlives an erasure. Minor units. */
const notedOf = (order: OrderRecord) => ({
  lifecycle: order.lifecycle,
  paymentStatus: order.paymentStatus,
  fulfilmentStatus: order.fulfilmentStatus,
  returnStatus: order.returnStatus,
  currency: order.currency,
  total: order.total,
  cancelledTotal: order.cancelledTotal,
  paidTotal: order.paidTotal,
  refundedTotal: order.refundedTotal,
  lines: order.lines.map(({ id, quantity, fulfilled, shipped, delivered, cancelled, returned, refunded }) => {
    return { id, quantity, fulfilled, shipped, delivered, cancelled, returned, refunded };
  }),
  needsReview: order.needsReview,
  version: order.version,
});

function endsOf(before: OrderRecord, { lifecycle }: OrderAxes, at: Instant) {
  if (lifecycle === before.lifecycle) return {};
  if (lifecycle === 'cancelled') return { cancelledAt: at, expiresAt: null };
  if (lifecycle === 'completed') return { completedAt: at };
  return { completedAt: null };
}

/**
 * Reckons the four axes of an order anew after its lines were changed, and tells what it is now: `order.completed` when
 * this was the last of it, else `order.updated`. The caller holds the order's lock. Throws `NotFound`.
 */
export async function recomputeOrder(
  ctx: Ctx,
  id: OrderId,
  timeline: readonly TimelineNote[] = [],
): Promise<OrderRecord> {
  return changeOrder(ctx, await readOrder(ctx, id), { timeline });
}

/** How a line's counters change; left out: not at all. Below zero: back. */
export interface LineCount {
  readonly orderLineId: Id<'oli'>;
  readonly fulfilled?: number;
  readonly shipped?: number;
  readonly delivered?: number;
  readonly cancelled?: number;
  readonly returned?: number;
  readonly refunded?: number;
  /** Of the line's total, what goes back. Minor units. */
  readonly refundedTotal?: bigint;
}

/**
 * Moves the counters of lines of one order, in one statement; `recomputeOrder` belongs after it. The caller holds the
 * order's lock and has looked whether it may be: the table's checks are the net. A line must not come twice.
 */
export async function countLines(ctx: Ctx, orderId: OrderId, counts: readonly LineCount[]): Promise<void> {
  if (counts.length === 0) return;
  const rows = counts.map(({ orderLineId, refundedTotal, ...by }) => ({
    id: orderLineId,
    ...by,
    refunded_total: refundedTotal?.toString(),
  }));
  await ctx.tx.execute(sql`update order_lines l set
      fulfilled = l.fulfilled + coalesce(g.fulfilled, 0), shipped = l.shipped + coalesce(g.shipped, 0),
      delivered = l.delivered + coalesce(g.delivered, 0), cancelled = l.cancelled + coalesce(g.cancelled, 0),
      returned = l.returned + coalesce(g.returned, 0), refunded = l.refunded + coalesce(g.refunded, 0),
      refunded_total = l.refunded_total + coalesce(g.refunded_total, 0)
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as g(id text collate "C", fulfilled int, shipped int,
      delivered int, cancelled int, returned int, refunded int, refunded_total bigint)
    where l.company_id = ${ctx.companyId} and l.order_id = ${orderId} and l.id = g.id`);
}

/** Takes down what of the shipping goes back, per shipping line. Minor units. As `countLines`. */
export async function countShipping(
  ctx: Ctx,
  orderId: OrderId,
  counts: readonly { shippingLineId: Id<'osl'>; refundedTotal: bigint }[],
): Promise<void> {
  if (counts.length === 0) return;
  const rows = counts.map(({ shippingLineId, refundedTotal }) => ({
    id: shippingLineId,
    by: refundedTotal.toString(),
  }));
  await ctx.tx.execute(sql`update order_shipping_lines s set refunded_total = s.refunded_total + g.by
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as g(id text collate "C", by bigint)
    where s.company_id = ${ctx.companyId} and s.order_id = ${orderId} and s.id = g.id`);
}

/** Writes into an order's history, and tells nobody. */
export async function noteOnOrder(ctx: Ctx, orderId: OrderId, notes: readonly TimelineNote[]): Promise<void> {
  await insertAll(
    ctx,
    orderTimeline,
    notes.map(({ kind, message, data }) => ({
      id: newId('otl'),
      orderId,
      kind,
      message: message ?? null,
      data: data ?? null,
      actorType: ctx.actor.type,
      actorId: ctx.actor.id,
    })),
  );
}

import { eq, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import { defaultLocationId, getLocation } from '../../catalog/inventory/locations.service.ts';
import { insertAll } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { FieldFault } from '../../kernel/errors.ts';
import { NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { mine } from '../../kernel/tables.ts';
import { countLines, recomputeOrder } from '../orders/order-changes.service.ts';
import { lockOrder } from '../orders/order-rows.service.ts';
import type { OrderRecord } from '../orders/order-views.ts';
import { secureUnits } from './fulfilment-goods.service.ts';
import {
  dueLines,
  fullestPlace,
  isPromisedElsewhere,
  leftOf,
  type Portion,
  portionsAt,
  type Supply,
} from './fulfilment-plan.ts';
import { getFulfilment } from './fulfilment-rows.service.ts';
import type { FulfilmentPatch, FulfilmentView, NewFulfilment } from './fulfilments.contract.ts';
import { NothingLeftToSend, NotReadyToSend } from './fulfilments.errors.ts';
import { fulfilmentCreated, fulfilmentUpdated } from './fulfilments.events.ts';
import { fulfilmentLines, fulfilments } from './fulfilments.schema.ts';

/**
 * Begins to send some of an order: nothing leaves the shelf before it is shipped. Without lines everything that is still
 * to be sent from that place, of what can be had, and not what was refunded; without a place the one where most of it is
 * reserved. Named lines may leave from any place: what is promised elsewhere is to be brought there first. Throws
 * `NotFound`, `NotReadyToSend`, `NothingLeftToSend`, and `InsufficientStock` for units that were sent once, got lost and
 * are not there again.
 */
export async function createFulfilment(ctx: Ctx, orderId: Id<'ord'>, input: NewFulfilment): Promise<FulfilmentView> {
  const order = await lockOrder(ctx, orderId);
  const isRefunded = order.paymentStatus === 'refunded';
  if (order.lifecycle !== 'open' || isRefunded)
    throw new NotReadyToSend(order.number, order.lifecycle, order.paymentStatus);
  if (input.locationId) await getLocation(ctx, input.locationId);
  const { locationId, lines, note } = await planned(ctx, order, input);
  const id = newId('ful');
  await ctx.tx.insert(fulfilments).values({
    companyId: ctx.companyId,
    id,
    orderId,
    locationId,
    carrier: input.carrier ?? null,
    trackingNumbers: input.trackingNumbers ?? [],
    trackingUrl: input.trackingUrl ?? null,
    note: input.note ?? null,
  });
  await insertAll(
    ctx,
    fulfilmentLines,
    lines.map((line) => ({ fulfilmentId: id, ...line })),
  );
  await countLines(
    ctx,
    orderId,
    lines.map(({ orderLineId, quantity }) => ({ orderLineId, fulfilled: quantity })),
  );
  const fulfilment = await getFulfilment(ctx, id);
  await recomputeOrder(ctx, orderId, [{ kind: 'fulfilment.created', message: note, data: { fulfilmentId: id } }]);
  ctx.audit({ action: fulfilmentCreated.type, entity: { type: 'fulfilment', id }, after: fulfilment });
  await emit(ctx, fulfilmentCreated, { aggregate: { id, sequence: fulfilment.version }, data: { fulfilment } });
  return fulfilment;
}

interface Plan {
  locationId: Id<'loc'>;
  lines: readonly Portion[];
  /** For the history: what is to be done before it can be shipped. */
  note: string | undefined;
}

async function planned(ctx: Ctx, order: OrderRecord, input: NewFulfilment): Promise<Plan> {
  const asked = input.lines && refuseMoreThanLeft(order, input.lines);
  const wanted = asked ?? dueLines(order);
  const { supply, refusal } = await secureUnits(ctx, order, wanted);
  if (asked && refusal) throw refusal;
  const locationId = input.locationId ?? fullestPlace(order, supply, wanted) ?? (await defaultLocationId(ctx));
  const lines = asked ?? portionsAt(order, supply, wanted, locationId);
  if (lines.length === 0) throw nothingToSend(order, supply, wanted, refusal);
  const note = isPromisedElsewhere(order, supply, lines, locationId) ? BRING_FIRST : undefined;
  return { locationId, lines, note };
}

const BRING_FIRST = 'Some of it is promised at other locations: bring it to this one before it is shipped.';

function nothingToSend(order: OrderRecord, { units }: Supply, due: readonly Portion[], refusal: Error | undefined) {
  if (units.length > 0 && due.length > 0) return NothingLeftToSend.here();
  if (refusal) return refusal;
  return order.lines.some((line) => leftOf(line) > 0) ? NothingLeftToSend.refunded() : new NothingLeftToSend([]);
}

/** Fills in or corrects what is known of a parcel's way; what is left out stays. Throws `NotFound`. */
export async function updateFulfilment(ctx: Ctx, id: Id<'ful'>, patch: FulfilmentPatch): Promise<FulfilmentView> {
  const before = await lockFulfilment(ctx, id);
  await raise(ctx, id, patch);
  const fulfilment = await getFulfilment(ctx, id);
  ctx.audit({ action: fulfilmentUpdated.type, entity: { type: 'fulfilment', id }, before, after: fulfilment });
  await emit(ctx, fulfilmentUpdated, { aggregate: { id, sequence: fulfilment.version }, data: { fulfilment } });
  return fulfilment;
}

/** Locks the order a fulfilment is of, then the fulfilment: everybody does it so. Throws `NotFound`. */
export async function lockFulfilment(ctx: Ctx, id: Id<'ful'>): Promise<FulfilmentView> {
  const [known] = await ctx.tx
    .select({ orderId: fulfilments.orderId })
    .from(fulfilments)
    .where(mine(ctx, fulfilments, eq(fulfilments.id, id)));
  if (!known) throw new NotFound('fulfilment');
  await lockOrder(ctx, known.orderId);
  return getFulfilment(ctx, id);
}

/** Writes columns of a fulfilment and raises its version. The caller holds the order's lock. */
export async function raise(ctx: Ctx, id: Id<'ful'>, set: PgUpdateSetSource<typeof fulfilments>): Promise<void> {
  await ctx.tx
    .update(fulfilments)
    .set({
      ...set,
      version: sql`${fulfilments.version} + 1`,
      eventSequence: sql`${fulfilments.eventSequence} + 1`,
      updatedAt: sql`now()`,
    })
    .where(mine(ctx, fulfilments, eq(fulfilments.id, id)));
}

function refuseMoreThanLeft(order: OrderRecord, lines: readonly Portion[]): readonly Portion[] {
  const faults = lines.flatMap(({ orderLineId, quantity }, at): FieldFault[] => {
    const line = order.lines.find(({ id }) => id === orderLineId);
    if (!line) throw new NotFound('order line', 'The order names its lines: GET /v1/orders/:id.');
    const left = leftOf(line);
    const message = `${left} of "${line.title}" are left to be sent, not ${quantity}.`;
    return quantity > left ? [{ pointer: `/lines/${at}/quantity`, code: 'more_than_left', message }] : [];
  });
  if (faults.length > 0) throw new NothingLeftToSend(faults);
  return lines;
}

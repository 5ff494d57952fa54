import { eq, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import { defaultLocationId, getLocation } from '../../catalog/inventory/locations.service.ts';
import { heldUnits } from '../../catalog/inventory/reservation-ends.service.ts';
import { reserve } from '../../catalog/inventory/reservations.service.ts';
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
import { getFulfilment } from './fulfilment-rows.service.ts';
import type { FulfilmentPatch, FulfilmentView, NewFulfilment } from './fulfilments.contract.ts';
import { NothingLeftToSend, NotReadyToSend } from './fulfilments.errors.ts';
import { fulfilmentCreated, fulfilmentUpdated } from './fulfilments.events.ts';
import { fulfilmentLines, fulfilments } from './fulfilments.schema.ts';

/** Units of an order line. */
export interface Portion {
  readonly orderLineId: Id<'oli'>;
  readonly quantity: number;
}

type Held = Awaited<ReturnType<typeof heldUnits>>;

export const ownerOf = (orderId: Id<'ord'>) => ({ type: 'order', id: orderId });

/**
 * Begins to send some of an order: nothing leaves the shelf before it is shipped. Without lines everything that is still
 * to be sent from that place; without a place the one where most of it is reserved. Throws `NotFound`, `NotReadyToSend`,
 * `NothingLeftToSend`, and `InsufficientStock` for units that were sent once, got lost and are not there again.
 */
export async function createFulfilment(ctx: Ctx, orderId: Id<'ord'>, input: NewFulfilment): Promise<FulfilmentView> {
  const order = await lockOrder(ctx, orderId);
  if (order.lifecycle !== 'open') throw new NotReadyToSend(order.number, order.lifecycle, order.paymentStatus);
  if (input.locationId) await getLocation(ctx, input.locationId);
  const asked = input.lines && refuseMoreThanLeft(order, input.lines);
  const held = withoutStanding(await holdAgain(ctx, order), await standingUnits(ctx, orderId));
  const locationId = input.locationId ?? fullestPlace(order, held, asked) ?? (await defaultLocationId(ctx));
  const lines = asked ?? leftAt(order, held, input.locationId ? undefined : locationId);
  if (lines.length === 0) throw new NothingLeftToSend([]);
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
  await recomputeOrder(ctx, orderId, [{ kind: 'fulfilment.created', data: { fulfilmentId: id } }]);
  ctx.audit({ action: fulfilmentCreated.type, entity: { type: 'fulfilment', id }, after: fulfilment });
  await emit(ctx, fulfilmentCreated, { aggregate: { id, sequence: fulfilment.version }, data: { fulfilment } });
  return fulfilment;
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

const leftOf = ({ quantity, cancelled, fulfilled }: OrderRecord['lines'][number]) => quantity - cancelled - fulfilled;

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

/** Units that were sent, got lost and are to be sent again are promised to the order once more. */
async function holdAgain(ctx: Ctx, order: OrderRecord): Promise<Held> {
  const held = await heldUnits(ctx, ownerOf(order.id));
  const missing = new Map<Id<'var'>, number>();
  for (const { variantId, quantity, cancelled, shipped } of order.lines)
    missing.set(variantId, (missing.get(variantId) ?? 0) + quantity - cancelled - shipped);
  for (const { variantId, quantity } of held) missing.set(variantId, (missing.get(variantId) ?? 0) - quantity);
  const lines = [...missing].flatMap(([variantId, quantity]) => (quantity > 0 ? [{ variantId, quantity }] : []));
  if (lines.length === 0) return held;
  await reserve(ctx, { owner: ownerOf(order.id), lines, expiresAt: null });
  return heldUnits(ctx, ownerOf(order.id));
}

/** What stands in fulfilments of an order that have not left: it is promised still, and spoken for. */
async function standingUnits(ctx: Ctx, orderId: Id<'ord'>): Promise<Held> {
  return ctx.tx.execute<Held[number] & Record<string, unknown>>(sql`select l.variant_id as "variantId",
      f.location_id as "locationId", sum(p.quantity)::int as quantity
    from fulfilments f
    join fulfilment_lines p on p.company_id = f.company_id and p.fulfilment_id = f.id
    join order_lines l on l.company_id = p.company_id and l.id = p.order_line_id
    where f.company_id = ${ctx.companyId} and f.order_id = ${orderId} and f.status in ('pending', 'packed')
    group by l.variant_id, f.location_id`);
}

/** They leave what lies where they are first, then what lies elsewhere. */
function withoutStanding(held: Held, standing: Held): Held {
  const left = held.map((one) => ({ ...one }));
  for (const { variantId, locationId, quantity } of standing) {
    let open = quantity;
    const own = left.filter((one) => one.variantId === variantId);
    for (const one of own.sort((a, b) => Number(b.locationId === locationId) - Number(a.locationId === locationId))) {
      const taken = Math.min(open, one.quantity);
      one.quantity -= taken;
      open -= taken;
    }
  }
  return left;
}

/** The place with most of what is to be sent. */
function fullestPlace(order: OrderRecord, held: Held, asked: readonly Portion[] | undefined): Id<'loc'> | undefined {
  const wanted = new Set(
    order.lines
      .filter((line) => (asked ? asked.some(({ orderLineId }) => orderLineId === line.id) : leftOf(line) > 0))
      .map(({ variantId }) => variantId),
  );
  const units = new Map<Id<'loc'>, number>();
  for (const { variantId, locationId, quantity } of held)
    if (wanted.has(variantId)) units.set(locationId, (units.get(locationId) ?? 0) + quantity);
  return [...units].sort((a, b) => b[1] - a[1])[0]?.[0];
}

/** What is left of each line; of what is reserved elsewhere only as many as lie at `at`. What nobody counts lies everywhere. */
function leftAt(order: OrderRecord, held: Held, at: Id<'loc'> | undefined): Portion[] {
  const here = new Map<Id<'var'>, number>();
  for (const { variantId, locationId, quantity } of held)
    here.set(variantId, (here.get(variantId) ?? 0) + (at === undefined || locationId === at ? quantity : 0));
  return order.lines.flatMap((line) => {
    const there = here.get(line.variantId) ?? Number.POSITIVE_INFINITY;
    const quantity = Math.min(leftOf(line), there);
    if (here.has(line.variantId)) here.set(line.variantId, there - quantity);
    return quantity > 0 ? [{ orderLineId: line.id, quantity }] : [];
  });
}

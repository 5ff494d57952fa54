import { desc, eq, gte, lte } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { firstIdAt } from '../../kernel/id-time.ts';
import type { Id } from '../../kernel/ids.ts';
import { events } from '../../kernel/outbox.schema.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { eventBody } from '../event-log/event-body.ts';
import { typesCoveredBy } from '../event-log/event-patterns.ts';
import { AGAIN, isFailed, isFree, isPending, isSucceeded } from './delivery-states.service.ts';
import type { AttemptView, DeliveriesQuery, DeliveryDetails, DeliveryView } from './webhook-deliveries.contract.ts';
import { DeliveryUnderWay, EndpointDeleted, EndpointDisabled } from './webhook-endpoints.errors.ts';
import { webhookAttempts, webhookDeliveries, webhookEndpoints } from './webhooks.schema.ts';

const ATTEMPTS_SHOWN_MAX = 100;

type DeliveryId = Id<'whd'>;
type DeliveryRow = typeof webhookDeliveries.$inferSelect;

/** The log of the last thirty days, the newest events first. */
export async function listDeliveries(ctx: Ctx, query: DeliveriesQuery): Promise<Page<DeliveryView>> {
  const { where, orderBy } = keyset({ columns: [webhookDeliveries.id], direction: 'desc' }, query.after);
  const rows = await ctx.tx
    .select()
    .from(webhookDeliveries)
    .where(mine(ctx, webhookDeliveries, where, ...conditionsOf(query)))
    .orderBy(...orderBy)
    .limit(query.limit + 1);
  return pageFrom(rows, query.limit, ({ id }) => [id], viewOf);
}

const OF_STATUS = { pending: isPending, succeeded: isSucceeded, failed: isFailed };

function conditionsOf({ endpointId, eventId, eventType, status, createdGte, createdLte }: DeliveriesQuery) {
  const { endpointId: endpoint, eventId: event, eventType: type, id } = webhookDeliveries;
  return [
    endpointId && eq(endpoint, endpointId),
    eventId && eq(event, eventId),
    eventType === undefined || eventType === '*' ? undefined : isAnyOf(type, typesCoveredBy([eventType])),
    status && OF_STATUS[status],
    // An id begins with the time of the event.
    createdGte === undefined ? undefined : gte(id, firstIdAt('whd', Date.parse(createdGte))),
    createdLte === undefined ? undefined : lte(id, firstIdAt('whd', Date.parse(createdLte) + 1)),
  ];
}

/** A delivery with its attempts and what is sent. Throws `NotFound`. */
export async function getDelivery(ctx: Ctx, id: DeliveryId): Promise<DeliveryDetails> {
  const [[found], attempts] = await Promise.all([
    ctx.tx
      .select({ delivery: webhookDeliveries, event: events })
      .from(webhookDeliveries)
      .innerJoin(events, mine(ctx, events, eq(events.id, webhookDeliveries.eventId)))
      .where(mine(ctx, webhookDeliveries, eq(webhookDeliveries.id, id))),
    ctx.tx
      .select()
      .from(webhookAttempts)
      .where(mine(ctx, webhookAttempts, eq(webhookAttempts.deliveryId, id)))
      .orderBy(desc(webhookAttempts.number), desc(webhookAttempts.id))
      .limit(ATTEMPTS_SHOWN_MAX),
  ]);
  if (!found) throw new NotFound('webhook delivery', 'Deliveries are kept for thirty days.');
  const payload = JSON.parse(eventBody(found.event)) as DeliveryDetails['payload']; // what `eventBody` writes
  return { ...viewOf(found.delivery), attempts: attempts.map(attemptOf).reverse(), payload };
}

/**
 * Sends a delivery again, or at once if it waits for its next attempt. Attempts begin anew; their numbers go on. Throws
 * `NotFound`, `EndpointDeleted`, `EndpointDisabled`, and `DeliveryUnderWay` while a worker has it in hand.
 */
export async function redeliver(ctx: Ctx, id: DeliveryId): Promise<DeliveryView> {
  const [known] = await ctx.tx
    .select({ endpointId: webhookDeliveries.endpointId })
    .from(webhookDeliveries)
    .where(mine(ctx, webhookDeliveries, eq(webhookDeliveries.id, id)));
  if (!known) throw new NotFound('webhook delivery', 'Deliveries are kept for thirty days.');
  await holdEnabled(ctx, known.endpointId);
  const [row] = await ctx.tx
    .update(webhookDeliveries)
    .set(AGAIN)
    .where(mine(ctx, webhookDeliveries, eq(webhookDeliveries.id, id), isFree))
    .returning();
  if (!row) throw new DeliveryUnderWay();
  ctx.audit({
    action: 'webhook_delivery.asked_again',
    entity: { type: 'webhook_delivery', id },
    after: { endpointId: row.endpointId, eventId: row.eventId, redeliveries: row.redeliveries },
  });
  ctx.nudge();
  return viewOf(row);
}

/**
 * Keeps an endpoint as it is until this short transaction ends, so that nothing is put before one that is being switched
 * off or deleted. Throws `EndpointDeleted`, `EndpointDisabled`.
 */
export async function holdEnabled(ctx: Ctx, endpointId: Id<'wep'>): Promise<void> {
  refuse(await standingOf(ctx, endpointId).for('no key update'));
}

/**
 * What an endpoint wants. Holds nothing: whoever takes its deliveries would wait. Throws `EndpointDeleted`,
 * `EndpointDisabled`.
 */
export async function patternsOf(ctx: Ctx, endpointId: Id<'wep'>): Promise<readonly string[]> {
  return refuse(await standingOf(ctx, endpointId));
}

const standingOf = (ctx: Ctx, endpointId: Id<'wep'>) =>
  ctx.tx
    .select({
      status: webhookEndpoints.status,
      deletedAt: webhookEndpoints.deletedAt,
      eventTypes: webhookEndpoints.eventTypes,
    })
    .from(webhookEndpoints)
    .where(mine(ctx, webhookEndpoints, eq(webhookEndpoints.id, endpointId)));

type Standing = Pick<typeof webhookEndpoints.$inferSelect, 'status' | 'deletedAt' | 'eventTypes'>;

function refuse([endpoint]: readonly Standing[]): readonly string[] {
  if (!endpoint || endpoint.deletedAt !== null) throw new EndpointDeleted();
  if (endpoint.status === 'disabled') throw new EndpointDisabled();
  return endpoint.eventTypes;
}

const viewOf = (row: DeliveryRow): DeliveryView => ({
  id: row.id,
  endpointId: row.endpointId,
  eventId: row.eventId,
  eventType: row.eventType,
  status: row.status,
  attemptCount: row.attempts,
  nextAttemptAt: row.status === 'pending' ? row.dueAt : null,
  lastStatusCode: row.lastStatusCode,
  lastError: row.lastError,
  redeliveries: row.redeliveries,
  createdAt: row.createdAt,
  endedAt: row.endedAt,
});

const attemptOf = (row: typeof webhookAttempts.$inferSelect): AttemptView => ({
  id: row.id,
  number: row.number,
  at: row.startedAt,
  durationMs: row.durationMs,
  statusCode: row.statusCode,
  error: row.error,
  responseBody: row.responseBody,
});

import { eq, isNull, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import { type EventDefinition, eventOf } from '../../kernel/events.ts';
import type { Id } from '../../kernel/ids.ts';
import { events } from '../../kernel/outbox.schema.ts';
import { eventRow } from '../../kernel/outbox.ts';
import { mine } from '../../kernel/tables.ts';
import { noSuchType, typesCoveredBy } from '../event-log/event-patterns.ts';
import { deliveryId, wantsType } from './fan-out.service.ts';
import type { EndpointTestEvent, NewTestEvent, TestEventView } from './test-events.contract.ts';
import { holdEnabled } from './webhook-deliveries.service.ts';
import { webhookDeliveries, webhookEndpoints } from './webhooks.schema.ts';

/**
 * Sends an endpoint a made-up event, by default of the first type it wants: its sample, marked as a test. Throws
 * `NotFound`, `EndpointDisabled`, and `InvalidInput` for a type there is none of.
 */
export async function sendTestEvent(
  ctx: Ctx,
  endpointId: Id<'wep'>,
  { type }: EndpointTestEvent,
): Promise<TestEventView> {
  const [live] = await ctx.tx
    .select({ eventTypes: webhookEndpoints.eventTypes })
    .from(webhookEndpoints)
    .where(mine(ctx, webhookEndpoints, eq(webhookEndpoints.id, endpointId), isNull(webhookEndpoints.deletedAt)));
  if (!live) throw new NotFound('webhook endpoint');
  const event = knownEvent(type ?? firstOf(live.eventTypes));
  await holdEnabled(ctx, endpointId);
  const eventId = await storeTestEvent(ctx, event, endpointId);
  // Here and not by the relay, which finds it done: whoever asked can look at it at once.
  const [delivery] = await ctx.tx
    .insert(webhookDeliveries)
    .values({
      companyId: ctx.companyId,
      id: sql`${deliveryId(sql`${eventId}::text`, sql`${endpointId}::text`)}`,
      endpointId,
      eventId,
      eventType: event.type,
    })
    .returning({ id: webhookDeliveries.id });
  if (!delivery) throw new Error('The insert gave no row back');
  return { eventId, type: event.type, endpointCount: 1, deliveryId: delivery.id };
}

/** The first type of the first pattern that still names one. */
const firstOf = (patterns: readonly string[]): string => {
  for (const pattern of patterns) {
    const [first] = typesCoveredBy([pattern]);
    if (first !== undefined) return first;
  }
  return patterns[0] ?? '';
};

/** Announces a made-up event to all endpoints that want its type. Throws `InvalidInput` for a type there is none of. */
export async function announceTestEvent(ctx: Ctx, { type }: NewTestEvent): Promise<TestEventView> {
  const event = knownEvent(type);
  const endpointCount = await ctx.tx.$count(
    webhookEndpoints,
    mine(
      ctx,
      webhookEndpoints,
      eq(webhookEndpoints.status, 'enabled'),
      isNull(webhookEndpoints.deletedAt),
      wantsType(webhookEndpoints.eventTypes, sql`${type}::text`),
    ),
  );
  const eventId = await storeTestEvent(ctx, event, null);
  return { eventId, type, endpointCount, deliveryId: null };
}

function knownEvent(type: string): EventDefinition {
  const event = eventOf(type);
  if (event) return event;
  throw new InvalidInput({ pointer: '/type', code: 'unknown_event', message: noSuchType(type) });
}

/** Stores the sample of an event as if it had happened. What it is about is itself: it counts among nobody's events. */
async function storeTestEvent(ctx: Ctx, event: EventDefinition, endpointId: Id<'wep'> | null): Promise<Id<'evt'>> {
  const row = eventRow(ctx, event, { aggregate: { id: '', sequence: 1 }, data: event.sample });
  await ctx.tx.insert(events).values({ ...row, aggregateId: row.id, isTest: true, endpointId });
  const after = { type: event.type, endpointId };
  ctx.audit({ action: 'test_event.sent', entity: { type: 'event', id: row.id }, after });
  ctx.nudge();
  return row.id;
}

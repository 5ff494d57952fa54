import { sql } from 'drizzle-orm';
import { boolean, check, foreignKey, index, integer, jsonb, pgTable, text, unique } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import { events } from '../../kernel/outbox.schema.ts';
import { createdAt, relayMayLook, tenantId, updatedAt, walls } from '../../kernel/tables.ts';

/**
 * Where a merchant's server wants to hear of events. Its signing secrets are in `company_secrets`, under the names
 * `webhook-endpoint.<id>` and, during the overlap of a rotation, `webhook-endpoint.<id>.previous`; beside them the values
 * of its own headers, which often hold a token (`endpoint-secrets.service.ts`).
 */
export const webhookEndpoints = pgTable(
  'webhook_endpoints',
  {
    ...tenantId('wep'),
    url: text('url').notNull(),
    description: text('description').notNull().default(''),
    /** Types of events: `order.paid`, `order.*`, `*`. */
    eventTypes: jsonb('event_types').$type<string[]>().notNull(),
    /** Names of the headers sent besides our own, in lower case; the values are secret (`webhook-endpoint.<id>.headers`). */
    headerNames: jsonb('header_names').$type<string[]>().notNull().default([]),
    /** The next event goes out only when the one before was taken. */
    isOrdered: boolean('is_ordered').notNull().default(false),
    status: text('status').$type<EndpointStatus>().notNull().default('enabled'),
    disabledReason: text('disabled_reason').$type<DisabledReason>(),
    disabledAt: instantColumn('disabled_at'),
    /** Until when deliveries carry the signature of the previous secret as well. */
    previousSecretUntil: instantColumn('previous_secret_until'),
    /** Since when nothing but failures; null: the last attempt went well, or there was none. */
    failingSince: instantColumn('failing_since'),
    failuresInARow: integer('failures_in_a_row').notNull().default(0),
    /** The circuit is open until then: no attempt but one probe after it. */
    pausedUntil: instantColumn('paused_until'),
    lastSuccessAt: instantColumn('last_success_at'),
    version: integer('version').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(0),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    /** Kept for the log of its deliveries until they are swept. */
    deletedAt: instantColumn('deleted_at'),
  },
  (t) => [
    ...walls(t),
    relayMayLook(),
    check('webhook_endpoints_status', sql`status in ('enabled', 'disabled')`),
    check('webhook_endpoints_disabled', sql`(status = 'disabled') = (disabled_at is not null)`),
  ],
);

export type EndpointStatus = 'enabled' | 'disabled';
/** `by_hand`: staff; `gone`: it answered 410; `failing`: nothing but failures for days. */
export type DisabledReason = 'by_hand' | 'gone' | 'failing';

/** One event on its way to one endpoint. The row decides whether it is still to be sent; the queue only rings. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    ...tenantId('whd'),
    endpointId: idColumn('wep', 'endpoint_id').notNull(),
    eventId: idColumn('evt', 'event_id').notNull(),
    eventType: text('event_type').notNull(),
    status: text('status').$type<DeliveryStatus>().notNull().default('pending'),
    /** Scheduled attempts so far, counted before each begins. */
    attempts: integer('attempts').notNull().default(0),
    /** When it is next due; pushed ahead while a worker holds it, so that a crash delays it and loses nothing. */
    dueAt: instantColumn('due_at').notNull().default(sql`now()`),
    /** Until when a worker that took it is believed to be alive; renewed while the request is under way. Null: nobody holds it. */
    leasedUntil: instantColumn('leased_until'),
    /** Of the last attempt; null: no answer came, or there was no attempt yet. */
    lastStatusCode: integer('last_status_code'),
    lastError: text('last_error'),
    /** How many times somebody asked for it to be sent again. */
    redeliveries: integer('redeliveries').notNull().default(0),
    createdAt: createdAt(),
    endedAt: instantColumn('ended_at'),
  },
  (t) => [
    ...walls(t),
    relayMayLook(),
    unique('webhook_deliveries_once').on(t.companyId, t.endpointId, t.eventId),
    check('webhook_deliveries_status', sql`status in ('pending', 'succeeded', 'failed')`),
    foreignKey({
      columns: [t.companyId, t.endpointId],
      foreignColumns: [webhookEndpoints.companyId, webhookEndpoints.id],
    }),
    foreignKey({ columns: [t.companyId, t.eventId], foreignColumns: [events.companyId, events.id] }),
    index('webhook_deliveries_due').on(t.companyId, t.endpointId, t.dueAt).where(sql`status = 'pending'`),
    // For endpoints in strict order: which one is the oldest that is not done.
    index('webhook_deliveries_oldest').on(t.companyId, t.endpointId, t.eventId).where(sql`status = 'pending'`),
    index('webhook_deliveries_by_event').on(t.companyId, t.eventId),
    index('webhook_deliveries_by_endpoint').on(t.companyId, t.endpointId, t.id),
    // Those that were given up are few, and what people look for.
    index('webhook_deliveries_failed').on(t.companyId, t.id).where(sql`status = 'failed'`),
  ],
);

/** `failed`: given up; somebody may ask for it again. */
export type DeliveryStatus = 'pending' | 'succeeded' | 'failed';

/** One request that was made, append-only. */
export const webhookAttempts = pgTable(
  'webhook_attempts',
  {
    ...tenantId('wha'),
    deliveryId: idColumn('whd', 'delivery_id').notNull(),
    /** Which attempt of its delivery, from 1; goes on counting over redeliveries. */
    number: integer('number').notNull(),
    startedAt: instantColumn('started_at').notNull(),
    durationMs: integer('duration_ms').notNull(),
    /** Null: no answer. */
    statusCode: integer('status_code'),
    /** Why it counts as failed, in our words; null: it went well. */
    error: text('error'),
    /** The first 4 KiB of the answer, as text. */
    responseBody: text('response_body'),
  },
  (t) => [
    ...walls(t),
    foreignKey({
      columns: [t.companyId, t.deliveryId],
      foreignColumns: [webhookDeliveries.companyId, webhookDeliveries.id],
    }),
    index('webhook_attempts_by_delivery').on(t.companyId, t.deliveryId, t.number),
  ],
);

import { sql } from 'drizzle-orm';
import { boolean, index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { instantColumn } from './clock.ts';
import { idColumn } from './ids.ts';
import { createdAt, relayMayLook, tenantId, walls } from './tables.ts';

/** What happened, written in the transaction that made it happen. Also the source of `GET /v1/events`, kept 30 days. */
export const events = pgTable(
  'events',
  {
    ...tenantId('evt'),
    type: text('type').notNull(),
    version: integer('version').notNull(),
    aggregateId: text('aggregate_id').notNull(),
    /** Counts this aggregate's events, so that a receiver can drop what is older than what it has. */
    sequence: integer('sequence').notNull(),
    data: jsonb('data').notNull(),
    /** Sealed; for our own workers only; emptied when the event is dispatched. */
    privately: text('privately'),
    /** A made-up one, to try a receiver with: webhooks carry it, marked; nobody is written to, and nothing has happened. */
    isTest: boolean('is_test').notNull().default(false),
    /** The one endpoint that gets it; null: all that want its type. */
    endpointId: idColumn('wep', 'endpoint_id'),
    createdAt: createdAt(),
    dispatchedAt: instantColumn('dispatched_at'),
  },
  (t) => [
    ...walls(t),
    relayMayLook(),
    // The relay wants the waiting rows only. Dispatched rows stay thirty days, and it must not walk through them.
    index('events_waiting').on(t.companyId, t.id).where(sql`dispatched_at is null`),
    index('events_by_type').on(t.companyId, t.type, t.id),
    // Made-up ones are few, and are left out of what is sent again.
    index('events_made_up').on(t.companyId, t.id).where(sql`is_test`),
    index('events_by_aggregate').on(t.companyId, t.aggregateId, t.id),
  ],
);

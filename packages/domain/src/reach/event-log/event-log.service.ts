import { and, asc, desc, eq, gt, gte, inArray, isNull, lt, type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { keyPermissions } from '../../identity/api-keys/standing.service.ts';
import { staffStanding } from '../../identity/sessions/standing.service.ts';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { firstIdAt } from '../../kernel/id-time.ts';
import type { Id } from '../../kernel/ids.ts';
import { events } from '../../kernel/outbox.schema.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { can } from './event-log.access.ts';
import type { EventsQuery, EventView } from './event-log.contract.ts';
import { typesCoveredBy } from './event-patterns.ts';

/** How far the clock that made an id and the clock of the database may be apart before a time filter misses an event. */
const CLOCKS_APART_MS = 3_600_000;

/** The same table under another name, for the walk along each type. */
const ofType = alias(events, 'of_type');

type Row = typeof events.$inferSelect;

/** A page of the events of the last thirty days, newest first. */
export async function listEvents(ctx: Ctx, query: EventsQuery): Promise<Page<EventView>> {
  const types = query.type?.includes('*') ? undefined : query.type && typesCoveredBy(query.type);
  const rows = await ctx.tx
    .select()
    .from(events)
    .where(mine(ctx, events, ...conditionsOf(events, query), types && newestOf(ctx, types, query)))
    .orderBy(desc(events.id))
    .limit(query.limit + 1);
  return pageFrom(rows, query.limit, ({ id }) => [id], viewOf);
}

/** One event, real or made up. Throws `NotFound`. */
export async function getEvent(ctx: Ctx, id: Id<'evt'>): Promise<EventView> {
  const [row] = await ctx.tx
    .select()
    .from(events)
    .where(mine(ctx, events, eq(events.id, id)));
  if (!row) throw new NotFound('event', 'Events are kept for thirty days.');
  return viewOf(row);
}

/**
 * Ids of events from one on, the oldest first, whether they were dispatched or not; of all types or some. Made-up ones that
 * are meant for one endpoint are left out.
 */
export async function eventIdsAfter(
  ctx: Ctx,
  after: Id<'evt'>,
  { types, limit }: { types: readonly string[] | undefined; limit: number },
): Promise<Id<'evt'>[]> {
  const rows = await ctx.tx
    .select({ id: events.id })
    .from(events)
    .where(
      mine(ctx, events, gt(events.id, after), types && inArray(events.type, [...types]), isNull(events.endpointId)),
    )
    .orderBy(asc(events.id))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** Events by their ids, the oldest first. */
export function eventsNamed(ctx: Ctx, ids: readonly Id<'evt'>[]): Promise<Row[]> {
  return ctx.tx
    .select()
    .from(events)
    .where(mine(ctx, events, isAnyOf(events.id, ids)))
    .orderBy(asc(events.id));
}

/** Whether who is listening still may: their session or key may have ended since, or the right was taken from them. */
export async function mayStillListen(ctx: Ctx): Promise<boolean> {
  const { actor, staffSessionId } = ctx;
  if (actor.type === 'key') return (await keyPermissions(ctx, actor.id))?.includes(can.read) ?? false;
  if (actor.type !== 'staff' || !staffSessionId) return actor.type === 'system';
  const standing = await staffStanding(ctx, { staffId: actor.id, sessionId: staffSessionId });
  return standing?.permissions.includes(can.read) ?? false;
}

type Events = typeof events | typeof ofType;

function conditionsOf(table: Events, query: EventsQuery): (SQL | undefined)[] {
  const { aggregateId, createdGte, createdLte, test, after } = query;
  return [
    eq(table.isTest, test),
    aggregateId === undefined ? undefined : eq(table.aggregateId, aggregateId),
    // The time itself has no index. The ids sort by time and have one, so they narrow what the exact condition looks at.
    createdGte ? gte(table.createdAt, createdGte) : undefined,
    createdGte ? gte(table.id, firstIdAt('evt', Date.parse(createdGte) - CLOCKS_APART_MS)) : undefined,
    // To the millisecond, as times are shown: the database keeps them more exactly.
    createdLte ? lt(table.createdAt, new Date(Date.parse(createdLte) + 1).toISOString()) : undefined,
    createdLte ? lt(table.id, firstIdAt('evt', Date.parse(createdLte) + CLOCKS_APART_MS)) : undefined,
    keyset({ columns: [table.id], direction: 'desc' }, after).where,
  ];
}

/**
 * The newest of each type, as many as a page takes: each walk goes along `events_by_type` and stops early. Asked for all
 * types at once, a rare type would be looked for through everything that happened in thirty days.
 */
function newestOf(ctx: Ctx, types: readonly string[], query: EventsQuery): SQL {
  const walk = ctx.tx
    .select({ id: ofType.id })
    .from(ofType)
    .where(and(mine(ctx, ofType, sql`${ofType.type} = kind.type`), ...conditionsOf(ofType, query)))
    .orderBy(desc(ofType.id))
    .limit(query.limit + 1);
  return sql`${events.id} in (select found.id
    from json_array_elements_text(${JSON.stringify(types)}::text::json) as kind(type) cross join lateral (${walk}) found)`;
}

const viewOf = (row: Row): EventView => ({
  id: row.id,
  type: row.type,
  version: row.version,
  timestamp: row.createdAt,
  aggregateId: row.aggregateId,
  sequence: row.sequence,
  data: row.data as EventView['data'], // parsed by the event's schema, which is an object: `declarations.test.ts`
  test: row.isTest,
  dispatchedAt: row.dispatchedAt,
});

import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { auditPending } from '../../kernel/audit-log.schema.ts';
import type { Tx } from '../../kernel/ctx.ts';
import { timeOfId } from '../../kernel/id-time.ts';
import type { CompanyId, Id, IdPrefix } from '../../kernel/ids.ts';
import { events } from '../../kernel/outbox.schema.ts';
import { notifications } from '../../reach/notifications/notifications.schema.ts';
import { type DisabledReason, webhookDeliveries, webhookEndpoints } from '../../reach/webhooks/webhooks.schema.ts';

/** Counted so far; more is `COUNTED_MAX + 1`. */
export const COUNTED_MAX = 10_000;

/** Work that no worker has taken yet. */
export interface Waiting {
  readonly count: number;
  /** How long the first of it has waited; null: there is none. */
  readonly oldestSeconds: number | null;
}

export interface Backlog {
  /** Announced, and not handed on to webhooks and mails. */
  readonly events: Waiting;
  /** To endpoints that take any; in strict order only the one whose turn it is. */
  readonly deliveries: Waiting;
  readonly notifications: Waiting;
  /** Audit entries that are not in the chain. */
  readonly audit: Waiting;
}

/** As the relay role, in no company: what waits for a worker, of all companies. */
export async function backlogOf(tx: Tx): Promise<Backlog> {
  const now = await databaseTime(tx);
  return {
    events: await byId(tx, events, events.id, now),
    audit: await byId(tx, auditPending, auditPending.entryId, now),
    deliveries: await byDueTime(
      tx,
      sql`${webhookDeliveries} d join ${webhookEndpoints} e
      on e.company_id = d.company_id and e.id = d.endpoint_id and e.status = 'enabled'
        and (e.paused_until is null or e.paused_until <= now())
        and (not e.is_ordered or not exists (select from ${webhookDeliveries} o where o.company_id = d.company_id
          and o.endpoint_id = d.endpoint_id and o.status = 'pending' and o.event_id < d.event_id))`,
    ),
    notifications: await byDueTime(tx, sql`${notifications} d`),
  };
}

/** What the database takes for now, in milliseconds since 1970. */
export async function databaseTime(tx: Tx): Promise<number> {
  const [row] = await tx.execute<{ ms: string }>(sql`select extract(epoch from clock_timestamp()) * 1000 as ms`);
  return Number(row?.ms);
}

/** An endpoint that was switched off because its server failed, and not by staff. */
export interface GivenUp {
  readonly companyId: CompanyId;
  readonly id: Id<'wep'>;
  readonly reason: DisabledReason | null;
}

/** As the relay role: the endpoints that were given up and are still there, by company. */
export async function endpointsGivenUp(tx: Tx, limit: number): Promise<GivenUp[]> {
  const { companyId, id, status, disabledReason, deletedAt } = webhookEndpoints;
  return tx
    .select({ companyId, id, reason: disabledReason })
    .from(webhookEndpoints)
    .where(and(eq(status, 'disabled'), sql`${disabledReason} is distinct from 'by_hand'`, isNull(deletedAt)))
    .orderBy(asc(companyId), asc(id))
    .limit(limit);
}

/** The number of the server's version, like 150008, and the tables of companies whose row security is not forced. */
export async function wallsOf(tx: Tx): Promise<{ serverVersion: number; open: string[] }> {
  const [version] = await tx.execute<{ number: string }>(sql`select current_setting('server_version_num') as number`);
  const rows = await tx.execute<{ name: string }>(sql`
    select c.relname as name from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped
    where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
      and c.relname <> 'company_handles' and not (c.relrowsecurity and c.relforcerowsecurity)
    order by 1`);
  return { serverVersion: Number(version?.number), open: rows.map(({ name }) => name) };
}

// Ids hold the time they were made, and the relay sees nothing else of these.
async function byId(tx: Tx, table: PgTable, id: PgColumn, nowMs: number): Promise<Waiting> {
  const isWaiting = table === events ? isNull(events.dispatchedAt) : sql`true`;
  const [row] = await tx.execute<{ count: number; oldest: Id<IdPrefix> | null }>(sql`
    select count(*)::int as count, min(one.id) as oldest
    from (select ${id} as id from ${table} where ${isWaiting} order by 1 limit ${COUNTED_MAX + 1}) one`);
  const oldest = row?.oldest ?? null;
  return { count: row?.count ?? 0, oldestSeconds: oldest === null ? null : secondsFrom(timeOfId(oldest), nowMs) };
}

async function byDueTime(tx: Tx, from: ReturnType<typeof sql>): Promise<Waiting> {
  const [row] = await tx.execute<{ count: number; seconds: string | null }>(sql`
    select count(*)::int as count, extract(epoch from now() - min(one.due_at)) as seconds
    from (select d.due_at from ${from} where d.status = 'pending' and d.due_at <= now()
      order by 1 limit ${COUNTED_MAX + 1}) one`);
  const seconds = row?.seconds ?? null;
  return { count: row?.count ?? 0, oldestSeconds: seconds === null ? null : Math.round(Number(seconds)) };
}

const secondsFrom = (ms: number, nowMs: number) => Math.max(0, Math.round((nowMs - ms) / 1_000));

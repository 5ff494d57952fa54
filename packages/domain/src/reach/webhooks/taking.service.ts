import { and, eq, isNotNull, sql } from 'drizzle-orm';
import { isAnyOf, recordset } from '../../kernel/bulk-write.ts';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import type { CompanyId, Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { runText, type TextStatement } from '../../kernel/text-statement.ts';
import type { ToldEvent } from '../event-log/event-body.ts';
import { ATTEMPTS_MAX, BREAKER_FAILURES, PROBE_SECONDS } from './retry-schedule.ts';
import { webhookDeliveries, webhookEndpoints } from './webhooks.schema.ts';

/** Requests under way to one endpoint at a time, from all workers together. */
export const LANES = 2;
/** What one worker may hold of an endpoint while nobody else holds any: two of them are under way, the others wait in it. */
export const HELD_MAX = 20;
/**
 * How long a worker is believed to be alive without a sign of it. Shorter than a request may take: whoever sends renews
 * it meanwhile, so that what a dead worker held, and the lanes it held, are free again within ten seconds.
 */
export const LEASE_SECONDS = 6;
/** Workers died during each attempt: it may be this delivery that kills them. */
const CRASHED = 'The worker stopped during each attempt.';
const OF_ENDPOINT = `d.company_id = $1 and d.endpoint_id = $2 and d.status = 'pending'`;

/** A delivery taken by one worker, for as long as its lease. */
export interface Taken {
  readonly id: Id<'whd'>;
  readonly endpointId: Id<'wep'>;
  readonly event: ToldEvent;
  /** Which scheduled attempt this is, from 1, and after how many redeliveries: whoever lost its lease records nothing. */
  readonly attempt: number;
  readonly redeliveries: number;
  readonly url: string;
  /** Of the headers that are sent besides ours. */
  readonly headerNames: readonly string[];
  /** Rises when the endpoint or its secrets are changed. */
  readonly endpointVersion: number;
  /** The circuit is open, and this one tries whether the server is back. */
  readonly isProbe: boolean;
}

interface TakenRow {
  id: Id<'whd'>;
  status: string;
  attempts: number;
  redeliveries: number;
  url: string;
  header_names: string[];
  version: number;
  is_probe: boolean;
  event_id: Id<'evt'>;
  type: string;
  sequence: number;
  data: unknown;
  is_test: boolean;
  created_at: string;
}

/** Takers of an endpoint take turns, or two would count the same free lanes. Not in the way of those who fan out to it. */
const LOCK: TextStatement<'company' | 'endpoint'> = {
  text: `select id from webhook_endpoints where company_id = $1 and id = $2 for no key update`,
  names: ['company', 'endpoint'],
};

/**
 * `door`: the endpoint, if anything may be sent to it. `free`: how many more, which is what is wanted, or the lanes that
 * other workers leave, or one. Then the oldest that are due or, in
 * strict order, the oldest there is, once it is due and no older event is still to be fanned out. A statement of its own
 * behind the lock, so that it sees what the taker before it took. $1: the company, $2: the endpoint, $3: how many are wanted, $4: what the
 * caller holds already.
 */
const TAKE: TextStatement<'company' | 'endpoint' | 'wanted' | 'held'> = {
  names: ['company', 'endpoint', 'wanted', 'held'],
  text: `with door as (
      select e.id, e.url, e.header_names, e.version, e.is_ordered, e.failures_in_a_row >= ${BREAKER_FAILURES} as is_probe
      from webhook_endpoints e where e.company_id = $1 and e.id = $2
        and e.status = 'enabled' and e.deleted_at is null and (e.paused_until is null or e.paused_until <= now())
    ), others as (
      select count(*) as held from webhook_deliveries d where ${OF_ENDPOINT} and d.due_at > now()
        and d.due_at <= now() + interval '${LEASE_SECONDS} s' and d.leased_until > now() and d.id <> all ($4::text[])
    ), free as (
      select is_ordered, least($3::int, case
        when is_ordered or is_probe then 1 - held - cardinality($4::text[])
        when held > 0 then ${LANES} - held - cardinality($4::text[]) else $3::int end) as count from door, others
    ), due as (
      select d.id from webhook_deliveries d where ${OF_ENDPOINT} and d.due_at <= now()
        and (d.leased_until is null or d.leased_until <= now())
      order by d.due_at limit coalesce((select greatest(count, 0) from free where not is_ordered), 0)
      for update skip locked
    ), oldest as (
      select d.id, d.event_id, d.due_at, d.leased_until from webhook_deliveries d
      where ${OF_ENDPOINT} and exists (select from free where is_ordered and count > 0)
      order by d.event_id limit 1
    ), chosen as (
      select id from due union all select id from oldest where due_at <= now()
        and (leased_until is null or leased_until <= now()) and not exists (select from events w
          where w.company_id = $1 and w.dispatched_at is null and w.id < oldest.event_id)
    ), taken as (
      update webhook_deliveries d set
        attempts = least(d.attempts + 1, ${ATTEMPTS_MAX}),
        leased_until = case when d.attempts < ${ATTEMPTS_MAX} then now() + interval '${LEASE_SECONDS} s' end,
        due_at = now() + interval '${LEASE_SECONDS} s',
        status = case when d.attempts < ${ATTEMPTS_MAX} then 'pending' else 'failed' end,
        last_error = case when d.attempts < ${ATTEMPTS_MAX} then d.last_error else '${CRASHED}' end,
        ended_at = case when d.attempts < ${ATTEMPTS_MAX} then null else now() end
      from chosen c, door where d.company_id = $1 and d.id = c.id and d.status = 'pending'
      returning d.id, d.event_id, d.status, d.attempts, d.redeliveries,
        door.url, door.header_names, door.version, door.is_probe
    ), probing as (
      update webhook_endpoints e set paused_until = now() + interval '${PROBE_SECONDS} s'
      where e.company_id = $1 and e.id = $2 and exists (select from taken where is_probe)
    )
    select t.*, v.type, v.sequence, v.data, v.is_test, v.created_at
    from taken t join events v on v.company_id = $1 and v.id = t.event_id order by v.id`,
};

/** Holds the endpoint until the end of this transaction. Before its deliveries, here and wherever both are written. */
export async function holdEndpoint(ctx: Ctx, endpointId: Id<'wep'>): Promise<void> {
  await runText(ctx, LOCK, { company: ctx.companyId, endpoint: endpointId });
}

/**
 * Takes up to `wanted` of what is due at an endpoint, the caller holding it: only as many as others leave lanes if they
 * hold some, one in strict order or when the circuit is open, none while it is paused or switched off. The attempt is
 * counted and the lease begun before anything is sent, so that a worker that dies delays it and loses nothing. `held`:
 * what the caller has taken already and not recorded.
 */
export async function takeDeliveries(
  ctx: Ctx,
  endpointId: Id<'wep'>,
  wanted: number,
  held: readonly Id<'whd'>[] = [],
): Promise<Taken[]> {
  const values = { company: ctx.companyId, endpoint: endpointId, wanted, held: `{${held.join(',')}}` };
  const rows = await runText<TakenRow, keyof typeof values>(ctx, TAKE, values);
  return rows.filter(({ status }) => status === 'pending').map((row) => takenOf(row, endpointId));
}

/** Gives back what was taken and not begun: it is due as before, and the attempt was none. */
export async function giveBack(ctx: Ctx, taken: readonly Taken[]): Promise<void> {
  const rows = taken.map(({ id, attempt: attempts, redeliveries }) => ({ id, attempts, redeliveries }));
  await ctx.tx.execute(sql`update ${webhookDeliveries} d
    set attempts = greatest(d.attempts - 1, 0), leased_until = null, due_at = now()
    from ${recordset(webhookDeliveries, ['id', 'attempts', 'redeliveries'], rows)}
    where d.company_id = ${ctx.companyId} and d.id = given.id and d.status = 'pending'
      and d.attempts = given.attempts and d.redeliveries = given.redeliveries`);
}

/** A sign of life of whoever sends these: their leases begin anew. */
export async function renewLeases(ctx: Ctx, ids: readonly Id<'whd'>[]): Promise<void> {
  const until = sql`now() + make_interval(secs => ${LEASE_SECONDS})`;
  await ctx.tx
    .update(webhookDeliveries)
    .set({ leasedUntil: until, dueAt: until })
    .where(
      mine(
        ctx,
        webhookDeliveries,
        isAnyOf(webhookDeliveries.id, ids),
        and(eq(webhookDeliveries.status, 'pending'), isNotNull(webhookDeliveries.leasedUntil)),
      ),
    );
}

/** An endpoint with something due, and since when. */
export interface DueEndpoint {
  readonly companyId: CompanyId;
  readonly endpointId: Id<'wep'>;
  /** How long the oldest has been due, in seconds. */
  readonly waitingSeconds: number;
}

/**
 * As the relay role, in no company: endpoints that something could be sent to now; by company and id, from the one behind
 * `after` on.
 */
export async function endpointsDue(tx: Tx, limit: number, after?: DueEndpoint): Promise<DueEndpoint[]> {
  const behind = after && sql`and (e.company_id, e.id) > (${after.companyId}, ${after.endpointId})`;
  const rows = await tx.execute<{ company_id: CompanyId; id: Id<'wep'>; waiting: number }>(sql`
    select e.company_id, e.id, extract(epoch from now() - oldest.due_at)::float8 as waiting
    from ${webhookEndpoints} e cross join lateral (select d.due_at from ${webhookDeliveries} d
      where d.company_id = e.company_id and d.endpoint_id = e.id and d.status = 'pending' and d.due_at <= now()
      order by d.due_at limit 1) oldest
    where e.status = 'enabled' and (e.paused_until is null or e.paused_until <= now()) ${behind}
    order by e.company_id, e.id limit ${limit}`);
  return [...rows].map((row) => ({ companyId: row.company_id, endpointId: row.id, waitingSeconds: row.waiting }));
}

const takenOf = (row: TakenRow, endpointId: Id<'wep'>): Taken => ({
  id: row.id,
  endpointId,
  attempt: row.attempts,
  redeliveries: row.redeliveries,
  url: row.url,
  headerNames: row.header_names,
  endpointVersion: row.version,
  isProbe: row.is_probe,
  event: {
    id: row.event_id,
    type: row.type,
    sequence: row.sequence,
    data: row.data,
    isTest: row.is_test,
    createdAt: new Date(row.created_at).toISOString(),
  },
});

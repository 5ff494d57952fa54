import type { Ctx } from '../../kernel/ctx.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { runText, type TextStatement } from '../../kernel/text-statement.ts';
import type { ToldEvent } from '../event-log/event-body.ts';
import { ATTEMPTS_MAX, BREAKER_FAILURES, PROBE_SECONDS } from './retry-schedule.ts';

/** Requests under way to one endpoint at a time, from all workers together. */
export const LANES = 2;
/** What one worker may hold of an endpoint while nobody else holds any: two of them are under way, the others wait in it. */
export const HELD_MAX = 20;
/**
 * How long a worker is believed to be alive without a sign of it. Shorter than a request may take: whoever sends renews
 * it meanwhile, so that what a dead worker held, and the lanes it held, are free again within ten seconds.
 */
export const LEASE_SECONDS = 6;
/** What is given up because the worker died of its last attempt, or of something beside it: nobody saw how that ended. */
export const CRASHED = 'The worker stopped during the last attempt, and it was given up.';
/** Seconds that a delivery is let be after a worker died with it, by its attempts: none, 5, 15, 35 … ten minutes. */
const LAPSE_PAUSE = `least(600, 5 * (power(2, greatest(d.attempts, 1) - 1) - 1)) * interval '1 s'`;
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
  /** A worker died with it in hand: it is taken alone, so that no others suffer should it be the cause. */
  readonly hasLapsed: boolean;
  /** Its lease, to the microsecond: it is given back by whoever holds this one, and by nobody else. */
  readonly lease: string;
  /** What it was before it was taken. */
  readonly before: { readonly dueAt: string; readonly leasedUntil: string | null };
}

/** What is to be known of an endpoint while its deliveries are in hand. */
export interface Door {
  /** Rises when the endpoint or its secrets are changed. */
  readonly version: number;
  /** Something may be sent to it: it is not switched off, deleted or paused. */
  readonly isOpen: boolean;
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
  has_lapsed: boolean;
  lease: string;
  was_due: string;
  was_leased: string | null;
  event_id: Id<'evt'>;
  type: string;
  sequence: number;
  data: unknown;
  is_test: boolean;
  created_at: string;
}

/** Takers of an endpoint take turns, or two would count the same free lanes. Not in the way of those who fan out to it. */
const LOCK: TextStatement<'company' | 'endpoint'> = {
  text: `select version, status = 'enabled' and deleted_at is null and (paused_until is null or paused_until <= now())
    as is_open from webhook_endpoints where company_id = $1 and id = $2 for no key update`,
  names: ['company', 'endpoint'],
};

/**
 * `door`: the endpoint, if anything may be sent to it. `free`: how many more, which is what is wanted, or the lanes that
 * other workers leave, or one. Then the oldest that are due or, in strict order, the oldest there is, once it is due and no
 * older event that the endpoint wants is still to be fanned out. Of these: those before the first whose lease lapsed, or
 * that one alone, if the caller holds nothing; `put_off`: those that it is too early for. A statement of its own behind the
 * lock, so that it sees what the taker before it took. Rows are named by an array as well, or the planner, which knows
 * nothing of how few are chosen, would walk all that waits in the company; `ended_at` rather than the status, or it would
 * do so by the index of what is pending. $1: the company, $2: the endpoint, $3: how many are wanted, $4: what
 * the caller holds already, $5: the id of the attempt that tells of one that is given up.
 */
const TAKE: TextStatement<'company' | 'endpoint' | 'wanted' | 'held' | 'unseen'> = {
  names: ['company', 'endpoint', 'wanted', 'held', 'unseen'],
  text: `with door as (
      select e.id, e.url, e.header_names, e.version, e.is_ordered, e.event_types,
        e.failures_in_a_row >= ${BREAKER_FAILURES} as is_probe
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
      select d.id, d.due_at, d.leased_until, d.leased_until + ${LAPSE_PAUSE} as not_before from webhook_deliveries d
      where ${OF_ENDPOINT} and d.due_at <= now() and (d.leased_until is null or d.leased_until <= now())
      order by d.due_at limit coalesce((select greatest(count, 0) from free where not is_ordered), 0)
      for no key update skip locked
    ), oldest as (
      select d.id, d.due_at, d.leased_until, d.leased_until + ${LAPSE_PAUSE} as not_before, d.event_id
      from webhook_deliveries d where ${OF_ENDPOINT} and exists (select from free where is_ordered and count > 0)
      order by d.event_id limit 1
    ), found as (
      select id, due_at, leased_until, not_before from due
      union all select id, due_at, leased_until, not_before from oldest where due_at <= now()
        and (leased_until is null or leased_until <= now()) and not exists (select from events w, door
          where w.company_id = $1 and w.dispatched_at is null and w.id < oldest.event_id
            and not exists (select from webhook_deliveries x
              where x.company_id = $1 and x.endpoint_id = $2 and x.event_id = w.id)
            and case when w.endpoint_id is not null then w.endpoint_id = door.id else exists (
              select from jsonb_array_elements_text(door.event_types) as wanted(pattern) where pattern in ('*', w.type)
                or (pattern like '%.*' and starts_with(w.type, left(pattern, -1)))) end)
    ), put_off as (
      update webhook_deliveries d set due_at = f.not_before from found f
      where d.company_id = $1 and d.id = f.id and f.not_before > now()
        and d.id = any (array(select id from found where not_before > now()))
    ), ranked as (
      select *, row_number() over line as place, count(leased_until) over line as lapsed from found
      where not_before is null or not_before <= now() window line as (order by due_at, id)
    ), chosen as materialized (
      select id, due_at, leased_until, lapsed from ranked
      where lapsed = 0 or (place = 1 and cardinality($4::text[]) = 0)
    ), taken as (
      update webhook_deliveries d set
        attempts = least(d.attempts + 1, ${ATTEMPTS_MAX}),
        leased_until = case when d.attempts < ${ATTEMPTS_MAX} then now() + interval '${LEASE_SECONDS} s' end,
        due_at = now() + interval '${LEASE_SECONDS} s',
        status = case when d.attempts < ${ATTEMPTS_MAX} then 'pending' else 'failed' end,
        last_error = case when d.attempts < ${ATTEMPTS_MAX} then d.last_error else '${CRASHED}' end,
        ended_at = case when d.attempts < ${ATTEMPTS_MAX} then null else now() end
      from chosen c, door where d.company_id = $1 and d.id = c.id and d.ended_at is null
        and d.id = any (array(select id from chosen))
      returning d.id, d.event_id, d.status, d.attempts, d.redeliveries, door.url, door.header_names, door.version,
        door.is_probe, c.lapsed > 0 as has_lapsed, d.leased_until::text as lease, c.due_at::text as was_due,
        c.leased_until::text as was_leased
    ), probing as (
      update webhook_endpoints e set paused_until = now() + interval '${PROBE_SECONDS} s'
      where e.company_id = $1 and e.id = $2 and exists (select from taken where is_probe)
    ), told as (
      insert into webhook_attempts (company_id, id, delivery_id, number, started_at, duration_ms, error)
      select $1, $5, t.id, 1 + coalesce((select max(a.number) from webhook_attempts a
        where a.company_id = $1 and a.delivery_id = t.id), 0), t.was_leased::timestamptz, 0, '${CRASHED}'
      from taken t where t.status = 'failed' limit 1
    )
    select t.*, v.type, v.sequence, v.data, v.is_test, v.created_at
    from taken t join events v on v.company_id = $1 and v.id = t.event_id order by v.id`,
};

/** Holds the endpoint until the end of this transaction. Before its deliveries, here and wherever both are written. */
export async function holdEndpoint(ctx: Ctx, endpointId: Id<'wep'>): Promise<Door> {
  const values = { company: ctx.companyId, endpoint: endpointId };
  const [row] = await runText<{ version: number; is_open: boolean }, keyof typeof values>(ctx, LOCK, values);
  return { version: row?.version ?? 0, isOpen: row?.is_open ?? false };
}

/**
 * Takes up to `wanted` of what is due at an endpoint, the caller holding it: only as many as others leave lanes if they
 * hold some, one in strict order or when the circuit is open, none while it is paused or switched off. The attempt is
 * counted and the lease begun before anything is sent, so that a worker that dies delays it and loses nothing. `held`:
 * what the caller has taken already and not recorded. One whose worker died is taken when the caller holds nothing, and
 * alone; if it was the twelfth time it is given up, which is told by an attempt without an answer.
 */
export async function takeDeliveries(
  ctx: Ctx,
  endpointId: Id<'wep'>,
  wanted: number,
  held: readonly Id<'whd'>[] = [],
): Promise<Taken[]> {
  const unseen = newId('wha');
  const values = { company: ctx.companyId, endpoint: endpointId, wanted, held: `{${held.join(',')}}`, unseen };
  const rows = await runText<TakenRow, keyof typeof values>(ctx, TAKE, values);
  const taken = rows.filter(({ status }) => status === 'pending').map((row) => takenOf(row, endpointId));
  // What was given up stood before what can be sent.
  if (rows.length > 0 && taken.length === 0) return takeDeliveries(ctx, endpointId, wanted, held);
  return taken;
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
  hasLapsed: row.has_lapsed,
  lease: row.lease,
  before: { dueAt: row.was_due, leasedUntil: row.was_leased },
  event: {
    id: row.event_id,
    type: row.type,
    sequence: row.sequence,
    data: row.data,
    isTest: row.is_test,
    createdAt: new Date(row.created_at).toISOString(),
  },
});

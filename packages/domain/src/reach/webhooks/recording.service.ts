import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { runText, type TextStatement } from '../../kernel/text-statement.ts';
import { makeDue } from './delivery-states.service.ts';
import { BREAKER_FAILURES, HOPELESS_SECONDS, PROBE_SECONDS, pauseAfter, throttleAfter } from './retry-schedule.ts';
import { CRASHED, type Taken } from './taking.service.ts';
import { disableEndpoint } from './webhook-endpoints.service.ts';

/** `last_success_at` is told to people: to the minute will do, and a row that each delivery writes would be a hot one. */
const SUCCESS_NOTED_EVERY_SECONDS = 60;
const GONE = 410;

/** One request that was made, and what came of it. */
export interface Attempt {
  readonly id: Id<'wha'>;
  readonly startedAt: Date;
  readonly durationMs: number;
  /** Null: no answer. */
  readonly statusCode: number | null;
  /** Why it counts as failed, for the merchant; null: it went well. */
  readonly error: string | null;
  readonly responseBody: string | null;
  readonly isTimeout: boolean;
  readonly retryAfterSeconds: number | undefined;
  /** The fault is ours, and says nothing of the endpoint. */
  readonly isOurs: boolean;
}

/** `postponed`: it is tried again later. `failed`: given up. `lost`: another worker says how it ends. */
export type DeliveryOutcome = 'succeeded' | 'postponed' | 'failed' | 'lost';

/** An attempt at something that was taken. */
export interface Tried {
  readonly taken: Taken;
  readonly attempt: Attempt;
}

interface RecordedRow {
  held: Id<'whd'>[];
  is_hopeless: boolean;
}

/**
 * Deliveries, their log and the health of the endpoint. $3: the attempts, as JSON. What was tried is logged also by whoever
 * lost the lease, once, however often it is recorded; the delivery is his no more, but for one that was given up because
 * he seemed to be dead. $4: whether one of them went well, $5: how many have failed since, or at all, $6: seconds the
 * endpoint is let be. A success ends a pause of the circuit, and none that the server asked for. The row of the endpoint
 * is written when something of it changes.
 */
const RECORD: TextStatement<'company' | 'endpoint' | 'tried' | 'hasSucceeded' | 'failures' | 'throttle'> = {
  names: ['company', 'endpoint', 'tried', 'hasSucceeded', 'failures', 'throttle'],
  text: `with tried as (
      select * from json_to_recordset($3::text::json) as t(id text collate "C", attempt int, redeliveries int, status text,
        wait float8, status_code int, error text, attempt_id text collate "C", started_at timestamptz, duration_ms int,
        body text)
    ), held as (
      update webhook_deliveries d set status = t.status, leased_until = null,
        due_at = case when t.status = 'pending' then now() + t.wait * interval '1 s' else d.due_at end,
        ended_at = case when t.status = 'pending' then null else now() end,
        last_status_code = t.status_code, last_error = t.error
      from tried t where d.company_id = $1 and d.id = t.id and d.attempts = t.attempt and d.redeliveries = t.redeliveries
        and (d.status = 'pending' or d.status = 'failed' and d.last_error = '${CRASHED}' and t.status = 'succeeded')
      returning d.id
    ), logged as (
      insert into webhook_attempts
        (company_id, id, delivery_id, number, started_at, duration_ms, status_code, error, response_body)
      select d.company_id, t.attempt_id, d.id, 1 + coalesce((select max(a.number) from webhook_attempts a
          where a.company_id = $1 and a.delivery_id = d.id), 0),
        t.started_at, t.duration_ms, t.status_code, t.error, t.body
      from tried t join webhook_deliveries d on d.company_id = $1 and d.id = t.id
      on conflict do nothing returning id
    ), health as (
      update webhook_endpoints e set
        failures_in_a_row = case when $4::boolean then 0 else e.failures_in_a_row end + $5::int,
        failing_since = case when $5::int = 0 then null when $4::boolean then now()
          else coalesce(e.failing_since, now()) end,
        last_success_at = case when $4::boolean then now() else e.last_success_at end,
        paused_until = greatest(case when not ($4::boolean and (e.failures_in_a_row >= ${BREAKER_FAILURES}
            or e.paused_until <= now())) then e.paused_until end,
          case when case when $4::boolean then 0 else e.failures_in_a_row end + $5::int >= ${BREAKER_FAILURES}
            then now() + interval '${PROBE_SECONDS} s' end,
          case when $6::float8 > 0 then now() + $6::float8 * interval '1 s' end)
      where e.company_id = $1 and e.id = $2 and exists (select from logged) and ($5::int > 0 or $6::float8 > 0
        or $4::boolean and (e.failures_in_a_row > 0 or e.paused_until <= now() or e.last_success_at is null
          or e.last_success_at < now() - interval '${SUCCESS_NOTED_EVERY_SECONDS} s'))
      returning e.failures_in_a_row >= ${BREAKER_FAILURES}
        and e.failing_since <= now() - interval '${HOPELESS_SECONDS} s' as is_hopeless
    )
    select array_to_json(array(select id from held)) as held,
      coalesce((select is_hopeless from health), false) as is_hopeless`,
};

/**
 * Writes down attempts at one endpoint, in the order in which they ended, the caller holding it: how each delivery goes on,
 * the log, and what it says of the endpoint. After a success the circuit is closed, and what waited for it is due. A
 * server that says it is gone, or has done nothing but fail for days, is switched off; what is on its way waits for it to
 * be switched on again. Recording an attempt twice is recording it once. Returns how each ended.
 */
export async function recordAttempts(
  ctx: Ctx,
  endpointId: Id<'wep'>,
  tried: readonly Tried[],
  random: () => number = Math.random,
): Promise<DeliveryOutcome[]> {
  const ends = tried.map((one) => endOf(one, random));
  const telling = tried.filter(({ attempt }) => !attempt.isOurs);
  const lastSuccess = telling.findLastIndex(({ attempt }) => attempt.error === null);
  const answers = telling.map(({ attempt }) => attempt);
  const since = telling.slice(lastSuccess + 1).map(({ attempt }) => attempt);
  const [row] = await runText<RecordedRow, (typeof RECORD.names)[number]>(ctx, RECORD, {
    company: ctx.companyId,
    endpoint: endpointId,
    tried: JSON.stringify(tried.map((one, at) => rowOf(one, ends[at]))),
    hasSucceeded: lastSuccess >= 0,
    failures: since.length,
    throttle: Math.max(0, ...answers.map((attempt) => throttleAfter(failureOf(attempt)))),
  });
  const gone = answers.find(({ statusCode }) => statusCode === GONE);
  if (gone) await disableEndpoint(ctx, endpointId, 'gone', gone.error);
  else if (row?.is_hopeless) await disableEndpoint(ctx, endpointId, 'failing', since.at(-1)?.error ?? null);
  if (tried.some(({ taken, attempt }) => taken.isProbe && attempt.error === null)) await makeDue(ctx, endpointId);
  const held = new Set(row?.held);
  return tried.map(({ taken }, at) => (held.has(taken.id) ? (ends[at]?.outcome ?? 'lost') : 'lost'));
}

interface End {
  readonly outcome: Exclude<DeliveryOutcome, 'lost'>;
  /** Seconds until the next attempt. */
  readonly wait: number;
}

function endOf({ taken, attempt }: Tried, random: () => number): End {
  if (attempt.error === null) return { outcome: 'succeeded', wait: 0 };
  const wait = pauseAfter(taken.attempt, failureOf(attempt), random());
  return wait === undefined ? { outcome: 'failed', wait: 0 } : { outcome: 'postponed', wait };
}

const failureOf = ({ statusCode, isTimeout, retryAfterSeconds }: Attempt) => ({
  statusCode: statusCode ?? undefined,
  isTimeout,
  retryAfterSeconds,
});

const rowOf = ({ taken, attempt }: Tried, end: End | undefined) => ({
  id: taken.id,
  attempt: taken.attempt,
  redeliveries: taken.redeliveries,
  status: end?.outcome === 'postponed' ? 'pending' : end?.outcome,
  wait: end?.wait,
  status_code: attempt.statusCode,
  error: attempt.error,
  attempt_id: attempt.id,
  started_at: attempt.startedAt.toISOString(),
  duration_ms: attempt.durationMs,
  body: attempt.responseBody,
});

import { CRASHED } from '../reach/webhooks/taking.service.ts';

/** How long after its time a delivery may wait for its worker: its lease, what rings for it, and a queue before it. */
const LATE = `interval '75 seconds'`;

/** Whether an endpoint wants an event, as the relay decides it. */
const WANTS = `case when v.endpoint_id is not null then v.endpoint_id = e.id else exists (
  select from jsonb_array_elements_text(e.event_types) as wanted(pattern) where pattern in ('*', v.type)
    or (pattern like '%.*' and starts_with(v.type, left(pattern, -1)))) end`;

/** What is true of webhooks whatever happened: as in `invariants.ts`, queries that must return no row. */
export const WEBHOOK_INVARIANTS: Readonly<Record<string, string>> = {
  // As far as SQL can say: of an endpoint that was changed since, nobody knows what it wanted then.
  'I6 an event that was dispatched has a delivery to each endpoint that wanted it': `
    select v.company_id, v.id as event, e.id as endpoint from events v
    join webhook_endpoints e on e.company_id = v.company_id and e.status = 'enabled' and e.deleted_at is null
      and e.updated_at < v.created_at and ${WANTS}
    where v.dispatched_at is not null and not exists (select from webhook_deliveries d
      where d.company_id = v.company_id and d.event_id = v.id and d.endpoint_id = e.id)`,
  // Who asks for everything since a time, or tries an endpoint, has deliveries before the relay comes to their events.
  'I6 a delivery is of an event that is dispatched, under its own type': `
    select d.company_id, d.id, d.event_type, v.type, v.dispatched_at from webhook_deliveries d
    join events v on v.company_id = d.company_id and v.id = d.event_id
    where d.event_type <> v.type or (v.dispatched_at is null and d.created_at < now() - ${LATE})`,
  'I6 a made-up event for one endpoint goes to no other': `
    select d.company_id, d.id, d.endpoint_id from webhook_deliveries d
    join events v on v.company_id = d.company_id and v.id = d.event_id
    where v.endpoint_id is not null and v.endpoint_id <> d.endpoint_id`,
  'I7 what counts as delivered was taken by the server, and what was taken counts as delivered': `
    select d.company_id, d.id, d.status, t.taken from webhook_deliveries d
    cross join lateral (select count(*) filter (where a.status_code between 200 and 299 and a.error is null) as taken
      from webhook_attempts a where a.company_id = d.company_id and a.delivery_id = d.id) t
    where (d.status = 'succeeded' and t.taken = 0) or (d.status = 'failed' and t.taken > 0 and d.redeliveries = 0)`,
  // One that nobody saw end is told of when it is given up, and may be told of once more by who made it.
  'I7 each attempt was counted before it was made': `
    select d.company_id, d.id, d.attempts, t.made from webhook_deliveries d
    cross join lateral (select count(*) filter (where a.error is distinct from '${CRASHED}') as made from webhook_attempts a
      where a.company_id = d.company_id and a.delivery_id = d.id) t
    where d.redeliveries = 0 and t.made > d.attempts`,
  'I7 what has ended says when, is held by nobody, and has a reason if it was given up': `
    select d.company_id, d.id, d.status, d.ended_at, d.last_error from webhook_deliveries d
    where (d.status = 'pending') <> (d.ended_at is null) or (d.status = 'failed' and d.last_error is null)`,
  'I7 no more than two requests are under way to an endpoint, or twenty held for it': `
    select d.company_id, d.endpoint_id, count(*) from webhook_deliveries d
    where d.status = 'pending' and d.leased_until > now() group by d.company_id, d.endpoint_id having count(*) > 20`,
  'I13 no webhook that can be sent waits long after its time': `
    select d.company_id, d.id, d.due_at from webhook_deliveries d
    join webhook_endpoints e on e.company_id = d.company_id and e.id = d.endpoint_id
    where d.status = 'pending' and d.due_at < now() - ${LATE} and e.status = 'enabled' and not e.is_ordered
      and (e.paused_until is null or e.paused_until < now() - ${LATE}) and e.failures_in_a_row = 0`,
};

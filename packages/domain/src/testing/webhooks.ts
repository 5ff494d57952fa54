import type { Session } from '../kernel/ctx.ts';
import { type Id, newId } from '../kernel/ids.ts';
import { type NewEndpoint, newEndpoint } from '../reach/webhooks/webhook-endpoints.contract.ts';
import { createEndpoint } from '../reach/webhooks/webhook-endpoints.service.ts';
import type { TestDatabase } from './database.ts';

/** Where the time ends in an id of an event. */
const TIME_ENDS_AT = 'evt_'.length + 10;

let made = 0;

/** Endpoints of a company, and events that happened to it, as rows: thousands at once. */
export function givenWebhooks(db: TestDatabase, session: Session) {
  const { companyId } = session;
  return {
    endpoint: (wish: Partial<NewEndpoint> = {}) =>
      db.app.run(session, (ctx) =>
        createEndpoint(ctx, newEndpoint.parse({ url: 'https://erp.example.com/souk', events: ['order.*'], ...wish })),
      ),
    /** Events that were dispatched before anybody wanted them, oldest first. */
    events: async (count: number, { type = 'order.paid', isTest = false } = {}): Promise<Id<'evt'>[]> => {
      // The time of an id, and a number that rises: thousands of them are made in the database.
      const beginning = newId('evt').slice(0, TIME_ENDS_AT);
      const first = made;
      made += count;
      const rows = await db.admin<{ id: Id<'evt'> }[]>`
        insert into events (company_id, id, type, version, aggregate_id, sequence, data, is_test, dispatched_at)
        select ${companyId}, ${beginning} || lpad(to_hex(${first}::int + n), 16, '0'), ${type}, 1, ${newId('ord')}, n, '{}',
          ${isTest}, now()
        from generate_series(1, ${count}::int) n order by n returning id`;
      return rows.map(({ id }) => id);
    },
    /** Deliveries of events to an endpoint; returns their ids. */
    deliver: async (
      endpointId: string,
      eventIds: readonly (string | undefined)[],
      more: object = {},
    ): Promise<Id<'whd'>[]> => {
      const rows = await db.admin<{ id: Id<'whd'> }[]>`
        insert into webhook_deliveries (company_id, id, endpoint_id, event_id, event_type, status, attempts, redeliveries,
          due_at, leased_until, ended_at, last_status_code, last_error)
        select e.company_id, 'whd_' || substr(e.id, 5, 10) || substr(md5(e.id || ${endpointId}), 1, 16), ${endpointId}, e.id, e.type, coalesce(m.status, 'pending'),
          coalesce(m.attempts, 0), 0, coalesce(m.due_at, now()), m.leased_until, m.ended_at, m.last_status_code, m.last_error
        from events e cross join json_populate_record(null::webhook_deliveries, ${JSON.stringify(more)}::text::json) m
        where e.company_id = ${companyId} and e.id = any(${eventIds.map(String)})
        order by e.id returning id`;
      return rows.map(({ id }) => id);
    },
    /** The deliveries of an endpoint as they lie in the database, by event. */
    deliveries: (endpointId: string) =>
      db.admin<
        {
          id: Id<'whd'>;
          event_id: Id<'evt'>;
          status: string;
          attempts: number;
          redeliveries: number;
          is_due: boolean;
        }[]
      >`
        select id, event_id, status, attempts, redeliveries, due_at <= now() as is_due from webhook_deliveries
        where company_id = ${companyId} and endpoint_id = ${endpointId} order by event_id`,
  };
}

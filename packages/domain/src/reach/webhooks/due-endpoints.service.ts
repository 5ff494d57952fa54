import { sql } from 'drizzle-orm';
import type { Tx } from '../../kernel/ctx.ts';
import type { CompanyId, Id } from '../../kernel/ids.ts';
import { webhookDeliveries, webhookEndpoints } from './webhooks.schema.ts';

/** One endpoint among those of all companies. */
export interface EndpointPlace {
  readonly companyId: CompanyId;
  readonly endpointId: Id<'wep'>;
}

/** An endpoint with something due, and since when. */
export interface DueEndpoint extends EndpointPlace {
  /** How long what comes next has been due, in seconds. */
  readonly waitingSeconds: number;
}

/** What a look around found. */
export interface EndpointsDue {
  readonly due: readonly DueEndpoint[];
  /** The last endpoint it looked at, to go on behind; undefined: there are no more. */
  readonly last: EndpointPlace | undefined;
}

// A type, not an interface: drizzle asks for an index signature.
type Row = {
  company_id: CompanyId;
  endpoint_id: Id<'wep'>;
  waiting: number | null;
};

/**
 * As the relay role, in no company: looks at up to `limit` of the endpoints that something is on its way to, by company and
 * id, from the one behind `after` on, and says at which of them something could be sent now. In strict order that is the
 * oldest event or nothing. From one endpoint to the next in the index of what is on its way: neither endpoints with nothing
 * to do nor long backlogs are walked through.
 */
export async function endpointsDue(tx: Tx, limit: number, after?: EndpointPlace): Promise<EndpointsDue> {
  const behind = after && sql`and (d.company_id, d.endpoint_id) > (${after.companyId}, ${after.endpointId})`;
  const rows = await tx.execute<Row>(sql`
    with recursive busy as (
      (select d.company_id, d.endpoint_id, 1 as place from ${webhookDeliveries} d where d.status = 'pending' ${behind}
        order by d.company_id, d.endpoint_id limit 1)
      union all
      select next.company_id, next.endpoint_id, busy.place + 1 from busy cross join lateral (
        select d.company_id, d.endpoint_id from ${webhookDeliveries} d where d.status = 'pending'
          and (d.company_id, d.endpoint_id) > (busy.company_id, busy.endpoint_id)
        order by d.company_id, d.endpoint_id limit 1) next
      where busy.place < ${limit})
    select busy.company_id, busy.endpoint_id, extract(epoch from now() - first.due_at)::float8 as waiting
    from busy left join ${webhookEndpoints} e on e.company_id = busy.company_id and e.id = busy.endpoint_id
        and e.status = 'enabled' and (e.paused_until is null or e.paused_until <= now())
      left join lateral (
        (select d.due_at from ${webhookDeliveries} d
          where not e.is_ordered and d.company_id = e.company_id and d.endpoint_id = e.id and d.status = 'pending'
            and d.due_at <= now() and (d.leased_until is null or d.leased_until <= now())
          order by d.due_at limit 1)
        union all
        select oldest.due_at from (select d.due_at, d.leased_until from ${webhookDeliveries} d
          where e.is_ordered and d.company_id = e.company_id and d.endpoint_id = e.id and d.status = 'pending'
          order by d.event_id limit 1) oldest
        where oldest.due_at <= now() and (oldest.leased_until is null or oldest.leased_until <= now())
      ) first on true
    order by busy.place`);
  const seen = [...rows].map((row) => ({
    companyId: row.company_id,
    endpointId: row.endpoint_id,
    waitingSeconds: row.waiting,
  }));
  const due = seen.filter((one): one is DueEndpoint => one.waitingSeconds !== null);
  return { due, last: seen.length < limit ? undefined : seen.at(-1) };
}

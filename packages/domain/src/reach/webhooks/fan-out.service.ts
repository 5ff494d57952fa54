import { type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import { recordset } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { WaitingEvent } from '../../kernel/dispatch.ts';
import type { Id } from '../../kernel/ids.ts';
import { webhookDeliveries, webhookEndpoints } from './webhooks.schema.ts';

/**
 * Writes one delivery for each event and each endpoint that wants it, in the transaction that dispatches the events and in
 * one statement. A made-up event goes to the endpoint it is meant for, whatever that wants. Returns the endpoints to ring
 * for, also those whose made-up event has its delivery already. What is there stays as it is.
 */
export async function fanOut(ctx: Ctx, waiting: readonly WaitingEvent[]): Promise<Id<'wep'>[]> {
  if (waiting.length === 0) return [];
  const given = waiting.map(({ id, type, endpointId }) => ({ eventId: id, eventType: type, endpointId }));
  const endpoints = await ctx.tx.execute<{ endpoint_id: Id<'wep'> }>(sql`
    with added as (
      insert into ${webhookDeliveries} (company_id, id, endpoint_id, event_id, event_type)
      select e.company_id, ${deliveryId(sql`given.event_id`, sql`e.id`)}, e.id, given.event_id, given.event_type
      from ${recordset(webhookDeliveries, ['eventId', 'eventType', 'endpointId'], given)}
      join ${webhookEndpoints} e on e.company_id = ${ctx.companyId} and e.status = 'enabled' and e.deleted_at is null
        and case when given.endpoint_id is null then ${wantsType(sql`e.event_types`, sql`given.event_type`)}
          else e.id = given.endpoint_id end
      on conflict do nothing
      returning endpoint_id)
    select endpoint_id from added
    union
    select e.id from ${recordset(webhookDeliveries, ['endpointId'], given)}
    join ${webhookEndpoints} e on e.company_id = ${ctx.companyId} and e.id = given.endpoint_id and e.status = 'enabled'`);
  return [...endpoints].map(({ endpoint_id }) => endpoint_id);
}

/** Whether patterns (JSON: `*`, `order.*`, `order.paid`) cover a type; `covers` of `event-patterns.ts` in SQL. */
export const wantsType = (patterns: SQLWrapper, type: SQLWrapper): SQL => sql`exists (
  select from jsonb_array_elements_text(${patterns}) as wanted(pattern)
  where pattern in ('*', ${type}) or (pattern like '%.*' and starts_with(${type}, left(pattern, -1))))`;

/**
 * The id of the delivery of an event to an endpoint. Made in SQL, where the pairs are made: it sorts by the time of the
 * event, whose first ten letters it begins with, and goes on with 64 bits of a hash of both, so that there is one for each
 * pair. Hexadecimal letters are letters of an id as well.
 */
export const deliveryId = (
  eventId: SQLWrapper,
  endpointId: SQLWrapper,
): SQL => sql`'whd_' || substr(${eventId}, 5, 10) ||
  left(encode(sha256(convert_to(${eventId} || ${endpointId}, 'UTF8')), 'hex'), 16)`;

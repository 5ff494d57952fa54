import { eq, isNull, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { EVENTS_KEPT_DAYS } from '../../kernel/dispatch.ts';
import { InvalidInput } from '../../kernel/errors.ts';
import { firstIdAt } from '../../kernel/id-time.ts';
import type { Id } from '../../kernel/ids.ts';
import { events } from '../../kernel/outbox.schema.ts';
import { mine } from '../../kernel/tables.ts';
import { deliveryId, wantsType } from './fan-out.service.ts';
import type { NewRedelivery } from './redeliveries.contract.ts';
import { patternsOf } from './webhook-deliveries.service.ts';
import { EndpointDisabled, TooManyRedeliveries } from './webhook-endpoints.errors.ts';
import { webhookDeliveries, webhookEndpoints } from './webhooks.schema.ts';

/** What one request may put back. */
export const REDELIVERIES_MAX = 100_000;
/** What one transaction writes: short enough for those who wait for one of its rows. */
const ROWS_AT_ONCE = 2_000;
const DAY_MS = 86_400_000;

/** Which events a request is about: those behind the one id, up to the other. */
export interface Span {
  readonly behind: Id<'evt'>;
  readonly upTo: Id<'evt'>;
}

/** What one step did, and what is left; undefined: that was all. */
export interface Step {
  readonly count: number;
  readonly rest: Span | undefined;
}

/**
 * How many deliveries a request is about, and which events. Throws `InvalidInput` for an endpoint there is none of and for
 * a time that is not kept, `EndpointDisabled`, `TooManyRedeliveries`.
 */
export async function countRedeliveries(ctx: Ctx, wish: NewRedelivery): Promise<{ count: number; span: Span }> {
  const [endpoint] = await ctx.tx
    .select({ status: webhookEndpoints.status, patterns: webhookEndpoints.eventTypes })
    .from(webhookEndpoints)
    .where(mine(ctx, webhookEndpoints, eq(webhookEndpoints.id, wish.endpointId), isNull(webhookEndpoints.deletedAt)));
  if (!endpoint) {
    const message = 'There is no such webhook endpoint. GET /v1/webhook-endpoints lists yours.';
    throw new InvalidInput({ pointer: '/endpointId', code: 'not_found', message });
  }
  if (endpoint.status === 'disabled') throw new EndpointDisabled();
  const span = spanOf(ctx.now, wish);
  const count = await counted(ctx, { wish, span, patterns: endpoint.patterns });
  if (count > REDELIVERIES_MAX) throw new TooManyRedeliveries(REDELIVERIES_MAX);
  return { count, span };
}

function spanOf(now: Date, { status, since, until }: NewRedelivery): Span {
  const oldest = now.getTime() - EVENTS_KEPT_DAYS * DAY_MS;
  const from = since === undefined ? oldest : Date.parse(since);
  if (status === undefined && from < oldest) {
    const message = `Events are kept for ${EVENTS_KEPT_DAYS} days: choose a time after ${new Date(oldest).toISOString()}.`;
    throw new InvalidInput({ pointer: '/since', code: 'too_long_ago', message });
  }
  const last = until === undefined ? now.getTime() : Math.min(Date.parse(until), now.getTime());
  return { behind: firstIdAt('evt', from), upTo: firstIdAt('evt', last + 1) };
}

/** What a request is about, with what its endpoint wants. */
interface Scope {
  readonly wish: NewRedelivery;
  readonly span: Span;
  readonly patterns: readonly string[];
}

/*
 * Rows are found by spans of event ids alone, and never by joining deliveries to events: where the planner has not heard yet
 * that a table has grown, it walks all of a company's deliveries for each event.
 */

/** Of everything, what is on its way already is not counted. */
async function counted(ctx: Ctx, scope: Scope): Promise<number> {
  const countOf = async (rows: SQL, max: number) => {
    const [row] = await ctx.tx.execute<{ n: number }>(sql`
      select count(*)::int as n from (select 1 from ${rows} limit ${max}) counted`);
    return row?.n ?? 0;
  };
  const most = REDELIVERIES_MAX + 1;
  if (scope.wish.status === 'failed') return countOf(deliveriesIn(ctx, scope, sql`d.status = 'failed'`), most);
  const onTheirWay = await countOf(deliveriesIn(ctx, scope, sql`d.status = 'pending'`), most);
  return (await countOf(eventsIn(ctx, scope), most + onTheirWay)) - onTheirWay;
}

const within = ({ behind, upTo }: Span, id: SQL): SQL => sql`${id} > ${behind} and ${id} <= ${upTo}`;

/** Those that failed are sent again whether the endpoint would want them now or not. */
function isMeant({ wish: { status, eventType }, patterns }: Scope, type: SQL): SQL {
  const covered = (asked: readonly string[]) => wantsType(sql`${JSON.stringify(asked)}::text::jsonb`, type);
  const wanted = status === 'failed' ? sql`true` : covered(patterns);
  return eventType === undefined ? wanted : sql`${wanted} and ${covered([eventType])}`;
}

/** Never made-up ones. */
const eventsIn = ({ companyId }: Ctx, scope: Scope): SQL => sql`
  ${events} e where e.company_id = ${companyId} and ${within(scope.span, sql`e.id`)} and not e.is_test
    and ${isMeant(scope, sql`e.type`)}`;

const deliveriesIn = ({ companyId }: Ctx, scope: Scope, status: SQL): SQL => sql`
  ${webhookDeliveries} d where d.company_id = ${companyId} and d.endpoint_id = ${scope.wish.endpointId}
    and ${within(scope.span, sql`d.event_id`)} and ${status} and ${isMeant(scope, sql`d.event_type`)}
    and d.event_id not in (select e.id from ${events} e
      where e.company_id = ${companyId} and ${within(scope.span, sql`e.id`)} and e.is_test)`;

/**
 * Puts back a share of them, the oldest events first, and adds those the endpoint never got. Throws `EndpointDeleted`,
 * `EndpointDisabled`.
 */
export async function putBack(ctx: Ctx, wish: NewRedelivery, span: Span): Promise<Step> {
  const whole: Scope = { wish, span, patterns: await patternsOf(ctx, wish.endpointId) };
  const last = await lastOfShare(ctx, whole);
  const share: Scope = { ...whole, span: { behind: span.behind, upTo: last ?? span.upTo } };
  const count = (await sendAgain(ctx, share)) + (wish.status === 'failed' ? 0 : await addMissing(ctx, share));
  if (count > 0) ctx.nudge();
  return { count, rest: last && { behind: last, upTo: span.upTo } };
}

/** The event with which a share ends; undefined: the rest is no more than a share. */
async function lastOfShare(ctx: Ctx, scope: Scope): Promise<Id<'evt'> | undefined> {
  const rows =
    scope.wish.status === 'failed'
      ? sql`select d.event_id as id from ${deliveriesIn(ctx, scope, sql`d.status = 'failed'`)}`
      : sql`select e.id from ${eventsIn(ctx, scope)}`;
  const [row] = await ctx.tx.execute<{ id: Id<'evt'> }>(sql`${rows} order by id offset ${ROWS_AT_ONCE - 1} limit 1`);
  return row?.id;
}

async function sendAgain(ctx: Ctx, scope: Scope): Promise<number> {
  const ended = scope.wish.status === 'failed' ? sql`d.status = 'failed'` : sql`d.status <> 'pending'`;
  const { count } = await ctx.tx.execute(sql`
    update ${webhookDeliveries} set status = 'pending', attempts = 0, due_at = now(), leased_until = null,
      redeliveries = redeliveries + 1, ended_at = null
    where company_id = ${ctx.companyId} and status <> 'pending'
      and id = any(array(select d.id from ${deliveriesIn(ctx, scope, ended)}))`);
  return count;
}

async function addMissing(ctx: Ctx, scope: Scope): Promise<number> {
  const { endpointId } = scope.wish;
  const { count } = await ctx.tx.execute(sql`
    insert into ${webhookDeliveries} (company_id, id, endpoint_id, event_id, event_type)
    select e.company_id, ${deliveryId(sql`e.id`, sql`${endpointId}::text`)}, ${endpointId}, e.id, e.type
    from ${eventsIn(ctx, scope)} order by e.id
    on conflict do nothing`);
  return count;
}

/** Takes down who asked for it. */
export function noteRedeliveries(ctx: Ctx, wish: NewRedelivery, count: number): void {
  const { endpointId, status = null, eventType = null, since = null, until = null } = wish;
  ctx.audit({
    action: 'webhook_deliveries.asked_again',
    entity: { type: 'webhook_endpoint', id: endpointId },
    after: { status, eventType, since, until, count },
  });
}

import { and, eq, gte, lt, type SQL, sql } from 'drizzle-orm';
import { deleteAll, insertAll } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { VersionStale } from '../../kernel/errors.ts';
import { firstIdAt } from '../../kernel/id-time.ts';
import type { Id } from '../../kernel/ids.ts';
import { toView } from '../../kernel/money.ts';
import { keyset, type ListQuery, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { emailKey, foldKey } from '../../kernel/text.ts';
import { changeOrder, noteOnOrder, type TimelineNote } from './order-changes.service.ts';
import { lockOrder, readOrder } from './order-rows.service.ts';
import { owedOf } from './order-status.ts';
import { type OrderRecord, orderViewOf } from './order-views.ts';
import type {
  NewOrderNote,
  OrderDetailView,
  OrderPatch,
  OrderSummaryView,
  OrdersQuery,
  TimelineEntryView,
} from './orders.contract.ts';
import { AddressFixed } from './orders.errors.ts';
import { orders, orderTags, orderTimeline } from './orders.schema.ts';

type OrderId = Id<'ord'>;

/** Beyond this a count is "1000+": nobody reads a larger one, and counting walks what it counts. */
const COUNTED_MAX = 1_000;
const TIMELINE_SHOWN = 20;
/** How far the clock that made an id and the clock of the database may be apart before a time filter misses an order. */
const CLOCKS_APART_MS = 3_600_000;

type OrderFilters = Omit<OrdersQuery, 'limit' | 'after' | 'count'>;

/** Orders as a table shows them, newest first unless asked otherwise; counted if asked for. */
export async function listOrders(
  ctx: Ctx,
  { limit, after, count, ...filters }: OrdersQuery,
): Promise<Page<OrderSummaryView> & { count?: number | '1000+' }> {
  const direction = filters.sort === 'oldest' ? 'asc' : 'desc';
  const { where, orderBy } = keyset({ columns: [orders.id], direction }, after);
  const wishes = and(...conditionsOf(ctx, filters));
  const rows = await ctx.tx
    .select({
      order: orders,
      // By name: drizzle leaves the table out where only one is selected from, and then it would be the other one's.
      units: sql<number>`(select coalesce(sum(l.quantity), 0)::int from order_lines l
        where l.company_id = orders.company_id and l.order_id = orders.id)`,
      tags: sql<string[]>`(select coalesce(json_agg(t.tag order by t.tag_key), '[]') from order_tags t
        where t.company_id = orders.company_id and t.order_id = orders.id)`,
    })
    .from(orders)
    .where(mine(ctx, orders, wishes, where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  const page = pageFrom(
    rows,
    limit,
    ({ order }) => [order.id],
    ({ order, units, tags }) => summaryOf(order, units, tags),
  );
  return count ? { ...page, count: await countOrders(ctx, wishes) } : page;
}

async function countOrders(ctx: Ctx, wishes: SQL | undefined): Promise<number | '1000+'> {
  const some = ctx.tx
    .select({ id: orders.id })
    .from(orders)
    .where(mine(ctx, orders, wishes))
    .limit(COUNTED_MAX + 1)
    .as('some');
  const [row] = await ctx.tx.select({ count: sql<number>`count(*)::int` }).from(some);
  const count = row?.count ?? 0;
  return count > COUNTED_MAX ? '1000+' : count;
}

function conditionsOf(ctx: Ctx, filters: OrderFilters): (SQL | undefined)[] {
  const { lifecycle, paymentStatus, fulfilmentStatus, q, tag, customerId, currency, needsReview } = filters;
  const { placedFrom: from, placedTo: to } = filters;
  return [
    lifecycle && eq(orders.lifecycle, lifecycle),
    paymentStatus && eq(orders.paymentStatus, paymentStatus),
    fulfilmentStatus && eq(orders.fulfilmentStatus, fulfilmentStatus),
    customerId && eq(orders.customerId, customerId),
    currency && eq(orders.currency, currency),
    needsReview === undefined ? undefined : eq(orders.needsReview, needsReview),
    q === undefined ? undefined : findable(q),
    tag === undefined
      ? undefined
      : sql`exists (select from order_tags t where t.company_id = ${ctx.companyId} and t.order_id = ${orders.id}
          and t.tag_key = ${foldKey(tag)})`,
    // The time itself has no index. The ids sort by time and have one, so they narrow what the exact condition looks at.
    from ? gte(orders.createdAt, from) : undefined,
    from ? gte(orders.id, firstIdAt('ord', Date.parse(from) - CLOCKS_APART_MS)) : undefined,
    to ? lt(orders.createdAt, to) : undefined,
    to ? lt(orders.id, firstIdAt('ord', Date.parse(to) + CLOCKS_APART_MS)) : undefined,
  ].map((condition) => condition || undefined);
}

/** Comparisons, for a pattern could use no index behind row security. */
function findable(q: string): SQL {
  const key = emailKey(q);
  const begins = (column: SQL | typeof orders.number | typeof orders.emailKey, beginning: string) =>
    sql`(${column} >= ${beginning} and ${column} < ${`${beginning}\u{10ffff}`})`;
  return sql`(${begins(orders.number, q)} or ${begins(orders.number, q.toUpperCase())} or ${begins(orders.emailKey, key)})`;
}

function summaryOf(order: typeof orders.$inferSelect, units: number, tags: string[]): OrderSummaryView {
  const money = (amountMinor: bigint) => toView({ amountMinor, currency: order.currency });
  const { id, number, customerId, email, currency, lifecycle, paymentStatus, fulfilmentStatus, returnStatus } = order;
  return {
    ...{ id, number, customerId, email, currency, lifecycle, paymentStatus, fulfilmentStatus, returnStatus },
    paymentProvider: order.paymentProvider,
    total: money(order.total),
    paidTotal: money(order.paidTotal),
    refundedTotal: money(order.refundedTotal),
    units,
    needsReview: order.needsReview,
    shippingCountry: order.shippingAddress?.country ?? null,
    tags,
    createdAt: order.createdAt,
  };
}

/** One order with all there is about it. Throws `NotFound`. */
export async function showOrder(ctx: Ctx, id: OrderId): Promise<OrderDetailView> {
  const order = await readOrder(ctx, id);
  const [[kept], timeline] = await Promise.all([
    ctx.tx
      .select({ explanation: orders.explanation })
      .from(orders)
      .where(mine(ctx, orders, eq(orders.id, id))),
    timelineOf(ctx, id, { limit: TIMELINE_SHOWN }),
  ]);
  const isLive = order.lifecycle === 'pending' || order.lifecycle === 'open' || order.lifecycle === 'completed';
  const due = isLive ? owedOf(order) - (order.paidTotal - order.refundedTotal) : 0n;
  return {
    ...orderViewOf(order),
    open: order.lines.map((line) => ({
      orderLineId: line.id,
      fulfil: isLive ? line.quantity - line.cancelled - line.fulfilled : 0,
      ship: line.fulfilled - line.shipped,
      return: line.shipped - line.returned,
    })),
    dueTotal: toView({ amountMinor: due > 0n ? due : 0n, currency: order.currency }),
    explanation: (kept?.explanation ?? []).map((sentence) => ({ ...sentence, figures: { ...sentence.figures } })),
    timeline,
  };
}

/** What happened to an order, newest first. Throws `NotFound`. */
export async function showTimeline(ctx: Ctx, id: OrderId, query: ListQuery): Promise<Page<TimelineEntryView>> {
  await readOrder(ctx, id);
  return timelineOf(ctx, id, query);
}

async function timelineOf(ctx: Ctx, id: OrderId, { limit, after }: ListQuery): Promise<Page<TimelineEntryView>> {
  const { where, orderBy } = keyset({ columns: [orderTimeline.id], direction: 'desc' }, after);
  const rows = await ctx.tx
    .select()
    .from(orderTimeline)
    .where(mine(ctx, orderTimeline, eq(orderTimeline.orderId, id), where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(
    rows,
    limit,
    (row) => [row.id],
    (row) => ({
      id: row.id,
      kind: row.kind,
      message: row.message,
      data: row.data,
      actor: { type: row.actorType, id: row.actorId },
      createdAt: row.createdAt,
    }),
  );
}

/**
 * Corrects what people got wrong: note, tags, address, telephone. Addresses only until something was sent. That somebody
 * has looked at an order that asked for it stands in its history.
 * Throws `NotFound`, `VersionStale`, `AddressFixed`.
 */
export async function updateOrder(
  ctx: Ctx,
  id: OrderId,
  patch: OrderPatch,
  expectedVersion?: number,
): Promise<OrderDetailView> {
  const before = await lockOrder(ctx, id);
  if (expectedVersion !== undefined && expectedVersion !== before.version)
    throw new VersionStale('order', before.version);
  const { tags, email, ...set } = patch;
  const isMoved = set.shippingAddress !== undefined || set.billingAddress !== undefined;
  if (isMoved && before.lines.some(({ shipped }) => shipped > 0)) throw new AddressFixed();
  const retagged = tags ? { ...before, tags: await replaceTags(ctx, before, tags) } : before;
  const corrected = Object.keys(patch).filter((field) => field !== 'needsReview');
  if (corrected.length > 0 || (patch.needsReview === false && before.needsReview))
    await changeOrder(ctx, retagged, {
      set: { ...set, ...(email !== undefined && { email, emailKey: emailKey(email) }) },
      timeline: [
        ...(patch.needsReview === false && before.needsReview ? [REVIEWED] : []),
        ...(corrected.length > 0 ? [{ kind: 'updated', data: { fields: corrected } }] : []),
      ],
    });
  return showOrder(ctx, id);
}

const REVIEWED: TimelineNote = { kind: 'reviewed', message: 'Looked at: nothing is left to be done.' };

async function replaceTags(ctx: Ctx, before: OrderRecord, wanted: readonly string[]): Promise<string[]> {
  const byKey = new Map(wanted.map((tag) => [foldKey(tag), tag]));
  const orderId = before.id;
  const gone = before.tags.map(foldKey).filter((tagKey) => !byKey.has(tagKey));
  await deleteAll(
    ctx,
    orderTags,
    ['orderId', 'tagKey'],
    gone.map((tagKey) => ({ orderId, tagKey })),
  );
  const known = new Set(before.tags.map(foldKey));
  const added = [...byKey].filter(([tagKey]) => !known.has(tagKey));
  await insertAll(
    ctx,
    orderTags,
    added.map(([tagKey, tag]) => ({ orderId, tagKey, tag })),
  );
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, tag]) => tag);
}

/** What somebody of the staff says about an order, for the others. Throws `NotFound`. */
export async function addOrderNote(ctx: Ctx, id: OrderId, { message }: NewOrderNote): Promise<TimelineEntryView> {
  const order = await lockOrder(ctx, id);
  await noteOnOrder(ctx, id, [{ kind: 'note', message }]);
  const { data } = await timelineOf(ctx, id, { limit: 1 });
  const [entry] = data;
  if (!entry) throw new Error('A note was written and is not there');
  ctx.audit({ action: 'order.note_added', entity: { type: 'order', id: order.id }, after: entry });
  return entry;
}

/** Takes down that orders were carried away. */
export function noteOrdersExport(ctx: Ctx, filters: object): void {
  ctx.audit({ action: 'orders.exported', entity: { type: 'company', id: ctx.companyId }, after: { filters } });
}

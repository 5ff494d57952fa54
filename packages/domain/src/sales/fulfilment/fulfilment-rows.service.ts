import { and, asc, eq, type SQL, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { nextMoves } from './fulfilment-moves.ts';
import type { FulfilmentsQuery, FulfilmentView } from './fulfilments.contract.ts';
import { fulfilments } from './fulfilments.schema.ts';

const LINES = sql<FulfilmentView['lines']>`(select coalesce(json_agg(json_build_object('orderLineId', l.id,
    'variantId', l.variant_id, 'sku', l.sku, 'title', l.title, 'variantTitle', l.variant_title, 'quantity', f.quantity)
    order by l.position), '[]')
  from fulfilment_lines f join order_lines l on l.company_id = f.company_id and l.id = f.order_line_id
  where f.company_id = fulfilments.company_id and f.fulfilment_id = fulfilments.id)`;
const ORDER = sql<FulfilmentView['order']>`(select json_build_object('id', o.id, 'number', o.number, 'email', o.email)
  from orders o where o.company_id = fulfilments.company_id and o.id = fulfilments.order_id)`;

const select = (ctx: Ctx, where: SQL | undefined) =>
  ctx.tx
    .select({ row: fulfilments, lines: LINES, order: ORDER })
    .from(fulfilments)
    .where(mine(ctx, fulfilments, where))
    .$dynamic();

type Selected = Awaited<ReturnType<typeof select>>[number];

function viewOf({ row, lines, order }: Selected): FulfilmentView {
  const { companyId: _, orderId: __, eventSequence: ___, updatedAt: ____, trackingNumbers, ...shown } = row;
  return { ...shown, order, lines, trackingNumbers: [...trackingNumbers], next: nextMoves(row.status) };
}

/** One fulfilment. Throws `NotFound`. */
export async function getFulfilment(ctx: Ctx, id: Id<'ful'>): Promise<FulfilmentView> {
  const [found] = await select(ctx, eq(fulfilments.id, id));
  if (!found) throw new NotFound('fulfilment');
  return viewOf(found);
}

/** The fulfilments of orders, the first one first. One statement. */
export async function fulfilmentsOfOrders(ctx: Ctx, orderIds: readonly Id<'ord'>[]): Promise<FulfilmentView[]> {
  const rows = await select(ctx, isAnyOf(fulfilments.orderId, orderIds)).orderBy(asc(fulfilments.id));
  return rows.map(viewOf);
}

/** Fulfilments, newest first. */
export async function listFulfilments(ctx: Ctx, query: FulfilmentsQuery): Promise<Page<FulfilmentView>> {
  const { where, orderBy } = keyset({ columns: [fulfilments.id], direction: 'desc' }, query.after);
  const wishes = and(
    query.status && eq(fulfilments.status, query.status),
    query.orderId && eq(fulfilments.orderId, query.orderId),
    query.locationId && eq(fulfilments.locationId, query.locationId),
  );
  const rows = await select(ctx, and(where, wishes))
    .orderBy(...orderBy)
    .limit(query.limit + 1);
  return pageFrom(rows, query.limit, ({ row }) => [row.id], viewOf);
}

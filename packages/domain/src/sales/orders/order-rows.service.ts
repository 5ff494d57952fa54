import { eq, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import type { OrderDiscountRow, OrderLineRow, OrderRecord, OrderShippingRow } from './order-views.ts';
import { orders } from './orders.schema.ts';

type OrderId = Id<'ord'>;

/** JSON numbers do not carry all of a bigint: amounts travel as text. */
type Told<Row> = { [Field in keyof Row]: Row[Field] extends bigint ? string : Row[Field] };

const LINES = sql<Told<OrderLineRow>[]>`(select coalesce(json_agg(json_build_object(
    'id', l.id, 'position', l.position, 'variantId', l.variant_id, 'productId', l.product_id, 'title', l.title,
    'variantTitle', l.variant_title, 'sku', l.sku, 'options', l.options, 'properties', l.properties,
    'imageFileId', l.image_file_id, 'requiresShipping', l.requires_shipping, 'weightGrams', l.weight_grams,
    'unitAmount', l.unit_amount::text, 'subtotal', l.subtotal::text, 'discount', l.discount::text, 'taxes', l.taxes,
    'tax', l.tax::text, 'total', l.total::text, 'quantity', l.quantity, 'fulfilled', l.fulfilled, 'shipped', l.shipped,
    'delivered', l.delivered, 'cancelled', l.cancelled, 'returned', l.returned, 'refunded', l.refunded,
    'refundedTotal', l.refunded_total::text) order by l.position), '[]')
  from order_lines l where l.company_id = orders.company_id and l.order_id = orders.id)`;

const SHIPPING = sql<Told<OrderShippingRow>[]>`(select coalesce(json_agg(json_build_object(
    'id', s.id, 'profileId', s.profile_id, 'shippingOptionId', s.shipping_option_id, 'name', s.name,
    'amount', s.amount::text, 'discount', s.discount::text, 'taxes', s.taxes, 'tax', s.tax::text,
    'total', s.total::text, 'refundedTotal', s.refunded_total::text) order by s.id), '[]')
  from order_shipping_lines s where s.company_id = orders.company_id and s.order_id = orders.id)`;

const DISCOUNTS = sql<Told<OrderDiscountRow>[]>`(select coalesce(json_agg(json_build_object(
    'discountId', d.discount_id, 'class', d.class, 'title', d.title, 'code', d.code, 'amount', d.amount::text)
    order by d.discount_id), '[]')
  from order_discounts d where d.company_id = orders.company_id and d.order_id = orders.id)`;

const TAGS = sql<string[]>`(select coalesce(json_agg(t.tag order by t.tag_key), '[]')
  from order_tags t where t.company_id = orders.company_id and t.order_id = orders.id)`;

/** One statement for orders with all that hangs on them; what they are in order of, and how many, the caller says. */
export const selectOrders = (ctx: Ctx, where: SQL | undefined) =>
  ctx.tx
    .select({ order: orders, lines: LINES, shippingLines: SHIPPING, discounts: DISCOUNTS, tags: TAGS })
    .from(orders)
    .where(mine(ctx, orders, where))
    .$dynamic();

type Selected = Awaited<ReturnType<typeof selectOrders>>[number];

/** The order in what `selectOrders` selected. */
export function recordOf({ order, lines, shippingLines, discounts, tags }: Selected): OrderRecord {
  const { companyId: _, explanation: __, ...row } = order;
  return {
    ...row,
    lines: lines.map((line) => ({
      ...line,
      unitAmount: BigInt(line.unitAmount),
      subtotal: BigInt(line.subtotal),
      discount: BigInt(line.discount),
      tax: BigInt(line.tax),
      total: BigInt(line.total),
      refundedTotal: BigInt(line.refundedTotal),
    })),
    shippingLines: shippingLines.map((line) => ({
      ...line,
      amount: BigInt(line.amount),
      discount: BigInt(line.discount),
      tax: BigInt(line.tax),
      total: BigInt(line.total),
      refundedTotal: BigInt(line.refundedTotal),
    })),
    discounts: discounts.map((one) => ({ ...one, amount: BigInt(one.amount) })),
    tags,
  };
}

/** One order. Throws `NotFound`. */
export async function readOrder(ctx: Ctx, id: OrderId): Promise<OrderRecord> {
  const [found] = await selectOrders(ctx, eq(orders.id, id));
  if (!found) throw new NotFound('order');
  return recordOf(found);
}

/**
 * Locks an order's row until the end of the unit of work, then reads it: what hangs on it is read by a second statement,
 * for one that waits for a lock sees the lines as they were before. Lock its payment first where both are needed.
 * Throws `NotFound`.
 */
export async function lockOrder(ctx: Ctx, id: OrderId): Promise<OrderRecord> {
  const locked = await ctx.tx
    .select({ id: orders.id })
    .from(orders)
    .where(mine(ctx, orders, eq(orders.id, id)))
    .for('no key update');
  if (locked.length === 0) throw new NotFound('order');
  return readOrder(ctx, id);
}

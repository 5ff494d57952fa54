import { and, eq, isNotNull, isNull, ne, sql } from 'drizzle-orm';
import type { PostalAddress } from '../../company/companies/postal-address.contract.ts';
import { customers } from '../../identity/customers/customers.schema.ts';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { emitAll } from '../../kernel/outbox.ts';
import { keyset, type ListQuery, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { eraseRedemptionsOf } from '../../pricing/discounts/redemptions.service.ts';
import { recordOf, selectOrders } from './order-rows.service.ts';
import { orderViewOf, shopperViewOf } from './order-views.ts';
import type { ShopperOrderView } from './orders.contract.ts';
import { OrdersUnderWay } from './orders.errors.ts';
import { orderUpdated } from './orders.events.ts';
import { orderLinks, orders } from './orders.schema.ts';

/** Enough of a postcode to tell the region of a sale. */
const POSTCODE_KEPT = 3;
const ERASED = 'erased';

/** A customer's own orders, newest first. */
export async function listOrdersOf(
  ctx: Ctx,
  customerId: Id<'cus'>,
  { limit, after }: ListQuery,
): Promise<Page<ShopperOrderView>> {
  const { where, orderBy } = keyset({ columns: [orders.id], direction: 'desc' }, after);
  const rows = await selectOrders(ctx, and(eq(orders.customerId, customerId), where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(
    rows,
    limit,
    ({ order }) => [order.id],
    (row) => shopperViewOf(recordOf(row)),
  );
}

/**
 * Gives the orders that were placed as a guest with this address to the customer who has proved to own it; returns how
 * many. Only after the proof: anybody can register with any address. Again claims nothing.
 */
export async function claimGuestOrders(ctx: Ctx, customerId: Id<'cus'>, emailKey: string): Promise<number> {
  const claimed = await ctx.tx
    .update(orders)
    .set({ customerId, version: sql`${orders.version} + 1`, updatedAt: sql`now()` })
    .where(mine(ctx, orders, and(eq(orders.emailKey, emailKey), isNull(orders.customerId))))
    .returning({ id: orders.id });
  if (claimed.length > 0 && !ctx.isShopper)
    ctx.audit({
      action: 'orders.claimed',
      entity: { type: 'customer', id: customerId },
      after: { count: claimed.length },
    });
  return claimed.length;
}

/** The address a customer has proved to own, as guests' orders are found by it; null: none yet. */
async function provedAddressOf(ctx: Ctx, customerId: Id<'cus'>): Promise<string | null> {
  const [proved] = await ctx.tx
    .select({ emailKey: customers.emailKey })
    .from(customers)
    .where(mine(ctx, customers, and(eq(customers.id, customerId), isNotNull(customers.emailVerifiedAt))));
  return proved?.emailKey ?? null;
}

/**
 * What is held about a customer in orders, for the export they may ask for. What they ordered as a guest since they proved
 * their address becomes theirs first.
 */
export async function ordersOf(ctx: Ctx, customerId: Id<'cus'>): Promise<['orders', ShopperOrderView[]]> {
  const emailKey = await provedAddressOf(ctx, customerId);
  if (emailKey !== null) await claimGuestOrders(ctx, customerId, emailKey);
  const rows = await selectOrders(ctx, eq(orders.customerId, customerId)).orderBy(orders.id);
  return ['orders', rows.map((row) => shopperViewOf(recordOf(row)))];
}

/**
 * Makes the orders of a customer those of nobody: name, telephone, street and address of mail go; country, region and the
 * beginning of the postcode stay with amounts and taxes, for the books have to be kept. Orders of a guest with the
 * address they have proved are theirs as well. Links to them end, and each is told anew. What staff wrote into notes
 * themselves is theirs to look after. Again changes nothing. Throws `OrdersUnderWay`, whoever asks: what somebody has
 * ordered still has to reach them (GDPR, art. 17 (1) a: the data is needed as long).
 */
export async function eraseOrdersOf(ctx: Ctx, customerId: Id<'cus'>): Promise<void> {
  const emailKey = await provedAddressOf(ctx, customerId);
  if (emailKey !== null) await claimGuestOrders(ctx, customerId, emailKey);
  const email = `${ERASED}-${customerId.toLowerCase()}@invalid`;
  const rows = await ctx.tx
    .select({
      id: orders.id,
      number: orders.number,
      isUnderWay: IS_UNDER_WAY,
      shipping: orders.shippingAddress,
      billing: orders.billingAddress,
    })
    .from(orders)
    .where(mine(ctx, orders, and(eq(orders.customerId, customerId), ne(orders.emailKey, email))))
    .orderBy(orders.id)
    .for('no key update');
  const underWay = rows.filter(({ isUnderWay }) => isUnderWay);
  if (underWay.length > 0) throw new OrdersUnderWay(underWay.map(({ number }) => number));
  await eraseRedemptionsOf(ctx, customerId, emailKey);
  if (rows.length > 0) await eraseRows(ctx, email, rows);
  ctx.audit({ action: 'orders.erased', entity: { type: 'customer', id: customerId }, after: { count: rows.length } });
}

/** Waits for its payment, or is paid and not there yet. What was wholly given back is not sent any more. */
const IS_UNDER_WAY = sql<boolean>`(${orders.lifecycle} = 'pending' or (${orders.lifecycle} = 'open'
  and ${orders.fulfilmentStatus} <> 'delivered' and ${orders.paymentStatus} <> 'refunded'))`;

interface Erasable {
  readonly id: Id<'ord'>;
  readonly shipping: PostalAddress | null;
  readonly billing: PostalAddress | null;
}

async function eraseRows(ctx: Ctx, email: string, rows: readonly Erasable[]): Promise<void> {
  const erased = rows.map(({ id, shipping, billing }) => ({
    id,
    shipping: shipping && anonymous(shipping),
    billing: billing && anonymous(billing),
  }));
  await ctx.tx.execute(sql`update orders o set email = ${email}, email_key = ${email}, phone = null, customer_note = null,
      token_hash = 'erased-' || o.id, shipping_address = g.shipping, billing_address = g.billing,
      version = o.version + 1, event_sequence = o.event_sequence + 1, updated_at = now()
    from json_to_recordset(${JSON.stringify(erased)}::text::json) as g(id text collate "C", shipping jsonb, billing jsonb)
    where o.company_id = ${ctx.companyId} and o.id = g.id`);
  const ids = rows.map(({ id }) => id);
  await ctx.tx.execute(sql`update order_lines l set properties = '{}' where l.company_id = ${ctx.companyId}
    and ${isAnyOf(sql`l.order_id`, ids)} and l.properties <> '{}'::jsonb`);
  await ctx.tx.delete(orderLinks).where(mine(ctx, orderLinks, isAnyOf(orderLinks.orderId, ids)));
  const after = await selectOrders(ctx, isAnyOf(orders.id, ids)).orderBy(orders.id);
  await emitAll(
    ctx,
    orderUpdated,
    after.map(recordOf).map((order) => ({
      aggregate: { id: order.id, sequence: order.eventSequence },
      data: { order: orderViewOf(order) },
    })),
  );
}

function anonymous({ country, region, postcode }: PostalAddress): PostalAddress {
  const kept = postcode?.slice(0, POSTCODE_KEPT);
  return {
    lastName: ERASED,
    line1: ERASED,
    city: ERASED,
    country,
    ...(region && { region }),
    ...(kept && { postcode: kept }),
  };
}

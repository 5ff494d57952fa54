import { sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { toView } from '../../kernel/money.ts';
import type { ListQuery, Page } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { fulfilmentsOfOrders } from '../fulfilment/fulfilment-rows.service.ts';
import type { FulfilmentView } from '../fulfilment/fulfilments.contract.ts';
import { listOrdersOf } from '../orders/customer-orders.service.ts';
import { type OrderAccess, openOrder, openOrderLink } from '../orders/order-links.service.ts';
import { showOrder } from '../orders/order-management.service.ts';
import { shopperViewOf } from '../orders/order-views.ts';
import type { OrderDetailView, ShopperOrderView } from '../orders/orders.contract.ts';
import { manualInstructions } from '../payments/payment-means.service.ts';
import { type PaymentRow, summaryOf } from '../payments/payment-views.ts';
import { payments } from '../payments/payments.schema.ts';
import type { OrderWorkView, ShopperOrderPage } from './order-page.contract.ts';

type OrderId = Id<'ord'>;
type Paying = PaymentRow & { cartId: Id<'cart'> | null };

/** What became of an order, for its shopper. Throws as `openOrder` does. */
export async function showOrderPage(ctx: Ctx, id: OrderId, access: OrderAccess): Promise<ShopperOrderPage> {
  return pageFor(ctx, shopperViewOf(await openOrder(ctx, id, access)));
}

/** As `showOrderPage`, for whoever comes with a mailed link. Throws as `openOrderLink` does. */
export async function showLinkedOrderPage(ctx: Ctx, token: string): Promise<ShopperOrderPage> {
  return pageFor(ctx, shopperViewOf(await openOrderLink(ctx, token)));
}

/** A customer's own orders, newest first. Three statements more than the orders take, however many those are. */
export async function listOrderPagesOf(
  ctx: Ctx,
  customerId: Id<'cus'>,
  query: ListQuery,
): Promise<Page<ShopperOrderPage>> {
  const { data, page } = await listOrdersOf(ctx, customerId, query);
  return { data: await pagesOf(ctx, data), page };
}

/** One order for staff, with what pays and sends it. Throws `NotFound`. */
export const showOrderWork = async (ctx: Ctx, id: OrderId): Promise<OrderWorkView> =>
  orderWorkOf(ctx, await showOrder(ctx, id));

/** As `showOrderWork`, of an order that was just shown. */
export async function orderWorkOf(ctx: Ctx, order: OrderDetailView): Promise<OrderWorkView> {
  const [paying, sent] = await whatBelongsTo(ctx, [order.id]);
  const [row] = paying;
  return { ...order, payment: row ? paymentFor(row) : null, fulfilments: sent.map(parcelFor) };
}

function paymentFor(row: PaymentRow): OrderWorkView['payment'] {
  const { id, status, provider, amount, captured, refunded, refundable } = summaryOf(row);
  return { id, status, provider, amount, captured, refunded, refundable };
}

const parcelFor = ({ id, status, locationId, carrier, trackingNumbers, trackingUrl }: FulfilmentView) => ({
  ...{ id, status, locationId, carrier, trackingNumbers, trackingUrl },
});

async function pageFor(ctx: Ctx, order: ShopperOrderView): Promise<ShopperOrderPage> {
  const [page] = await pagesOf(ctx, [order]);
  if (!page) throw new Error('An order has a page');
  return page;
}

async function pagesOf(ctx: Ctx, orders: readonly ShopperOrderView[]): Promise<ShopperOrderPage[]> {
  if (orders.length === 0) return [];
  const [paying, sent] = await whatBelongsTo(
    ctx,
    orders.map(({ id }) => id),
  );
  const payments = new Map(paying.map((row) => [row.orderId, row]));
  const isTold = orders.some((order) => waitsByHand(order, payments.get(order.id)));
  const instructions = isTold ? await manualInstructions(ctx) : null;
  return orders.map((order) => {
    const row = payments.get(order.id);
    const parcels = sent.filter((one) => one.order.id === order.id && one.status !== 'cancelled');
    return {
      ...order,
      payment: row ? shownPayment(order, row, instructions) : null,
      fulfilments: parcels.map(shownParcel),
    };
  });
}

const isOpen = ({ lifecycle, paymentStatus }: ShopperOrderView): boolean =>
  (lifecycle === 'pending' || lifecycle === 'open') &&
  (paymentStatus === 'unpaid' || paymentStatus === 'partially_paid');

const waitsByHand = (order: ShopperOrderView, row: Paying | undefined): boolean =>
  isOpen(order) && row?.provider === 'manual';

function shownPayment(order: ShopperOrderView, row: Paying, instructions: string | null): ShopperOrderPage['payment'] {
  const { id, provider, status, amount, currency, cartId } = row;
  const isOnline = order.lifecycle === 'pending' && provider !== null && provider !== 'manual';
  return {
    ...{ id, provider, status },
    amount: toView({ amountMinor: amount, currency }),
    instructions: waitsByHand(order, row) ? instructions : null,
    again: isOnline && cartId ? { cartId, expectedTotal: order.totals.total, message: AGAIN } : null,
  };
}

const AGAIN =
  'Check out the same cart again, with a new Idempotency-Key: the order stays the same and gets a new page to pay on.';

const shownParcel = (one: FulfilmentView): ShopperOrderPage['fulfilments'][number] => ({
  status: one.status,
  carrier: one.carrier,
  trackingNumbers: one.trackingNumbers,
  trackingUrl: one.trackingUrl,
  lines: one.lines.map(({ orderLineId, title, variantTitle, quantity }) => ({
    orderLineId,
    title,
    variantTitle,
    quantity,
  })),
  shippedAt: one.shippedAt,
  deliveredAt: one.deliveredAt,
});

/** Payments and fulfilments of orders: two statements. A cart that was deleted since is not told of. */
const whatBelongsTo = (ctx: Ctx, ids: readonly OrderId[]): Promise<[Paying[], FulfilmentView[]]> =>
  Promise.all([
    ctx.tx
      .select({
        row: payments,
        // By name: drizzle leaves the table out where only one is selected from.
        cartId: sql<Id<'cart'> | null>`(select c.id from orders o
          join carts c on c.company_id = o.company_id and c.id = o.cart_id
          where o.company_id = payments.company_id and o.id = payments.order_id)`,
      })
      .from(payments)
      .where(mine(ctx, payments, isAnyOf(payments.orderId, ids)))
      .then((rows) => rows.map(({ row, cartId }) => ({ ...row, cartId }))),
    fulfilmentsOfOrders(ctx, ids),
  ]);

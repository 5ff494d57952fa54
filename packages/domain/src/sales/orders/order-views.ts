import type { MoneyView } from '../../kernel/money.ts';
import { toView } from '../../kernel/money.ts';
import type { OrderView, ShopperOrderView } from './orders.contract.ts';
import type { KeptTax, orderDiscounts, orderLines, orderShippingLines, orders } from './orders.schema.ts';

type OrderRow = Omit<typeof orders.$inferSelect, 'companyId' | 'explanation'>;
export type OrderLineRow = Omit<typeof orderLines.$inferSelect, 'companyId' | 'orderId'>;
export type OrderShippingRow = Omit<typeof orderShippingLines.$inferSelect, 'companyId' | 'orderId'>;
export type OrderDiscountRow = Omit<typeof orderDiscounts.$inferSelect, 'companyId' | 'orderId'>;

/** An order whole, as it is stored. Amounts in minor units. */
export interface OrderRecord extends OrderRow {
  readonly lines: readonly OrderLineRow[];
  readonly shippingLines: readonly OrderShippingRow[];
  readonly discounts: readonly OrderDiscountRow[];
  readonly tags: readonly string[];
}

/** An order as staff and events see it. */
export function orderViewOf(order: OrderRecord): OrderView {
  const money = (amountMinor: bigint) => toView({ amountMinor, currency: order.currency });
  return {
    ...shopperViewOf(order),
    cartId: order.cartId,
    locale: order.locale,
    needsReview: order.needsReview,
    note: order.note,
    tags: [...order.tags],
    cancelReason: order.cancelReason,
    cancelledTotal: money(order.cancelledTotal),
    version: order.version,
    updatedAt: order.updatedAt,
  };
}

/** An order as its shopper sees it. */
export function shopperViewOf(order: OrderRecord): ShopperOrderView {
  const money = (amountMinor: bigint) => toView({ amountMinor, currency: order.currency });
  const { subtotal, discount, shipping, tax, total } = order;
  return {
    id: order.id,
    number: order.number,
    customerId: order.customerId,
    email: order.email,
    phone: order.phone,
    currency: order.currency,
    lifecycle: order.lifecycle,
    paymentStatus: order.paymentStatus,
    fulfilmentStatus: order.fulfilmentStatus,
    returnStatus: order.returnStatus,
    paymentProvider: order.paymentProvider,
    shippingAddress: order.shippingAddress,
    billingAddress: order.billingAddress,
    customerNote: order.customerNote,
    pricesIncludeTax: order.pricesIncludeTax,
    totals: {
      subtotal: money(subtotal),
      discount: money(discount),
      shipping: money(shipping),
      tax: money(tax),
      total: money(total),
    },
    cancelledTotal: money(order.cancelledTotal),
    paidTotal: money(order.paidTotal),
    refundedTotal: money(order.refundedTotal),
    lines: order.lines.map((line) => lineViewOf(line, money)),
    shippingLines: order.shippingLines.map((line) => shippingViewOf(line, money)),
    discounts: order.discounts.map((one) => ({ ...one, amount: money(one.amount) })),
    expiresAt: order.expiresAt,
    supersededById: order.supersededById,
    cancelledAt: order.cancelledAt,
    completedAt: order.completedAt,
    createdAt: order.createdAt,
  };
}

type AsMoney = (amountMinor: bigint) => MoneyView;

function lineViewOf({ position: _, unitAmount, refundedTotal: __, ...line }: OrderLineRow, money: AsMoney) {
  return {
    ...line,
    unitPrice: money(unitAmount),
    subtotal: money(line.subtotal),
    discount: money(line.discount),
    taxes: line.taxes.map((tax) => taxViewOf(tax, money)),
    tax: money(line.tax),
    total: money(line.total),
  };
}

function shippingViewOf({ profileId: _, refundedTotal: __, ...line }: OrderShippingRow, money: AsMoney) {
  return {
    ...line,
    amount: money(line.amount),
    discount: money(line.discount),
    taxes: line.taxes.map((tax) => taxViewOf(tax, money)),
    tax: money(line.tax),
    total: money(line.total),
  };
}

const taxViewOf = ({ reason: _, ...tax }: KeptTax, money: AsMoney) => ({
  ...tax,
  base: money(BigInt(tax.base)),
  amount: money(BigInt(tax.amount)),
});

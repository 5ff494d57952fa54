import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { productVariants } from '../../catalog/products/variants.schema.ts';
import type { PostalAddress } from '../../company/companies/postal-address.contract.ts';
import { customers } from '../../identity/customers/customers.schema.ts';
import { instantColumn } from '../../kernel/clock.ts';
import { bytewiseText } from '../../kernel/column-types.ts';
import { idColumn } from '../../kernel/ids.ts';
import {
  companyIdColumn,
  companyWall,
  createdAt,
  relayMayLook,
  tenantId,
  updatedAt,
  walls,
} from '../../kernel/tables.ts';
import type { TaxReason } from '../../pricing/tax/tax-facts.ts';
import type { Explained } from '../../pricing/totals/totals.ts';

const money = (name: string) => bigint(name, { mode: 'bigint' });

/** `pending`: waits for its payment, stock held; `open`: paid, or to be paid on delivery. */
export type OrderLifecycle = 'pending' | 'open' | 'completed' | 'cancelled' | 'expired';
export type OrderPaymentStatus =
  | 'unpaid'
  | 'authorized'
  | 'partially_paid'
  | 'paid'
  | 'partially_refunded'
  | 'refunded'
  | 'not_required';
export type OrderFulfilmentStatus = 'none' | 'partial' | 'fulfilled' | 'delivered';
export type OrderReturnStatus = 'none' | 'requested' | 'partial' | 'returned';

/** A tax of a line as an order keeps it. Amounts as decimal text of minor units. */
export interface KeptTax {
  name: string;
  ratePpm: number;
  base: string;
  amount: string;
  isIncluded: boolean;
  reason: TaxReason;
}

/**
 * What was bought, as it was when it was bought: nothing here changes with the catalogue. The four status columns are
 * recomputed by one function from quantities and money (`order-status.ts`).
 */
export const orders = pgTable(
  'orders',
  {
    ...tenantId('ord'),
    /** Prefix and count, like `SK-1001`. */
    number: bytewiseText('number').notNull(),
    cartId: idColumn('cart', 'cart_id'),
    /** Which state of the cart became this order: a cart that was changed since becomes another one. */
    cartVersion: integer('cart_version'),
    /** SHA-256 of the token that opens it for a guest, base64url. */
    tokenHash: bytewiseText('token_hash').notNull(),
    customerId: idColumn('cus', 'customer_id'),
    email: text('email').notNull(),
    emailKey: bytewiseText('email_key').notNull(),
    phone: text('phone'),
    locale: text('locale'),
    currency: text('currency').notNull(),
    lifecycle: text('lifecycle').$type<OrderLifecycle>().notNull().default('pending'),
    paymentStatus: text('payment_status').$type<OrderPaymentStatus>().notNull().default('unpaid'),
    fulfilmentStatus: text('fulfilment_status').$type<OrderFulfilmentStatus>().notNull().default('none'),
    returnStatus: text('return_status').$type<OrderReturnStatus>().notNull().default('none'),
    paymentProvider: text('payment_provider'),
    shippingAddress: jsonb('shipping_address').$type<PostalAddress>(),
    billingAddress: jsonb('billing_address').$type<PostalAddress>(),
    pricesIncludeTax: boolean('prices_include_tax').notNull(),
    subtotal: money('subtotal').notNull(),
    discount: money('discount').notNull(),
    shipping: money('shipping').notNull(),
    tax: money('tax').notNull(),
    /** What the shopper agreed to pay; never changes. */
    total: money('total').notNull(),
    /** Of the total, what was cancelled before it was paid for or shipped, and so is not owed. */
    cancelledTotal: money('cancelled_total').notNull().default(sql`0`),
    /** What came in and what went back, told by the payments. */
    paidTotal: money('paid_total').notNull().default(sql`0`),
    refundedTotal: money('refunded_total').notNull().default(sql`0`),
    /** Money came that cannot be earned any more (late, twice): somebody should look. */
    needsReview: boolean('needs_review').notNull().default(false),
    explanation: jsonb('explanation').$type<readonly Explained[]>().notNull(),
    /** What the shopper said with it. */
    customerNote: text('customer_note'),
    /** Of staff, for staff. */
    note: text('note'),
    cancelReason: text('cancel_reason'),
    /** The order that took its place when the cart had changed. */
    supersededById: idColumn('ord', 'superseded_by_id'),
    /** Until when its stock is held while it waits; null: for good. */
    expiresAt: instantColumn('expires_at'),
    cancelledAt: instantColumn('cancelled_at'),
    completedAt: instantColumn('completed_at'),
    version: integer('version').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    relayMayLook(),
    unique('orders_number').on(t.companyId, t.number),
    uniqueIndex('orders_cart').on(t.companyId, t.cartId).where(sql`lifecycle not in ('cancelled', 'expired')`),
    check('orders_lifecycle', sql`lifecycle in ('pending', 'open', 'completed', 'cancelled', 'expired')`),
    check(
      'orders_payment_status',
      sql`payment_status in ('unpaid', 'authorized', 'partially_paid', 'paid', 'partially_refunded', 'refunded', 'not_required')`,
    ),
    check('orders_fulfilment_status', sql`fulfilment_status in ('none', 'partial', 'fulfilled', 'delivered')`),
    check('orders_return_status', sql`return_status in ('none', 'requested', 'partial', 'returned')`),
    check(
      'orders_money',
      sql`subtotal >= 0 and discount >= 0 and shipping >= 0 and tax >= 0 and total >= 0 and paid_total >= 0
        and refunded_total between 0 and paid_total and cancelled_total between 0 and total
        and total = subtotal - discount + shipping + case when prices_include_tax then 0 else tax end`,
    ),
    index('orders_lifecycle_newest').on(t.companyId, t.lifecycle, t.id),
    index('orders_email').on(t.companyId, t.emailKey, t.id),
    index('orders_customer').on(t.companyId, t.customerId, t.id),
    index('orders_review').on(t.companyId, t.id).where(sql`needs_review`),
    index('orders_expiry').on(t.companyId, t.expiresAt).where(sql`lifecycle = 'pending' and expires_at is not null`),
    foreignKey({ columns: [t.companyId, t.customerId], foreignColumns: [customers.companyId, customers.id] }),
  ],
);

/** A line as it was bought, and how many of it went which way. All counts are of units. */
export const orderLines = pgTable(
  'order_lines',
  {
    ...tenantId('oli'),
    orderId: idColumn('ord', 'order_id').notNull(),
    position: integer('position').notNull(),
    variantId: idColumn('var', 'variant_id').notNull(),
    productId: idColumn('prod', 'product_id').notNull(),
    title: text('title').notNull(),
    variantTitle: text('variant_title'),
    sku: text('sku'),
    options: jsonb('options').$type<Record<string, string>>().notNull(),
    properties: jsonb('properties').$type<Record<string, string>>().notNull(),
    imageFileId: idColumn('file', 'image_file_id'),
    requiresShipping: boolean('requires_shipping').notNull(),
    weightGrams: integer('weight_grams'),
    unitAmount: money('unit_amount').notNull(),
    subtotal: money('subtotal').notNull(),
    discount: money('discount').notNull(),
    taxes: jsonb('taxes').$type<readonly KeptTax[]>().notNull(),
    tax: money('tax').notNull(),
    total: money('total').notNull(),
    quantity: integer('quantity').notNull(),
    fulfilled: integer('fulfilled').notNull().default(0),
    shipped: integer('shipped').notNull().default(0),
    delivered: integer('delivered').notNull().default(0),
    cancelled: integer('cancelled').notNull().default(0),
    returned: integer('returned').notNull().default(0),
    refunded: integer('refunded').notNull().default(0),
    /** Of the line's total, what went back; the rest closes to the last minor unit. */
    refundedTotal: money('refunded_total').notNull().default(sql`0`),
  },
  (t) => [
    ...walls(t),
    unique('order_lines_position').on(t.companyId, t.orderId, t.position),
    check(
      'order_lines_counts',
      sql`quantity > 0 and fulfilled >= 0 and cancelled >= 0 and returned >= 0 and refunded >= 0
        and fulfilled + cancelled <= quantity and shipped between 0 and fulfilled and delivered between 0 and shipped
        and returned <= shipped and refunded <= quantity`,
    ),
    check(
      'order_lines_money',
      sql`unit_amount >= 0 and subtotal >= 0 and discount between 0 and subtotal and tax >= 0
        and refunded_total between 0 and total`,
    ),
    foreignKey({ columns: [t.companyId, t.orderId], foreignColumns: [orders.companyId, orders.id] }),
    foreignKey({
      columns: [t.companyId, t.variantId],
      foreignColumns: [productVariants.companyId, productVariants.id],
    }),
  ],
);

export const orderShippingLines = pgTable(
  'order_shipping_lines',
  {
    ...tenantId('osl'),
    orderId: idColumn('ord', 'order_id').notNull(),
    profileId: idColumn('shp', 'profile_id').notNull(),
    shippingOptionId: idColumn('sho', 'shipping_option_id').notNull(),
    name: text('name').notNull(),
    amount: money('amount').notNull(),
    discount: money('discount').notNull(),
    taxes: jsonb('taxes').$type<readonly KeptTax[]>().notNull(),
    tax: money('tax').notNull(),
    total: money('total').notNull(),
    refundedTotal: money('refunded_total').notNull().default(sql`0`),
  },
  (t) => [
    ...walls(t),
    check(
      'order_shipping_lines_money',
      sql`amount >= 0 and discount between 0 and amount and tax >= 0
        and refunded_total between 0 and total`,
    ),
    index('order_shipping_lines_order').on(t.companyId, t.orderId),
    foreignKey({ columns: [t.companyId, t.orderId], foreignColumns: [orders.companyId, orders.id] }),
  ],
);

/** Discounts as they were given. */
export const orderDiscounts = pgTable(
  'order_discounts',
  {
    companyId: companyIdColumn(),
    orderId: idColumn('ord', 'order_id').notNull(),
    discountId: idColumn('dis', 'discount_id').notNull(),
    class: text('class').$type<'product' | 'order' | 'shipping'>().notNull(),
    title: text('title').notNull(),
    code: text('code'),
    amount: money('amount').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.orderId, t.discountId] }),
    foreignKey({ columns: [t.companyId, t.orderId], foreignColumns: [orders.companyId, orders.id] }),
  ],
);

/** What happened to an order, in the words of its staff: grows only. Notes of people stand here as well. */
export const orderTimeline = pgTable(
  'order_timeline',
  {
    ...tenantId('otl'),
    orderId: idColumn('ord', 'order_id').notNull(),
    kind: text('kind').notNull(),
    message: text('message'),
    data: jsonb('data').$type<Record<string, unknown>>(),
    actorType: text('actor_type').notNull(),
    actorId: text('actor_id').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    ...walls(t),
    index('order_timeline_order').on(t.companyId, t.orderId, t.id),
    foreignKey({ columns: [t.companyId, t.orderId], foreignColumns: [orders.companyId, orders.id] }),
  ],
);

export const orderTags = pgTable(
  'order_tags',
  {
    companyId: companyIdColumn(),
    orderId: idColumn('ord', 'order_id').notNull(),
    tagKey: bytewiseText('tag_key').notNull(),
    tag: text('tag').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.orderId, t.tagKey] }),
    index('order_tags_tag').on(t.companyId, t.tagKey, t.orderId),
    foreignKey({ columns: [t.companyId, t.orderId], foreignColumns: [orders.companyId, orders.id] }),
  ],
);

/** The last number given, one row per company; its lock is the last but one thing a placement takes. */
export const orderCounters = pgTable(
  'order_counters',
  { companyId: companyIdColumn(), lastValue: bigint('last_value', { mode: 'bigint' }).notNull() },
  (t) => [companyWall(), primaryKey({ columns: [t.companyId] })],
);

/** A link to a guest's order, sent by mail. Opens the order as its own token does, until it expires. */
export const orderLinks = pgTable(
  'order_links',
  {
    ...tenantId('olk'),
    orderId: idColumn('ord', 'order_id').notNull(),
    tokenHash: bytewiseText('token_hash').notNull(),
    expiresAt: instantColumn('expires_at').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    ...walls(t),
    index('order_links_order').on(t.companyId, t.orderId),
    index('order_links_expiry').on(t.companyId, t.expiresAt),
    foreignKey({ columns: [t.companyId, t.orderId], foreignColumns: [orders.companyId, orders.id] }),
  ],
);

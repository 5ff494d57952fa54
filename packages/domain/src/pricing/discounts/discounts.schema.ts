import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  unique,
} from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { bytewiseText } from '../../kernel/column-types.ts';
import { idColumn } from '../../kernel/ids.ts';
import { companyIdColumn, companyWall, createdAt, tenantId, updatedAt, walls } from '../../kernel/tables.ts';
import type { DiscountClass, DiscountKind, DiscountTarget } from './discount-facts.ts';

export type DiscountMethod = 'automatic' | 'code';
/** `archived` is for good: its codes are free again, and what was given stays in the redemptions. */
export type DiscountStatus = 'active' | 'paused' | 'archived';

const money = (name: string) => bigint(name, { mode: 'bigint' });

/**
 * A discount: what it takes off and when. `used` counts the active redemptions and is raised under the row's lock in the
 * transaction of a placement: the limits hold however many check out at once. Never deleted.
 */
export const discounts = pgTable(
  'discounts',
  {
    ...tenantId('dis'),
    title: text('title').notNull(),
    method: text('method').$type<DiscountMethod>().notNull(),
    status: text('status').$type<DiscountStatus>().notNull().default('active'),
    kind: text('kind').$type<DiscountKind>().notNull(),
    class: text('class').$type<DiscountClass>().notNull(),
    priority: integer('priority').notNull().default(0),
    percentPpm: integer('percent_ppm'),
    allocation: text('allocation').$type<'each' | 'across'>().notNull().default('across'),
    buyQuantity: integer('buy_quantity'),
    getQuantity: integer('get_quantity'),
    repeatMax: integer('repeat_max'),
    quantityMin: integer('quantity_min'),
    firstOrderOnly: boolean('first_order_only').notNull().default(false),
    combinesWithProduct: boolean('combines_with_product').notNull(),
    combinesWithOrder: boolean('combines_with_order').notNull(),
    combinesWithShipping: boolean('combines_with_shipping').notNull(),
    /** Half-open: from `startsAt` on, and no more at `endsAt`. */
    startsAt: instantColumn('starts_at'),
    endsAt: instantColumn('ends_at'),
    usageLimit: integer('usage_limit'),
    perCustomerLimit: integer('per_customer_limit'),
    used: integer('used').notNull().default(0),
    codeCount: integer('code_count').notNull().default(0),
    version: integer('version').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    // Every total of every cart asks for these.
    index('discounts_automatic').on(t.companyId, t.id).where(sql`method = 'automatic' and status = 'active'`),
    check('discounts_method', sql`method in ('automatic', 'code')`),
    check('discounts_status', sql`status in ('active', 'paused', 'archived')`),
    check(
      'discounts_kind',
      sql`case kind when 'percentage' then class in ('product', 'order', 'shipping')
        when 'fixed_amount' then class in ('product', 'order')
        when 'fixed_price' then class = 'product' when 'buy_x_get_y' then class = 'product'
        when 'gift' then class = 'product' when 'free_shipping' then class = 'shipping' else false end`,
    ),
    check('discounts_percent', sql`percent_ppm between 1 and 1000000`),
    check('discounts_percent_given', sql`(percent_ppm is not null) = (kind in ('percentage', 'buy_x_get_y'))`),
    check('discounts_allocation', sql`allocation in ('each', 'across')`),
    check('discounts_buy', sql`((buy_quantity > 0 and get_quantity > 0) is true) = (kind = 'buy_x_get_y')`),
    check('discounts_minimum', sql`repeat_max > 0 and quantity_min > 0`),
    check('discounts_window', sql`starts_at < ends_at`),
    check('discounts_limits', sql`usage_limit > 0 and per_customer_limit > 0`),
    check('discounts_used', sql`used >= 0 and used <= usage_limit`),
  ],
);

/** Words that shoppers type, each once in a company. A discount may have thousands, each good for one order. */
export const discountCodes = pgTable(
  'discount_codes',
  {
    companyId: companyIdColumn(),
    /** By `codeKeyOf`. */
    codeKey: bytewiseText('code_key').notNull(),
    discountId: idColumn('dis', 'discount_id').notNull(),
    /** As the merchant wrote it. */
    code: bytewiseText('code').notNull(),
    usageLimit: integer('usage_limit'),
    used: integer('used').notNull().default(0),
    createdAt: createdAt(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.codeKey] }),
    // By `code`, not by its key: an index that holds the key as well would tempt the planner of a table nobody has analysed
    // yet to walk through all of a company's codes to find one.
    index('discount_codes_discount').on(t.companyId, t.discountId, t.code),
    check('discount_codes_limit', sql`usage_limit > 0`),
    check('discount_codes_used', sql`used >= 0 and used <= usage_limit`),
    foreignKey({ columns: [t.companyId, t.discountId], foreignColumns: [discounts.companyId, discounts.id] }),
  ],
);

/** What depends on the currency, in minor units. A discount that has any is for these currencies only. */
export const discountAmounts = pgTable(
  'discount_amounts',
  {
    companyId: companyIdColumn(),
    discountId: idColumn('dis', 'discount_id').notNull(),
    currency: bytewiseText('currency').notNull(),
    amount: money('amount'),
    subtotalMin: money('subtotal_min'),
    amountMax: money('amount_max'),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.discountId, t.currency] }),
    check('discount_amounts_positive', sql`amount >= 0 and subtotal_min > 0 and amount_max > 0`),
    foreignKey({ columns: [t.companyId, t.discountId], foreignColumns: [discounts.companyId, discounts.id] }),
  ],
);

/**
 * The goods a discount is `for`, and those that have to be bought (`buy`). Without a foreign key, as they are of four
 * kinds: a collection that was deleted holds nothing, so a discount for it alone takes nothing off.
 */
export const discountTargets = pgTable(
  'discount_targets',
  {
    companyId: companyIdColumn(),
    discountId: idColumn('dis', 'discount_id').notNull(),
    role: text('role').$type<'for' | 'buy'>().notNull(),
    type: text('type').$type<DiscountTarget['type']>().notNull(),
    refId: bytewiseText('ref_id').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.discountId, t.role, t.type, t.refId] }),
    check('discount_targets_role', sql`role in ('for', 'buy')`),
    check('discount_targets_type', sql`type in ('product', 'variant', 'collection', 'category')`),
    foreignKey({ columns: [t.companyId, t.discountId], foreignColumns: [discounts.companyId, discounts.id] }),
  ],
);

/** Groups of customers a discount is for; none: everybody. A group that was deleted has no members, so nobody gets it. */
export const discountGroups = pgTable(
  'discount_groups',
  {
    companyId: companyIdColumn(),
    discountId: idColumn('dis', 'discount_id').notNull(),
    groupId: idColumn('cgr', 'group_id').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.discountId, t.groupId] }),
    foreignKey({ columns: [t.companyId, t.discountId], foreignColumns: [discounts.companyId, discounts.id] }),
  ],
);

/**
 * Who took which discount with which order. `released`: the whole order was cancelled or expired, so the use does not
 * count any more. A customer is known by account and by email address: logging out does not make them new.
 */
export const discountRedemptions = pgTable(
  'discount_redemptions',
  {
    ...tenantId('dre'),
    discountId: idColumn('dis', 'discount_id').notNull(),
    /** Orders and carts come later in the order of rooms, so there are no foreign keys. */
    orderId: idColumn('ord', 'order_id').notNull(),
    /** Whose order it is: a cart that is checked out again is not told that its own use is one too many. */
    cartId: idColumn('cart', 'cart_id'),
    codeKey: bytewiseText('code_key'),
    /** As it was given; the code itself may be gone. */
    code: text('code'),
    customerId: idColumn('cus', 'customer_id'),
    emailKey: bytewiseText('email_key'),
    amount: money('amount').notNull(),
    currency: bytewiseText('currency').notNull(),
    status: text('status').$type<'active' | 'released'>().notNull().default('active'),
    createdAt: createdAt(),
    releasedAt: instantColumn('released_at'),
  },
  (t) => [
    ...walls(t),
    index('discount_redemptions_discount').on(t.companyId, t.discountId, t.id),
    unique('discount_redemptions_once').on(t.companyId, t.orderId, t.discountId),
    // An order, a cart and a customer have few redemptions, a discount may have very many.
    index('discount_redemptions_cart').on(t.companyId, t.cartId),
    index('discount_redemptions_customer').on(t.companyId, t.customerId),
    index('discount_redemptions_email').on(t.companyId, t.emailKey),
    check('discount_redemptions_amount', sql`amount >= 0`),
    check('discount_redemptions_status', sql`status in ('active', 'released')`),
    check('discount_redemptions_released', sql`(status = 'released') = (released_at is not null)`),
    foreignKey({ columns: [t.companyId, t.discountId], foreignColumns: [discounts.companyId, discounts.id] }),
  ],
);

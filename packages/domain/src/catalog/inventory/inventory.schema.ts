import { sql } from 'drizzle-orm';
import {
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
} from 'drizzle-orm/pg-core';
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
import { products } from '../products/products.schema.ts';
import { productVariants } from '../products/variants.schema.ts';

/** Where goods lie. Orders are taken from the first by `priority` that has the whole line. */
export const stockLocations = pgTable(
  'stock_locations',
  {
    ...tenantId('loc'),
    name: text('name').notNull(),
    handle: bytewiseText('handle').notNull(),
    address: jsonb('address').$type<Record<string, string>>(),
    priority: integer('priority').notNull().default(0),
    isActive: boolean('is_active').notNull().default(true),
    version: integer('version').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    unique('stock_locations_handle').on(t.companyId, t.handle),
    index('stock_locations_priority').on(t.companyId, t.priority, t.id),
  ],
);

/**
 * Counters of one variant at one place. What can be sold is `on_hand - reserved - safety_stock`, never counted below
 * zero, so that one place's shortage does not hide another's stock. There is no check `reserved <= on_hand`: it would
 * forbid backorders.
 */
export const stockLevels = pgTable(
  'stock_levels',
  {
    companyId: companyIdColumn(),
    variantId: idColumn('var', 'variant_id').notNull(),
    locationId: idColumn('loc', 'location_id').notNull(),
    onHand: integer('on_hand').notNull().default(0),
    reserved: integer('reserved').notNull().default(0),
    incoming: integer('incoming').notNull().default(0),
    safetyStock: integer('safety_stock').notNull().default(0),
    updatedAt: updatedAt(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.variantId, t.locationId] }),
    check('stock_levels_counters', sql`on_hand >= 0 and reserved >= 0 and incoming >= 0 and safety_stock >= 0`),
    index('stock_levels_location').on(t.companyId, t.locationId, t.variantId),
    foreignKey({
      columns: [t.companyId, t.variantId],
      foreignColumns: [productVariants.companyId, productVariants.id],
    }),
    foreignKey({ columns: [t.companyId, t.locationId], foreignColumns: [stockLocations.companyId, stockLocations.id] }),
  ],
);

/** What is known of a variant's stock as a whole: when it counts as low, and whether that was announced. */
export const stockItems = pgTable(
  'stock_items',
  {
    companyId: companyIdColumn(),
    variantId: idColumn('var', 'variant_id').notNull(),
    /** Null: the company's setting. */
    lowStockThreshold: integer('low_stock_threshold'),
    isLow: boolean('is_low').notNull().default(false),
    eventSequence: integer('event_sequence').notNull().default(0),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.variantId] }),
    check('stock_items_threshold', sql`low_stock_threshold >= 0`),
    index('stock_items_low').on(t.companyId, t.variantId).where(sql`is_low`),
    foreignKey({
      columns: [t.companyId, t.variantId],
      foreignColumns: [productVariants.companyId, productVariants.id],
    }),
  ],
);

export type MovementKind =
  | 'adjustment'
  | 'reservation'
  | 'release'
  | 'expiry'
  | 'fulfilment'
  | 'return'
  | 'transfer_out'
  | 'transfer_in'
  | 'transfer_plan';

/** The ledger: every change of a counter, with its cause and who did it. The sums over it are the counters. */
export const stockMovements = pgTable(
  'stock_movements',
  {
    ...tenantId('mov'),
    variantId: idColumn('var', 'variant_id').notNull(),
    locationId: idColumn('loc', 'location_id').notNull(),
    kind: text('kind').$type<MovementKind>().notNull(),
    onHandDelta: integer('on_hand_delta').notNull().default(0),
    reservedDelta: integer('reserved_delta').notNull().default(0),
    incomingDelta: integer('incoming_delta').notNull().default(0),
    /** What it came from: `order` and its id, `product_import`, `stock_transfer` … */
    causeType: text('cause_type'),
    causeId: text('cause_id'),
    actorType: text('actor_type').notNull(),
    actorId: text('actor_id').notNull(),
    reason: text('reason'),
    createdAt: createdAt(),
  },
  (t) => [
    ...walls(t),
    index('stock_movements_variant').on(t.companyId, t.variantId, t.id),
    index('stock_movements_cause').on(t.companyId, t.causeType, t.causeId),
    foreignKey({
      columns: [t.companyId, t.variantId, t.locationId],
      foreignColumns: [stockLevels.companyId, stockLevels.variantId, stockLevels.locationId],
    }),
  ],
);

/** `held` counts until `expires_at`, whoever sweeps; the others are the ways it ended. */
export type ReservationStatus = 'held' | 'released' | 'expired' | 'consumed';

/** Goods promised to somebody, until a time or (null) for good. */
export const stockReservations = pgTable(
  'stock_reservations',
  {
    ...tenantId('rsv'),
    ownerType: text('owner_type').notNull(),
    ownerId: text('owner_id').notNull(),
    variantId: idColumn('var', 'variant_id').notNull(),
    locationId: idColumn('loc', 'location_id').notNull(),
    quantity: integer('quantity').notNull(),
    /** What was asked for: the variant itself, or the bundle it is a part of, and how many units each takes. */
    wantedVariantId: idColumn('var', 'wanted_variant_id').notNull(),
    piecesEach: integer('pieces_each').notNull().default(1),
    status: text('status').$type<ReservationStatus>().notNull().default('held'),
    expiresAt: instantColumn('expires_at'),
    createdAt: createdAt(),
    endedAt: instantColumn('ended_at'),
  },
  (t) => [
    ...walls(t),
    relayMayLook(),
    check('stock_reservations_quantity', sql`quantity > 0 and pieces_each > 0`),
    check('stock_reservations_status', sql`status in ('held', 'released', 'expired', 'consumed')`),
    index('stock_reservations_owner').on(t.companyId, t.ownerType, t.ownerId),
    // The time is in it: what has run out of one level is read with every answer about its stock.
    index('stock_reservations_held')
      .on(t.companyId, t.variantId, t.locationId, t.expiresAt)
      .where(sql`status = 'held'`),
    index('stock_reservations_expiry')
      .on(t.companyId, t.expiresAt)
      .where(sql`status = 'held' and expires_at is not null`),
    foreignKey({
      columns: [t.companyId, t.variantId, t.locationId],
      foreignColumns: [stockLevels.companyId, stockLevels.variantId, stockLevels.locationId],
    }),
  ],
);

/** A company whose settings or locations changed: what can be had and who is low is looked at anew, product by product. */
export const stockRefreshes = pgTable(
  'stock_refreshes',
  {
    companyId: companyIdColumn(),
    /** How far it has come. */
    afterProductId: idColumn('prod', 'after_product_id'),
    /** Which change it is for: another one begins anew. */
    round: integer('round').notNull().default(1),
    dueAt: instantColumn('due_at').notNull().default(sql`now()`),
  },
  (t) => [companyWall(), relayMayLook(), primaryKey({ columns: [t.companyId] })],
);

/**
 * Whether a visitor is told that a product can be had: kept by the stock service whenever a counter crosses the line, and
 * by the sweep when a hold runs out. For lists and filters; a cart asks the counters.
 */
export const productAvailability = pgTable(
  'product_availability',
  {
    companyId: companyIdColumn(),
    productId: idColumn('prod', 'product_id').notNull(),
    isAvailable: boolean('is_available').notNull(),
    updatedAt: updatedAt(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.productId] }),
    index('product_availability_yes').on(t.companyId, t.productId).where(sql`is_available`),
    foreignKey({ columns: [t.companyId, t.productId], foreignColumns: [products.companyId, products.id] }),
  ],
);

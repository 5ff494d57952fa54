import { sql } from 'drizzle-orm';
import { check, foreignKey, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { stockLocations } from '../../catalog/inventory/inventory.schema.ts';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import { companyIdColumn, companyWall, createdAt, tenantId, updatedAt, walls } from '../../kernel/tables.ts';
import { orderLines, orders } from '../orders/orders.schema.ts';

export type FulfilmentStatus =
  | 'pending'
  | 'packed'
  | 'shipped'
  | 'out_for_delivery'
  | 'delivered'
  | 'failed'
  | 'returned'
  | 'cancelled';

/** Goods of an order that leave one location together. Stock leaves `on_hand` when it is shipped. */
export const fulfilments = pgTable(
  'fulfilments',
  {
    ...tenantId('ful'),
    orderId: idColumn('ord', 'order_id').notNull(),
    locationId: idColumn('loc', 'location_id').notNull(),
    status: text('status').$type<FulfilmentStatus>().notNull().default('pending'),
    carrier: text('carrier'),
    trackingNumbers: jsonb('tracking_numbers').$type<readonly string[]>().notNull().default([]),
    trackingUrl: text('tracking_url'),
    note: text('note'),
    failureReason: text('failure_reason'),
    packedAt: instantColumn('packed_at'),
    shippedAt: instantColumn('shipped_at'),
    deliveredAt: instantColumn('delivered_at'),
    endedAt: instantColumn('ended_at'),
    version: integer('version').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    check(
      'fulfilments_status',
      sql`status in ('pending', 'packed', 'shipped', 'out_for_delivery', 'delivered', 'failed', 'returned', 'cancelled')`,
    ),
    index('fulfilments_order').on(t.companyId, t.orderId, t.id),
    index('fulfilments_status_newest').on(t.companyId, t.status, t.id),
    foreignKey({ columns: [t.companyId, t.orderId], foreignColumns: [orders.companyId, orders.id] }),
    foreignKey({ columns: [t.companyId, t.locationId], foreignColumns: [stockLocations.companyId, stockLocations.id] }),
  ],
);

export const fulfilmentLines = pgTable(
  'fulfilment_lines',
  {
    companyId: companyIdColumn(),
    fulfilmentId: idColumn('ful', 'fulfilment_id').notNull(),
    orderLineId: idColumn('oli', 'order_line_id').notNull(),
    quantity: integer('quantity').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.fulfilmentId, t.orderLineId] }),
    check('fulfilment_lines_quantity', sql`quantity > 0`),
    index('fulfilment_lines_order_line').on(t.companyId, t.orderLineId),
    foreignKey({ columns: [t.companyId, t.fulfilmentId], foreignColumns: [fulfilments.companyId, fulfilments.id] }),
    foreignKey({ columns: [t.companyId, t.orderLineId], foreignColumns: [orderLines.companyId, orderLines.id] }),
  ],
);

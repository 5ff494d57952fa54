import { sql } from 'drizzle-orm';
import { check, foreignKey, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import { companyIdColumn, companyWall, createdAt, tenantId, walls } from '../../kernel/tables.ts';
import { productVariants } from '../products/variants.schema.ts';
import { stockLocations } from './inventory.schema.ts';

export type TransferStatus = 'draft' | 'in_transit' | 'received' | 'cancelled';

/** Goods on their way from one place to another. In transit they are `incoming` where they go and on hand nowhere. */
export const stockTransfers = pgTable(
  'stock_transfers',
  {
    ...tenantId('trf'),
    fromLocationId: idColumn('loc', 'from_location_id').notNull(),
    toLocationId: idColumn('loc', 'to_location_id').notNull(),
    status: text('status').$type<TransferStatus>().notNull().default('draft'),
    reference: text('reference'),
    sentAt: instantColumn('sent_at'),
    closedAt: instantColumn('closed_at'),
    version: integer('version').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(1),
    createdAt: createdAt(),
  },
  (t) => [
    ...walls(t),
    check('stock_transfers_status', sql`status in ('draft', 'in_transit', 'received', 'cancelled')`),
    check('stock_transfers_two_places', sql`from_location_id <> to_location_id`),
    index('stock_transfers_newest').on(t.companyId, t.status, t.id),
    foreignKey({
      columns: [t.companyId, t.fromLocationId],
      foreignColumns: [stockLocations.companyId, stockLocations.id],
    }),
    foreignKey({
      columns: [t.companyId, t.toLocationId],
      foreignColumns: [stockLocations.companyId, stockLocations.id],
    }),
  ],
);

export const stockTransferLines = pgTable(
  'stock_transfer_lines',
  {
    companyId: companyIdColumn(),
    transferId: idColumn('trf', 'transfer_id').notNull(),
    variantId: idColumn('var', 'variant_id').notNull(),
    quantity: integer('quantity').notNull(),
    received: integer('received').notNull().default(0),
    /** Sent and found missing or broken on arrival. */
    lost: integer('lost').notNull().default(0),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.transferId, t.variantId] }),
    check(
      'stock_transfer_lines_quantities',
      sql`quantity > 0 and received >= 0 and lost >= 0 and received + lost <= quantity`,
    ),
    foreignKey({ columns: [t.companyId, t.transferId], foreignColumns: [stockTransfers.companyId, stockTransfers.id] }),
    foreignKey({
      columns: [t.companyId, t.variantId],
      foreignColumns: [productVariants.companyId, productVariants.id],
    }),
  ],
);

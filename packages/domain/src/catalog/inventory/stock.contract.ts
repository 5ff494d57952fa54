import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';
import { text } from '../../kernel/text.ts';

/** The most units of a variant at one place, and in one order. Counters are 32-bit in the database. */
export const UNITS_MAX = 100_000_000;
export const SKU_LENGTH_MAX = 255;
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

/** A variant's stock as a whole. */
export const stockItemView = z.object({
  variantId: idOf('var'),
  productId: idOf('prod'),
  sku: z.string().nullable(),
  available: z.int().meta({ description: 'Units that can be sold now, over all active locations.' }),
  lowStockThreshold: z.int().meta({ description: "The variant's own, or that of the inventory settings." }),
  isLow: z.boolean(),
});
export type StockItemView = z.infer<typeof stockItemView>;

/** Counters of one variant at one location. */
export const stockLevelView = z.object({
  variantId: idOf('var'),
  productId: idOf('prod'),
  sku: z.string().nullable(),
  locationId: idOf('loc'),
  onHand: z.int(),
  reserved: z.int().meta({ description: 'Promised to somebody. Holds that ran out do not count.' }),
  incoming: z.int().meta({ description: 'On the way from another location.' }),
  safetyStock: z.int().meta({ description: 'Kept back, never sold.' }),
  available: z
    .int()
    .meta({ description: 'On hand − reserved − safety stock; none below zero or at an inactive location.' }),
  tracksStock: z.boolean(),
  backorder: z.boolean().meta({ description: 'Whether it is sold beyond what is in stock.' }),
  isLow: z.boolean(),
  lowStockThreshold: z.int(),
  updatedAt: instant,
});
export type StockLevelView = z.infer<typeof stockLevelView>;

export const stockLevelsQuery = listQuery.extend({
  sku: text(SKU_LENGTH_MAX).optional(),
  variantId: idOf('var').optional(),
  productId: idOf('prod').optional(),
  locationId: idOf('loc').optional(),
  low: flag.optional().meta({ description: 'Only what is low (true) or only what is not (false).' }),
});
export type StockLevelsQuery = z.infer<typeof stockLevelsQuery>;
export const stockLevelsPage = pageOf(stockLevelView);

/** What of a level is set rather than counted. */
export const stockLevelPatch = z.strictObject({
  locationId: idOf('loc').optional().meta({ description: 'Whose safety stock. Without it the default location.' }),
  safetyStock: z.int().min(0).max(UNITS_MAX).optional(),
  lowStockThreshold: z
    .int()
    .min(0)
    .max(UNITS_MAX)
    .nullable()
    .optional()
    .meta({ description: 'Of the variant at all locations. null: that of the inventory settings.' }),
});
export type StockLevelPatch = z.infer<typeof stockLevelPatch>;

export const movementKind = z.enum([
  'adjustment',
  'reservation',
  'release',
  'expiry',
  'fulfilment',
  'return',
  'transfer_out',
  'transfer_in',
  'transfer_plan',
]);

/** A row of the ledger. The sums over it are the counters. */
export const stockMovementView = z.object({
  id: idOf('mov'),
  variantId: idOf('var'),
  locationId: idOf('loc'),
  kind: movementKind,
  onHandDelta: z.int(),
  reservedDelta: z.int(),
  incomingDelta: z.int(),
  cause: z.object({ type: z.string().nullable(), id: z.string().nullable() }),
  actor: z.object({ type: z.string(), id: z.string() }),
  reason: z.string().nullable(),
  createdAt: instant,
});
export type StockMovementView = z.infer<typeof stockMovementView>;

export const stockMovementsQuery = listQuery.extend({
  variantId: idOf('var').optional(),
  sku: text(SKU_LENGTH_MAX).optional(),
});
export type StockMovementsQuery = z.infer<typeof stockMovementsQuery>;
export const stockMovementsPage = pageOf(stockMovementView);

export const reason = text(200).meta({ example: 'Counted on the shelf' });

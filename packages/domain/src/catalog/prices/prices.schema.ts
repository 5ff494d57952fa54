import { sql } from 'drizzle-orm';
import { bigint, check, foreignKey, index, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import { companyIdColumn, companyWall, createdAt, tenantId, walls } from '../../kernel/tables.ts';
import { products } from '../products/products.schema.ts';
import { productVariants } from '../products/variants.schema.ts';

const money = (name: string) => bigint(name, { mode: 'bigint' });

/**
 * What a variant costs in a currency, in minor units. Without a window it is the base price; a row with one (a sale) goes
 * before it while it lasts, the one that began last first. No row in a currency: not sold in it. `priceListId` and
 * `minQuantity` wait for price lists.
 */
export const prices = pgTable(
  'prices',
  {
    ...tenantId('prc'),
    variantId: idColumn('var', 'variant_id').notNull(),
    currency: text('currency').notNull(),
    priceListId: text('price_list_id'),
    minQuantity: integer('min_quantity').notNull().default(1),
    amount: money('amount').notNull(),
    compareAt: money('compare_at'),
    validFrom: instantColumn('valid_from'),
    validUntil: instantColumn('valid_until'),
    createdAt: createdAt(),
  },
  (t) => [
    ...walls(t),
    index('prices_variant').on(t.companyId, t.variantId, t.currency),
    uniqueIndex('prices_base')
      .on(t.companyId, t.variantId, t.currency)
      .where(sql`price_list_id is null and min_quantity = 1 and valid_from is null and valid_until is null`),
    check('prices_amount', sql`amount >= 0 and compare_at >= 0`),
    check('prices_window', sql`valid_from < valid_until`),
    foreignKey({
      columns: [t.companyId, t.variantId],
      foreignColumns: [productVariants.companyId, productVariants.id],
    }),
  ],
);

/** Every price there ever was, append-only: the lowest price of the last 30 days cannot be found out afterwards. */
export const priceChanges = pgTable(
  'price_changes',
  {
    ...tenantId('pch'),
    variantId: idColumn('var', 'variant_id').notNull(),
    priceId: idColumn('prc', 'price_id').notNull(),
    change: text('change').$type<'set' | 'removed'>().notNull(),
    currency: text('currency').notNull(),
    amount: money('amount').notNull(),
    compareAt: money('compare_at'),
    validFrom: instantColumn('valid_from'),
    validUntil: instantColumn('valid_until'),
    actorType: text('actor_type').notNull(),
    actorId: text('actor_id').notNull(),
    changedAt: instantColumn('changed_at').notNull().default(sql`now()`),
  },
  (t) => [
    ...walls(t),
    index('price_changes_variant').on(t.companyId, t.variantId, t.id),
    check('price_changes_change', sql`change in ('set', 'removed')`),
    foreignKey({
      columns: [t.companyId, t.variantId],
      foreignColumns: [productVariants.companyId, productVariants.id],
    }),
  ],
);

/**
 * What a product costs "from" in a currency: one row for each stretch of time between two price boundaries, so that lists
 * sort and filter by the price of this very moment and no job has to be on time. Kept by the price service.
 */
export const listingPrices = pgTable(
  'listing_prices',
  {
    companyId: companyIdColumn(),
    productId: idColumn('prod', 'product_id').notNull(),
    currency: text('currency').notNull(),
    /** `BEGINNING_OF_TIME` and `END_OF_TIME` (`listing-prices.ts`) where there is no boundary. */
    validFrom: instantColumn('valid_from').notNull(),
    validUntil: instantColumn('valid_until').notNull(),
    minAmount: money('min_amount').notNull(),
    maxAmount: money('max_amount').notNull(),
    /** The compare-at price of the cheapest variant, when it is higher. */
    compareAt: money('compare_at'),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.productId, t.currency, t.validFrom] }),
    index('listing_prices_amount').on(t.companyId, t.currency, t.minAmount, t.productId),
    index('listing_prices_boundary').on(t.companyId, t.validFrom),
    foreignKey({ columns: [t.companyId, t.productId], foreignColumns: [products.companyId, products.id] }),
  ],
);

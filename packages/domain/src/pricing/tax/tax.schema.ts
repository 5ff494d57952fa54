import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, pgTable, text, unique } from 'drizzle-orm/pg-core';
import { bytewiseText } from '../../kernel/column-types.ts';
import { createdAt, tenantId, updatedAt, walls } from '../../kernel/tables.ts';

/**
 * What is taxed where. Each place (a country, or a region of it) has one rate for each tax category and one for all the
 * rest. Carts and orders copy what they were taxed by, so a rate may be deleted.
 */
export const taxRates = pgTable(
  'tax_rates',
  {
    ...tenantId('txr'),
    name: text('name').notNull(),
    country: bytewiseText('country').notNull(),
    /** As a person wrote it; null: the whole country. */
    region: text('region'),
    /** By `regionKeyOf`. */
    regionKey: bytewiseText('region_key'),
    /** Null: every category that has no rate of its own there. */
    taxCategory: text('tax_category'),
    /** By `foldKey`. */
    taxCategoryKey: bytewiseText('tax_category_key'),
    /** Parts per million: 7.5 % is 75,000. */
    ratePpm: integer('rate_ppm').notNull(),
    appliesToShipping: boolean('applies_to_shipping').notNull().default(true),
    isActive: boolean('is_active').notNull().default(true),
    version: integer('version').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    // Nulls are one place as well: two rates for the whole country would both apply.
    unique('tax_rates_place').on(t.companyId, t.country, t.regionKey, t.taxCategoryKey).nullsNotDistinct(),
    index('tax_rates_country').on(t.companyId, t.country, t.id),
    check('tax_rates_rate', sql`rate_ppm between 0 and 1000000`),
    check('tax_rates_region', sql`(region is null) = (region_key is null)`),
    check('tax_rates_category', sql`(tax_category is null) = (tax_category_key is null)`),
  ],
);

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
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { products } from '../../catalog/products/products.schema.ts';
import { bytewiseText } from '../../kernel/column-types.ts';
import { idColumn } from '../../kernel/ids.ts';
import { companyIdColumn, companyWall, createdAt, tenantId, updatedAt, walls } from '../../kernel/tables.ts';

const minorUnits = (name: string) => bigint(name, { mode: 'bigint' });
const versions = () => ({
  version: integer('version').notNull().default(1),
  eventSequence: integer('event_sequence').notNull().default(1),
  createdAt: createdAt(),
  updatedAt: updatedAt(),
});

/** Goods that are sent the same way: bulky ones, frozen ones. Products that nobody put anywhere go by the default one. */
export const shippingProfiles = pgTable(
  'shipping_profiles',
  {
    ...tenantId('shp'),
    name: text('name').notNull(),
    isDefault: boolean('is_default').notNull().default(false),
    ...versions(),
  },
  (t) => [...walls(t), uniqueIndex('shipping_profiles_default').on(t.companyId).where(sql`is_default`)],
);

/** The products somebody put into a profile. The key keeps a product in one profile at most. */
export const shippingProfileProducts = pgTable(
  'shipping_profile_products',
  {
    companyId: companyIdColumn(),
    productId: idColumn('prod', 'product_id').notNull(),
    profileId: idColumn('shp', 'profile_id').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.productId] }),
    index('shipping_profile_products_profile').on(t.companyId, t.profileId, t.productId),
    foreignKey({ columns: [t.companyId, t.productId], foreignColumns: [products.companyId, products.id] }),
    foreignKey({
      columns: [t.companyId, t.profileId],
      foreignColumns: [shippingProfiles.companyId, shippingProfiles.id],
    }),
  ],
);

/** Where some options deliver to. Zones may overlap: a shopper is offered the options of all of them. */
export const shippingZones = pgTable(
  'shipping_zones',
  { ...tenantId('shz'), name: text('name').notNull(), ...versions() },
  (t) => walls(t),
);

export const shippingZoneAreas = pgTable(
  'shipping_zone_areas',
  {
    companyId: companyIdColumn(),
    zoneId: idColumn('shz', 'zone_id').notNull(),
    position: integer('position').notNull(),
    country: bytewiseText('country').notNull(),
    /** As a person wrote it; null: the whole country. */
    region: text('region'),
    /** By `regionKeyOf`. */
    regionKey: bytewiseText('region_key'),
    /** See `postcode-patterns.ts`; null: every postcode. */
    postcodePattern: text('postcode_pattern'),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.zoneId, t.position] }),
    index('shipping_zone_areas_country').on(t.companyId, t.country, t.zoneId),
    check('shipping_zone_areas_region', sql`(region is null) = (region_key is null)`),
    foreignKey({ columns: [t.companyId, t.zoneId], foreignColumns: [shippingZones.companyId, shippingZones.id] }),
  ],
);

/** What a rate's steps count: nothing, grams, or minor units of the goods' subtotal. */
export type ShippingBasis = 'flat' | 'weight' | 'subtotal';

/** A way of delivery a shopper may choose. Carts and orders copy what they chose, so an option may be deleted. */
export const shippingOptions = pgTable(
  'shipping_options',
  {
    ...tenantId('sho'),
    zoneId: idColumn('shz', 'zone_id').notNull(),
    profileId: idColumn('shp', 'profile_id').notNull(),
    name: text('name').notNull(),
    description: text('description').notNull().default(''),
    basis: text('basis').$type<ShippingBasis>().notNull().default('flat'),
    weightMaxGrams: integer('weight_max_grams'),
    daysMin: integer('days_min'),
    daysMax: integer('days_max'),
    position: integer('position').notNull().default(0),
    isActive: boolean('is_active').notNull().default(true),
    ...versions(),
  },
  (t) => [
    ...walls(t),
    index('shipping_options_zone').on(t.companyId, t.zoneId, t.id),
    index('shipping_options_profile').on(t.companyId, t.profileId, t.id),
    index('shipping_options_position').on(t.companyId, t.position, t.id),
    check('shipping_options_basis', sql`basis in ('flat', 'weight', 'subtotal')`),
    check('shipping_options_weight', sql`weight_max_grams > 0`),
    check('shipping_options_days', sql`days_min >= 0 and days_max >= 0 and days_min <= days_max`),
    foreignKey({ columns: [t.companyId, t.zoneId], foreignColumns: [shippingZones.companyId, shippingZones.id] }),
    foreignKey({
      columns: [t.companyId, t.profileId],
      foreignColumns: [shippingProfiles.companyId, shippingProfiles.id],
    }),
  ],
);

/** Steps of an option's price. From `fromStep` on (see `ShippingBasis`) it costs `amount`; a flat price begins at 0. */
export const shippingRates = pgTable(
  'shipping_rates',
  {
    companyId: companyIdColumn(),
    optionId: idColumn('sho', 'option_id').notNull(),
    currency: bytewiseText('currency').notNull(),
    fromStep: minorUnits('from_step').notNull(),
    amount: minorUnits('amount').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.optionId, t.currency, t.fromStep] }),
    check('shipping_rates_amounts', sql`from_step >= 0 and amount >= 0`),
    foreignKey({ columns: [t.companyId, t.optionId], foreignColumns: [shippingOptions.companyId, shippingOptions.id] }),
  ],
);

/** From which subtotal of its goods on an option costs nothing, per currency. */
export const shippingFreeOver = pgTable(
  'shipping_free_over',
  {
    companyId: companyIdColumn(),
    optionId: idColumn('sho', 'option_id').notNull(),
    currency: bytewiseText('currency').notNull(),
    amount: minorUnits('amount').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.optionId, t.currency] }),
    check('shipping_free_over_amount', sql`amount >= 0`),
    foreignKey({ columns: [t.companyId, t.optionId], foreignColumns: [shippingOptions.companyId, shippingOptions.id] }),
  ],
);

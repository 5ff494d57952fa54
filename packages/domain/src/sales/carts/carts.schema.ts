import { sql } from 'drizzle-orm';
import {
  bigint,
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

/** `ordered`: the order it became was paid or confirmed, or waits for a transfer; `merged`: its lines went into the cart of who logged in. */
export type CartStatus = 'open' | 'ordered' | 'merged';

/**
 * What somebody means to buy. Prices are not in it: they are read anew with every look. Each write locks the row and
 * raises `version`. A guest's cart is opened by its token, a customer's by its owner.
 */
export const carts = pgTable(
  'carts',
  {
    ...tenantId('cart'),
    /** SHA-256 of the token, base64url. */
    tokenHash: bytewiseText('token_hash').notNull(),
    customerId: idColumn('cus', 'customer_id'),
    status: text('status').$type<CartStatus>().notNull().default('open'),
    currency: text('currency').notNull(),
    locale: text('locale'),
    email: text('email'),
    emailKey: bytewiseText('email_key'),
    phone: text('phone'),
    note: text('note'),
    shippingAddress: jsonb('shipping_address').$type<PostalAddress>(),
    billingAddress: jsonb('billing_address').$type<PostalAddress>(),
    mergedIntoId: idColumn('cart', 'merged_into_id'),
    version: integer('version').notNull().default(1),
    expiresAt: instantColumn('expires_at').notNull(),
    /** When it was announced that nobody came back to it; once. */
    abandonedAt: instantColumn('abandoned_at'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    relayMayLook(),
    check('carts_status', sql`status in ('open', 'ordered', 'merged')`),
    index('carts_customer').on(t.companyId, t.customerId, t.id),
    index('carts_expiry').on(t.companyId, t.expiresAt),
    foreignKey({ columns: [t.companyId, t.customerId], foreignColumns: [customers.companyId, customers.id] }),
  ],
);

export const cartLines = pgTable(
  'cart_lines',
  {
    ...tenantId('cli'),
    cartId: idColumn('cart', 'cart_id').notNull(),
    variantId: idColumn('var', 'variant_id').notNull(),
    quantity: integer('quantity').notNull(),
    /** What the shopper says about it (an engraving). The same variant with other properties is another line. */
    properties: jsonb('properties').$type<Record<string, string>>().notNull().default({}),
    propertiesKey: bytewiseText('properties_key').notNull().default(''),
    /** What one cost when it was put in, so that a shopper can be told of a change. Minor units. */
    unitAmountAdded: bigint('unit_amount_added', { mode: 'bigint' }),
    createdAt: createdAt(),
  },
  (t) => [
    ...walls(t),
    unique('cart_lines_same').on(t.companyId, t.cartId, t.variantId, t.propertiesKey),
    check('cart_lines_quantity', sql`quantity > 0`),
    foreignKey({ columns: [t.companyId, t.cartId], foreignColumns: [carts.companyId, carts.id] }),
    foreignKey({
      columns: [t.companyId, t.variantId],
      foreignColumns: [productVariants.companyId, productVariants.id],
    }),
  ],
);

/** Codes a shopper gave, also those that give nothing (yet): the totals say why. */
export const cartCodes = pgTable(
  'cart_codes',
  {
    companyId: companyIdColumn(),
    cartId: idColumn('cart', 'cart_id').notNull(),
    codeKey: bytewiseText('code_key').notNull(),
    code: text('code').notNull(),
    position: integer('position').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.cartId, t.codeKey] }),
    foreignKey({ columns: [t.companyId, t.cartId], foreignColumns: [carts.companyId, carts.id] }),
  ],
);

/** The shipping option chosen for the goods of a profile. Whether it can still be had is asked with every look. */
export const cartShipping = pgTable(
  'cart_shipping',
  {
    companyId: companyIdColumn(),
    cartId: idColumn('cart', 'cart_id').notNull(),
    profileId: idColumn('shp', 'profile_id').notNull(),
    shippingOptionId: idColumn('sho', 'shipping_option_id').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.cartId, t.profileId] }),
    foreignKey({ columns: [t.companyId, t.cartId], foreignColumns: [carts.companyId, carts.id] }),
  ],
);

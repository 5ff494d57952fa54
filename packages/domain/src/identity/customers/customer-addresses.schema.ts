import { sql } from 'drizzle-orm';
import { boolean, foreignKey, index, jsonb, pgTable, uniqueIndex } from 'drizzle-orm/pg-core';
import type { PostalAddress } from '../../company/companies/postal-address.contract.ts';
import { idColumn } from '../../kernel/ids.ts';
import { createdAt, tenantId, updatedAt, walls } from '../../kernel/tables.ts';
import { customers } from './customers.schema.ts';

/** A customer's address book. Carts and orders copy what they take from it, so it may change and go at any time. */
export const customerAddresses = pgTable(
  'customer_addresses',
  {
    ...tenantId('cadr'),
    customerId: idColumn('cus', 'customer_id').notNull(),
    /** One value, never searched in. */
    address: jsonb('address').$type<PostalAddress>().notNull(),
    isDefaultShipping: boolean('is_default_shipping').notNull().default(false),
    isDefaultBilling: boolean('is_default_billing').notNull().default(false),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    foreignKey({ columns: [t.companyId, t.customerId], foreignColumns: [customers.companyId, customers.id] }),
    index('customer_addresses_by_customer').on(t.companyId, t.customerId, t.id),
    uniqueIndex('customer_addresses_shipping').on(t.companyId, t.customerId).where(sql`is_default_shipping`),
    uniqueIndex('customer_addresses_billing').on(t.companyId, t.customerId).where(sql`is_default_billing`),
  ],
);

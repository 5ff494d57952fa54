import { sql } from 'drizzle-orm';
import { boolean, check, foreignKey, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { bytewiseText } from '../../kernel/column-types.ts';
import { idColumn } from '../../kernel/ids.ts';
import { companyIdColumn, companyWall, createdAt, tenantId, updatedAt, walls } from '../../kernel/tables.ts';

export type CustomerStatus = 'active' | 'disabled' | 'erased';
export type MarketingSource = 'registration' | 'account' | 'staff' | 'erasure';

/**
 * People with an account at a shop. Two shops, two accounts, even with one email address. Guests have no row here: they
 * live on their orders. Never deleted: erasing anonymises the row, so that what points at it stays whole.
 */
export const customers = pgTable(
  'customers',
  {
    ...tenantId('cus'),
    email: text('email').notNull(),
    /** The address folded by the service, by byte: the admin's search by its beginning is a range of it. */
    emailKey: bytewiseText('email_key').notNull(),
    passwordHash: text('password_hash').notNull(),
    passwordChangedAt: instantColumn('password_changed_at').notNull().default(sql`now()`),
    status: text('status').$type<CustomerStatus>().notNull().default('active'),
    /** Null until somebody opened the link of a mail to this address. Orders of guests are claimed only after that. */
    emailVerifiedAt: instantColumn('email_verified_at'),
    firstName: text('first_name'),
    lastName: text('last_name'),
    /** Both names folded, first name first; and the last name alone, for whoever types only that. */
    nameKey: bytewiseText('name_key').notNull().default(''),
    lastNameKey: bytewiseText('last_name_key').notNull().default(''),
    phone: text('phone'),
    locale: text('locale'),
    acceptsMarketing: boolean('accepts_marketing').notNull().default(false),
    marketingChangedAt: instantColumn('marketing_changed_at'),
    marketingSource: text('marketing_source').$type<MarketingSource>(),
    /** The merchant's own words about the customer. Never shown to them but in an export. */
    note: text('note').notNull().default(''),
    isTaxExempt: boolean('is_tax_exempt').notNull().default(false),
    lastLoginAt: instantColumn('last_login_at'),
    version: integer('version').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(0),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    unique('customers_email').on(t.companyId, t.emailKey),
    check('customers_status', sql`status in ('active', 'disabled', 'erased')`),
    check('customers_marketing_source', sql`marketing_source in ('registration', 'account', 'staff', 'erasure')`),
    index('customers_by_name').on(t.companyId, t.nameKey, t.id),
    index('customers_by_last_name').on(t.companyId, t.lastNameKey, t.id),
  ],
);

/** Words staff put on customers. */
export const customerTags = pgTable(
  'customer_tags',
  {
    companyId: companyIdColumn(),
    customerId: idColumn('cus', 'customer_id').notNull(),
    tag: text('tag').notNull(),
    tagKey: bytewiseText('tag_key').notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.customerId, t.tagKey] }),
    foreignKey({ columns: [t.companyId, t.customerId], foreignColumns: [customers.companyId, customers.id] }),
    index('customer_tags_by_tag').on(t.companyId, t.tagKey, t.customerId),
  ],
);

import { sql } from 'drizzle-orm';
import { check, foreignKey, index, pgTable, text, unique } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import { createdAt, tenantId, walls } from '../../kernel/tables.ts';
import { customers } from '../customers/customers.schema.ts';

/** What a link in a mail to a customer is for. */
export type CustomerTokenPurpose = 'verification' | 'invitation' | 'password_reset' | 'email_change';

/** Links in mails to customers: each good once, for a while, and only the newest of its kind. */
export const customerTokens = pgTable(
  'customer_tokens',
  {
    ...tenantId('ctk'),
    customerId: idColumn('cus', 'customer_id').notNull(),
    purpose: text('purpose').$type<CustomerTokenPurpose>().notNull(),
    tokenHash: text('token_hash').notNull(),
    /** The address the mail went to: of a change of address the new one. */
    email: text('email').notNull(),
    expiresAt: instantColumn('expires_at').notNull(),
    usedAt: instantColumn('used_at'),
    createdAt: createdAt(),
  },
  (t) => [
    ...walls(t),
    check('customer_tokens_purpose', sql`purpose in ('verification', 'invitation', 'password_reset', 'email_change')`),
    unique('customer_tokens_hash').on(t.companyId, t.tokenHash),
    foreignKey({ columns: [t.companyId, t.customerId], foreignColumns: [customers.companyId, customers.id] }),
    index('customer_tokens_by_customer').on(t.companyId, t.customerId, t.id),
  ],
);

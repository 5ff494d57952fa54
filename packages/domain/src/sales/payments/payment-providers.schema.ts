import { sql } from 'drizzle-orm';
import { check, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { companyIdColumn, companyWall, createdAt, updatedAt } from '../../kernel/tables.ts';
import type { PaymentProvider } from './payment-providers.contract.ts';

/** Ways to be paid that a company has set up. What is secret about them lies in `company_secrets`. */
export const paymentProviders = pgTable(
  'payment_providers',
  {
    companyId: companyIdColumn(),
    provider: text('provider').$type<PaymentProvider>().notNull(),
    /** The half of the credentials that browsers may see. */
    publicKey: text('public_key'),
    version: integer('version').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.provider] }),
    check('payment_providers_provider', sql`provider in ('paystack', 'manual')`),
  ],
);

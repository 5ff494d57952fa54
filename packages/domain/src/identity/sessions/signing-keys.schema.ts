import { sql } from 'drizzle-orm';
import { check, pgTable, text } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { createdAt } from '../../kernel/tables.ts';

/**
 * Keys that sign access tokens, by `kid`. They belong to the deployment, not to a company. Staff and customers have keys
 * of their own, so that one kind of token can never pass for the other.
 */
export const signingKeys = pgTable(
  'signing_keys',
  {
    kid: text('kid').primaryKey(),
    audience: text('audience').$type<TokenAudience>().notNull(),
    sealed: text('sealed').notNull(),
    createdAt: createdAt(),
    /** From then on it signs no more; it still verifies until the last token it signed has expired. */
    retiredAt: instantColumn('retired_at'),
  },
  () => [check('signing_keys_audience', sql`audience in ('staff', 'customer')`)],
);

export type TokenAudience = 'staff' | 'customer';

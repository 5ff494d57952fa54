import { integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { companyIdColumn, companyWall, updatedAt } from '../../kernel/tables.ts';

/** What a company set differently from the defaults in code: one row per group, none for a group left alone. */
export const companySettings = pgTable(
  'company_settings',
  {
    companyId: companyIdColumn(),
    group: text('group').notNull(),
    overrides: jsonb('overrides').$type<Record<string, unknown>>().notNull(),
    version: integer('version').notNull(),
    updatedAt: updatedAt(),
  },
  (t) => [companyWall(), primaryKey({ columns: [t.companyId, t.group] })],
);

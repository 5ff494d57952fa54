import { sql } from 'drizzle-orm';
import { check, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { idColumn } from '../../kernel/ids.ts';
import { companyIdColumn, companyWall, createdAt, relayMayLook, updatedAt } from '../../kernel/tables.ts';

/** The merchants. One row per company, behind the company's own wall: even this table shows a company only itself. */
export const companies = pgTable(
  'companies',
  {
    companyId: companyIdColumn(),
    handle: text('handle').notNull(),
    name: text('name').notNull(),
    country: text('country').notNull(),
    currency: text('currency').notNull(),
    timezone: text('timezone').notNull(),
    status: text('status').$type<CompanyStatus>().notNull().default('active'),
    mode: text('mode').$type<CompanyMode>().notNull().default('live'),
    /** The live company a sandbox belongs to. A plain column: no transaction ever holds two companies. */
    parentCompanyId: idColumn('com', 'parent_company_id'),
    statusReason: text('status_reason'),
    version: integer('version').notNull().default(1),
    eventSequence: integer('event_sequence').notNull().default(0),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    companyWall(),
    relayMayLook(),
    primaryKey({ columns: [t.companyId] }),
    check('companies_status', sql`status in ('active', 'suspended', 'closed')`),
    check('companies_mode', sql`mode in ('live', 'test')`),
  ],
);

export type CompanyStatus = 'active' | 'suspended' | 'closed';
export type CompanyMode = 'live' | 'test';

/**
 * The one public directory: which company goes by a handle. It stands outside the walls because it is asked before the
 * company is known (login). It holds nothing else.
 */
export const companyHandles = pgTable('company_handles', {
  handle: text('handle').primaryKey(),
  companyId: companyIdColumn(),
  createdAt: createdAt(),
});

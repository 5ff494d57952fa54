import { sql } from 'drizzle-orm';
import { bigint, pgPolicy, pgRole, pgTable, primaryKey } from 'drizzle-orm/pg-core';
import { companyIdColumn, companyWall } from './tables.ts';

const appRole = pgRole('souk_app').existing();

/**
 * One number per company that rises with every change of what visitors read. Cached answers carry the number they were
 * made under. Anyone may read any company's number, so that one look-up serves many requests without a unit of work; it
 * says nothing but "something changed". Writing it stays inside the company's wall.
 */
export const catalogueVersions = pgTable(
  'catalogue_versions',
  { companyId: companyIdColumn(), version: bigint('version', { mode: 'number' }).notNull().default(1) },
  (t) => [
    companyWall(),
    pgPolicy('version_look', { for: 'select', to: appRole, using: sql`true` }),
    primaryKey({ columns: [t.companyId] }),
  ],
);

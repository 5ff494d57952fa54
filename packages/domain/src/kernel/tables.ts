import { and, eq, type SQL, sql } from 'drizzle-orm';
import { type AnyPgColumn, pgPolicy, pgRole, primaryKey } from 'drizzle-orm/pg-core';
import { instantColumn } from './clock.ts';
import type { CompanyId } from './ids.ts';
import { type IdPrefix, idColumn } from './ids.ts';

/** Bare on purpose: distributed Postgres refuses a sub-select in a policy, and an empty setting equals no id, so no rows. */
const currentCompany = sql`current_setting('app.company_id', true)`;
const relayRole = pgRole('souk_relay').existing();
const searchRole = pgRole('souk_search').existing();

export const companyIdColumn = () => idColumn('com', 'company_id').notNull();

/** The two columns every tenant table starts with. */
export const tenantId = <P extends IdPrefix>(prefix: P) => ({
  companyId: companyIdColumn(),
  id: idColumn(prefix, 'id').notNull(),
});

export const createdAt = () => instantColumn('created_at').notNull().default(sql`now()`);
export const updatedAt = () => instantColumn('updated_at').notNull().default(sql`now()`);

/** Row level security: rows of the company that the transaction set, for reading and for writing. */
export const companyWall = () =>
  pgPolicy('company_wall', {
    using: sql`company_id = ${currentCompany}`,
    withCheck: sql`company_id = ${currentCompany}`,
  });

/** Walls two and three of a tenant table: the policy, and a primary key that starts with the company. */
export const walls = (table: { companyId: AnyPgColumn; id: AnyPgColumn }) => [
  companyWall(),
  primaryKey({ columns: [table.companyId, table.id] }),
];

/** Lets the relay role see that something waits, in any company. Which columns it may read is granted in `walls.sql`. */
export const relayMayLook = () => pgPolicy('relay_look', { for: 'select', to: relayRole, using: sql`true` });

/**
 * Lets the search role read the table, in any company: full-text operators are not leakproof, so behind row security they
 * cannot use their index. Nobody logs in as that role; it owns the search function alone, which takes the company from
 * the setting.
 */
export const searchMayLook = () => pgPolicy('search_look', { for: 'select', to: searchRole, using: sql`true` });

/** Wall one: every query on a tenant table says its company through this. */
export const mine = (
  ctx: { companyId: CompanyId },
  table: { companyId: AnyPgColumn },
  ...conditions: (SQL | undefined)[]
): SQL | undefined => and(eq(table.companyId, ctx.companyId), ...conditions);

import { asc } from 'drizzle-orm';
import type { Tx } from '../../kernel/ctx.ts';
import type { CompanyId } from '../../kernel/ids.ts';
import { companies } from './companies.schema.ts';

/** Every company's id, oldest first. For the relay role: the app role, without a company, sees none. */
export async function listCompanyIds(tx: Tx): Promise<CompanyId[]> {
  const rows = await tx.select({ id: companies.companyId }).from(companies).orderBy(asc(companies.companyId));
  return rows.map(({ id }) => id);
}

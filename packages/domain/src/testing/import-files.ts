import type { CompanyId } from '../kernel/ids.ts';
import type { TestDatabase } from './database.ts';

interface Shop {
  readonly companyId: CompanyId;
}

/** A file of our own format with this many products of two variants each. */
export function catalogue(products: number, { from = 0, title = 'Thing' } = {}): string {
  const lines = ['handle,title,status,option1Name,option1Value,sku,price:NGN'];
  for (let at = from; at < from + products; at++)
    lines.push(`thing-${at},${title} ${at},active,Size,S,SKU-${at}-S,10.50`, `thing-${at},,,,L,SKU-${at}-L,12`);
  return `${lines.join('\n')}\n`;
}

/** What stands in the tables of a shop, past row security. */
export async function standing(db: TestDatabase, { companyId }: Shop) {
  const [row] = await db.admin`select
    (select count(*) from products where company_id = ${companyId})::int as products,
    (select coalesce(sum(version), 0) from products where company_id = ${companyId})::int as versions,
    (select count(*) from product_variants where company_id = ${companyId} and archived_at is null)::int as variants,
    (select count(*) from prices where company_id = ${companyId})::int as prices,
    (select count(*) from price_changes where company_id = ${companyId})::int as price_changes,
    (select count(*) from stock_movements where company_id = ${companyId})::int as movements,
    (select count(*) from files where company_id = ${companyId} and purpose = 'image')::int as pictures,
    (select count(*) from events where company_id = ${companyId} and type like 'product.%')::int as events,
    (select coalesce(sum(version), 0) from catalogue_versions where company_id = ${companyId})::int as catalogue`;
  return row as Record<string, number>;
}

/** Lets somebody else take the import up at once, as if its lease had run out. */
export const leaseRunsOut = (db: TestDatabase, { companyId }: Shop) =>
  db.admin`update product_imports set due_at = now() - interval '1 second' where company_id = ${companyId} and status in ('queued', 'running')`;

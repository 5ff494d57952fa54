import type postgres from 'postgres';
import { type CompanyId, newId } from '../kernel/ids.ts';
import type { TenantTable } from './walls.ts';

/**
 * Fills every tenant table with one row of a company, past all constraints that are not walls: values are made up from
 * the catalogue's column types, so that the wall proof covers tables nobody wrote a builder for.
 */
export async function fillTables(
  admin: postgres.Sql,
  tables: readonly TenantTable[],
  companyId: CompanyId,
): Promise<void> {
  await admin.begin(async (tx) => {
    // As superuser: foreign keys and CHECKs are not what is being proved here. CHECKs cannot be switched off, so they
    // are dropped in the proof's own database before this runs.
    await tx.unsafe('set local session_replication_role = replica');
    for (const table of tables) {
      const row = rowOf(table, companyId);
      await tx`insert into ${tx(table.name)} ${tx(row)}`;
    }
  });
}

/** One made-up row; every column that must be filled is. */
export function rowOf(table: TenantTable, companyId: CompanyId): Record<string, string | number | boolean> {
  const needed = table.columns.filter((column) => column.notNull && !column.hasDefault && column.name !== 'company_id');
  return Object.fromEntries([
    ['company_id', companyId],
    ...needed.map(({ name, type }) => [name, madeUpValue(type)] as const),
  ]);
}

function madeUpValue(type: string): string | number | boolean {
  if (type === 'text' || type.startsWith('character')) return newId('evt');
  if (type === 'boolean') return true;
  if (type === 'jsonb') return '{}';
  if (type === 'integer' || type === 'bigint' || type === 'smallint') return Math.floor(Math.random() * 1_000_000);
  if (type.startsWith('timestamp')) return new Date().toISOString();
  if (type === 'date') return '2026-01-01';
  throw new Error(`The wall proof does not know how to fill a column of type ${type}; teach it in row-maker.ts.`);
}

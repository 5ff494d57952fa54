import { getTableColumns, type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { Ctx } from './ctx.ts';

/**
 * Many rows in one statement and one parameter, however many they are: PostgreSQL takes 65,535 parameters at most, and a
 * statement whose text depends on the number of rows is prepared anew for each number.
 */

type TenantTable = PgTable & { companyId: PgColumn };
type RowOf<T extends TenantTable> = Omit<T['$inferInsert'], 'companyId'>;
type ColumnOf<T extends TenantTable> = keyof RowOf<T> & string;

/** `column = any($1)`: one statement whatever the number of values. None of them matches nothing. */
export const isAnyOf = (column: SQLWrapper, values: Iterable<string>): SQL =>
  // Not `::text::text[]`: PostgreSQL would read that text anew for every row it compares.
  sql`${column} = any(${textArray(values)}::text[])`;

/** Inserts rows; they all have the columns of the first one. */
export async function insertAll<T extends TenantTable>(ctx: Ctx, table: T, rows: readonly RowOf<T>[]): Promise<void> {
  if (rows.length === 0) return;
  await ctx.tx.execute(insertion(ctx, table, rows));
}

/**
 * Inserts rows, or overwrites those with the same key (`company_id` and the columns of `key`). `insertOnly` columns are
 * left as they are where a row exists. A key must not come twice.
 */
export async function upsertAll<T extends TenantTable>(
  ctx: Ctx,
  table: T,
  key: readonly ColumnOf<T>[],
  rows: readonly RowOf<T>[],
  insertOnly: readonly ColumnOf<T>[] = [],
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const kept = new Set<string>([...key, ...insertOnly]);
  const set = namesOf(table, first).filter((name) => !kept.has(name));
  const target = sql.join([sql`company_id`, ...key.map((name) => identifier(table, name))], sql`, `);
  const assignments = set.map((name) => sql`${identifier(table, name)} = excluded.${identifier(table, name)}`);
  const action = set.length === 0 ? sql`nothing` : sql`update set ${sql.join(assignments, sql`, `)}`;
  await ctx.tx.execute(sql`${insertion(ctx, table, rows)} on conflict (${target}) do ${action}`);
}

/** Deletes the rows with these keys. */
export async function deleteAll<T extends TenantTable, Key extends ColumnOf<T>>(
  ctx: Ctx,
  table: T,
  key: readonly Key[],
  rows: readonly Pick<RowOf<T>, Key>[],
): Promise<void> {
  if (rows.length === 0) return;
  const matches = key.map((name) => sql`${column(table, name)} = given.${identifier(table, name)}`);
  await ctx.tx.execute(
    sql`delete from ${table} using ${recordset(table, key, rows)}
      where ${table.companyId} = ${ctx.companyId} and ${sql.join(matches, sql` and `)}`,
  );
}

/** Rows as a table `given` inside a statement, with the names and types of these columns of `table`. */
export const recordset = <T extends TenantTable>(table: T, names: readonly string[], rows: readonly unknown[]): SQL =>
  recordsetAs(table, names, (name) => column(table, name).name, rows);

function recordsetAs(
  table: PgTable,
  names: readonly string[],
  aliasOf: (name: string, at: number) => string,
  rows: readonly unknown[],
): SQL {
  const aliases = names.map((name, at) => [name, aliasOf(name, at)] as const);
  // The type may hold a collation, which a column definition may have as well.
  const columns = aliases.map(
    ([name, alias]) => sql`${sql.identifier(alias)} ${sql.raw(column(table, name).getSQLType())}`,
  );
  const renamed = rows.map((row) => renamedRow(aliases, row as Record<string, unknown>));
  return sql`json_to_recordset(${JSON.stringify(renamed)}::text::json) as given(${sql.join(columns, sql`, `)})`;
}

/** Every row names all its columns: short names are half of what is sent and read. */
const shortName = (_name: string, at: number) => `c${at.toString(36)}`;

function insertion<T extends TenantTable>(ctx: Ctx, table: T, rows: readonly RowOf<T>[]): SQL {
  const names = namesOf(table, rows[0] ?? {});
  const columns = sql.join(
    names.map((name) => identifier(table, name)),
    sql`, `,
  );
  const given = sql.raw(names.map(shortName).join(', '));
  return sql`insert into ${table} (company_id, ${columns})
    select ${ctx.companyId}, ${given} from ${recordsetAs(table, names, shortName, rows)}`;
}

function column(table: PgTable, name: string): PgColumn {
  const found = getTableColumns(table)[name];
  if (!found) throw new Error(`There is no column ${name}`);
  return found;
}

const identifier = (table: PgTable, name: string) => sql.identifier(column(table, name).name);

const namesOf = (table: PgTable, row: object) => {
  const known = getTableColumns(table);
  return Object.keys(row).filter((name) => name !== 'companyId' && Object.hasOwn(known, name));
};

/**
 * A row by other names, without what is null: what is not there is read as null. Thousands are made at once: a loop, and no
 * replacer in `JSON.stringify`.
 */
function renamedRow(
  aliases: readonly (readonly [string, string])[],
  row: Record<string, unknown>,
): Record<string, unknown> {
  const renamed: Record<string, unknown> = {};
  for (const [name, alias] of aliases) {
    const value = row[name];
    if (value !== null) renamed[alias] = typeof value === 'bigint' ? value.toString() : value;
  }
  return renamed;
}

/** A list as the text form of an array: one parameter, which is cast where it stands. */
const textArray = (values: Iterable<string>): string =>
  `{${[...values].map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;

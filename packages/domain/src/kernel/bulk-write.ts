import { getTableColumns, getTableName, type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { Ctx } from './ctx.ts';
import { parameters, runText, type TextStatement } from './text-statement.ts';

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
  await write(ctx, table, rows, '', () => '');
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
  const kept = new Set<string>([...key, ...insertOnly]);
  await write(ctx, table, rows, `${key.join()} ${insertOnly.join()}`, (names) => {
    const target = ['company_id', ...key.map((name) => quoted(table, name))].join(', ');
    const set = names.filter((name) => !kept.has(name)).map((name) => quoted(table, name));
    const assignments = set.map((column) => `${column} = excluded.${column}`).join(', ');
    return ` on conflict (${target}) do ${set.length === 0 ? 'nothing' : `update set ${assignments}`}`;
  });
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
  return sql`json_to_recordset(${asJson(aliases, rows)}::text::json) as given(${sql.raw(definitionsOf(table, aliases))})`;
}

type Alias = readonly [name: string, alias: string];

/** The type may hold a collation, which a column definition may have as well. */
const definitionsOf = (table: PgTable, aliases: readonly Alias[]): string =>
  aliases.map(([name, alias]) => `"${alias}" ${column(table, name).getSQLType()}`).join(', ');

const asJson = (aliases: readonly Alias[], rows: readonly unknown[]): string =>
  JSON.stringify(rows.map((row) => renamedRow(aliases, row as Record<string, unknown>)));

/** An insertion of rows with these columns, as text: to build it takes as long as to run it for a few rows. */
interface Insertion {
  readonly aliases: readonly Alias[];
  readonly statement: TextStatement<'companyId' | 'rows'>;
}

/** There are as many as this code has calls with rows of different columns. */
const insertions = new WeakMap<PgTable, Map<string, Insertion>>();

/** `key` tells the endings `onConflict` gives for one table apart. */
async function write<T extends TenantTable>(
  ctx: Ctx,
  table: T,
  rows: readonly RowOf<T>[],
  key: string,
  onConflict: (names: readonly string[]) => string,
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const ofTable = insertions.get(table) ?? new Map<string, Insertion>();
  insertions.set(table, ofTable);
  const names = namesOf(table, first);
  const place = `${names.join()} ${key}`;
  const known = ofTable.get(place) ?? insertionOf(table, names, onConflict(names));
  ofTable.set(place, known);
  await runText(ctx, known.statement, { companyId: ctx.companyId, rows: asJson(known.aliases, rows) });
}

function insertionOf(table: PgTable, names: readonly string[], onConflict: string): Insertion {
  // Every row names all its columns: short names are half of what is sent and read.
  const aliases = names.map((name, at): Alias => [name, `c${at.toString(36)}`]);
  const { of, names: given } = parameters<'companyId' | 'rows'>();
  const text = `insert into "${getTableName(table)}" (company_id, ${names.map((name) => quoted(table, name)).join(', ')})
    select ${of('companyId')}, ${aliases.map(([, alias]) => alias).join(', ')}
    from json_to_recordset(${of('rows')}::text::json) as given(${definitionsOf(table, aliases)})${onConflict}`;
  return { aliases, statement: { text, names: given } };
}

const quoted = (table: PgTable, name: string) => `"${column(table, name).name}"`;

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
function renamedRow(aliases: readonly Alias[], row: Record<string, unknown>): Record<string, unknown> {
  const renamed: Record<string, unknown> = {};
  for (const [name, alias] of aliases) {
    const value = row[name];
    if (value !== null) renamed[alias] = typeof value === 'bigint' ? value.toString() : value;
  }
  return renamed;
}

/** A list as the text form of an array: one parameter, which is cast where it stands. */
export const textArray = (values: Iterable<string>): string =>
  `{${[...values].map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;

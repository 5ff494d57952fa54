import type { PgPreparedQuery, PreparedQueryConfig } from 'drizzle-orm/pg-core';
import { drizzle } from 'drizzle-orm/postgres-js';
import type { Tx } from './ctx.ts';

type Prepared<Row> = PgPreparedQuery<PreparedQueryConfig & { execute: Row }>;

/**
 * A query built once per process and run with other values many times: building the query object costs more than
 * sending it. Values stand as `sql.placeholder('name')`.
 */
export function statement<Rows, Values extends Record<string, unknown>>(
  build: (db: Tx) => { prepare(name: string): Prepared<Rows> },
): (ctx: { tx: Tx }, values: Values) => Promise<Rows> {
  let prepared: Prepared<Rows> | undefined;
  return (ctx, values) => {
    prepared ??= build(drizzle.mock() as unknown as Tx).prepare('statement');
    // The compiled query knows the client it was built on; here it borrows the one of this unit of work.
    const { client } = (ctx.tx as unknown as { session: { client: unknown } }).session;
    const bound = Object.create(prepared, { client: { value: client } }) as Prepared<Rows>;
    return bound.execute(values);
  };
}

import type postgres from 'postgres';

/** Commands since `pg_stat_statements_reset()`, without those that begin and end a transaction and what runs by itself. */
export async function statementsSinceReset(admin: postgres.Sql): Promise<number> {
  const [row] = await admin<{ calls: number }[]>`select sum(calls)::int as calls from pg_stat_statements
    where query !~* '^(begin|commit|set|rollback|select pg_stat_statements|select company_id as id, version)'
      and query !~* 'api_key_uses'`;
  return row?.calls ?? Number.NaN;
}

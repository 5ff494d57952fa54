import { migrateDatabase } from '@souk/domain/kernel/migrations';
import { runMigrations } from 'bullmq';
import pg from 'pg';

/** Where BullMQ's tables and the limiter's live when there is no Redis. No tenant data: ids, times and counters only. */
export const QUEUE_SCHEMA = 'queue';
const MIGRATION_LOCK = 5_316_803;
/** The limiter's table, with the columns rate-limiter-flexible expects of one it did not make itself. */
export const LIMITER_TABLE = 'rate_limits';

export interface MigrationOptions {
  /** `DATABASE_MIGRATE_URL`: a role that may become souk_owner. */
  url: string;
  /** The `drizzle/` folder. */
  folder: string;
}

/** Everything a database needs before a process may start: tables and walls, then the queue's schema. Safe to repeat. */
export async function migrate({ url, folder }: MigrationOptions): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`select pg_advisory_lock(${MIGRATION_LOCK})`); // two at once take turns, grants and all
    await migrateDatabase({ url, folder });
    await client.query('set role souk_owner');
    await runMigrations(client, QUEUE_SCHEMA);
    for (const statement of limiterAndRights()) await client.query(statement);
  } finally {
    await client.end();
  }
}

function limiterAndRights(): string[] {
  const roles = 'souk_app, souk_relay';
  return [
    `create table if not exists ${QUEUE_SCHEMA}.${LIMITER_TABLE}
      (key varchar(255) primary key, points integer not null default 0, expire bigint)`,
    `grant usage on schema ${QUEUE_SCHEMA} to ${roles}`,
    `grant select, insert, update, delete on all tables in schema ${QUEUE_SCHEMA} to ${roles}`,
    `grant usage, select, update on all sequences in schema ${QUEUE_SCHEMA} to ${roles}`,
    `grant execute on all functions in schema ${QUEUE_SCHEMA} to ${roles}`,
  ];
}

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import type { RunUnscoped } from './ctx.ts';

/** One migration at a time in a database, whoever starts it. */
const MIGRATION_LOCK = 5_316_801;

/**
 * Brings a database to the present schema: the generated migrations in order, then `walls.sql` (forced row security,
 * rights of the roles), which may run any number of times. Tables belong to `souk_owner`, a role nobody logs in as.
 */
export async function migrateDatabase({ url, folder }: { url: string; folder: string }): Promise<void> {
  const client = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await client.unsafe(`select pg_advisory_lock(${MIGRATION_LOCK})`);
    await client.unsafe('set role souk_owner');
    await migrate(drizzle(client), { migrationsFolder: folder, migrationsSchema: 'drizzle' });
    await client.unsafe(await readFile(path.join(folder, 'walls.sql'), 'utf8'));
  } finally {
    await client.end({ timeout: 5 });
  }
}

/** The names of the migrations a folder holds, oldest first. */
export async function knownMigrations(folder: string): Promise<{ tag: string; when: number }[]> {
  const journal: { entries: { tag: string; when: number }[] } = JSON.parse(
    await readFile(path.join(folder, 'meta', '_journal.json'), 'utf8'),
  );
  return journal.entries;
}

/** The names of the migrations a folder holds and the database does not have yet, oldest first. */
export async function pendingMigrations(unscoped: RunUnscoped, folder: string): Promise<string[]> {
  const known = await knownMigrations(folder);
  const [applied] = await unscoped((tx) =>
    tx.execute<{ newest: string | null }>(
      sql`select max(created_at)::text as newest from drizzle.__drizzle_migrations`,
    ),
  );
  return known.filter(({ when }) => when > Number(applied?.newest ?? 0)).map(({ tag }) => tag);
}

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import type { RunUnscoped } from './ctx.ts';
import { isWorthRetrying, postgresErrorOf } from './postgres-error.ts';

/** One migration at a time in a database, whoever starts it. */
const MIGRATION_LOCK = 5_316_801;

/**
 * Whoever changes a table in use waits for those who use it, and everybody else waits behind. So it waits for less than
 * they do (`roles.ts`), lets go, and tries again; as it does when it and a request wait for each other.
 */
const LOCK_TIMEOUT_MS = 1_000;
const TRIES_MAX = 30;
const AGAIN_AFTER_MS = 500;
const LOCK_NOT_AVAILABLE = '55P03'; // PostgreSQL manual, appendix A

/**
 * Brings a database to the present schema: the generated migrations in order, then `walls.sql` (forced row security,
 * rights of the roles), which may run any number of times. Tables belong to `souk_owner`, a role nobody logs in as. The
 * migrations that are missing are one transaction, and may run while requests are served.
 */
export async function migrateDatabase({ url, folder }: { url: string; folder: string }): Promise<void> {
  const client = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await client.unsafe(`select pg_advisory_lock(${MIGRATION_LOCK})`);
    await client.unsafe(`set role souk_owner; set lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await persistently(() => migrate(drizzle(client), { migrationsFolder: folder, migrationsSchema: 'drizzle' }));
    await client.unsafe(await readFile(path.join(folder, 'walls.sql'), 'utf8'));
  } finally {
    await client.end({ timeout: 5 });
  }
}

async function persistently(work: () => Promise<void>): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      const isInUse = isWorthRetrying(error) || postgresErrorOf(error)?.code === LOCK_NOT_AVAILABLE;
      if (!isInUse || tried === TRIES_MAX) throw error;
      await pause(AGAIN_AFTER_MS);
    }
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

import pg from 'pg';
import { QUEUE_SCHEMA } from './migrate.ts';

const CONNECT_TIMEOUT_MS = 5_000;

/** The queue cannot work with the database it was given. */
export class QueueUnfit extends Error {
  constructor(reason: string, cause?: unknown) {
    super(
      `The queue cannot be used: ${reason}. It is in PostgreSQL, because REDIS_URL is not set, and goes to ` +
        'DATABASE_QUEUE_URL or, without that, to DATABASE_URL. It needs PostgreSQL itself: PgBouncer and other ' +
        'connection poolers do not carry what it needs (LISTEN, settings of a session). Set DATABASE_QUEUE_URL to a ' +
        'direct connection as souk_app, or set REDIS_URL.',
      { cause },
    );
    this.name = 'QueueUnfit';
  }
}

/** The queue's tables are missing, or of another version than this code. */
export class QueueOutdated extends Error {
  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `The queue in PostgreSQL cannot be used. Run \`souk migrate\` with DATABASE_MIGRATE_URL, then start again. ` +
        `What was found: ${reason}`,
      { cause },
    );
    this.name = 'QueueOutdated';
  }
}

/**
 * Throws `QueueUnfit` unless sessions of one's own can be had at this URL, as BullMQ opens them. A pooler that hands out
 * sessions by the transaction is seen at the start, by what it refuses, drops or shares, and not by a queue that stays dumb.
 */
export async function refuseUnfitQueue(databaseUrl: string): Promise<void> {
  const clients = [clientOf(databaseUrl), clientOf(databaseUrl)];
  try {
    const backends: unknown[] = [];
    for (const client of clients) backends.push(await backendOf(client));
    if (new Set(backends).size < clients.length)
      throw new QueueUnfit('two connections share one session of PostgreSQL');
  } catch (error) {
    if (error instanceof QueueUnfit) throw error;
    throw new QueueUnfit(error instanceof Error ? error.message : String(error), error);
  } finally {
    await Promise.allSettled(clients.map((client) => client.end()));
  }
}

function clientOf(connectionString: string): pg.Client {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'souk-queue-check',
    options: `-c search_path=${QUEUE_SCHEMA}`,
  });
  client.on('error', () => undefined); // a connection that breaks is told to whoever queries; without this it ends the process
  return client;
}

async function backendOf(client: pg.Client): Promise<unknown> {
  await client.connect();
  const { rows } = await client.query<{ path: string; backend: number }>(
    "select current_setting('search_path') as path, pg_backend_pid() as backend",
  );
  if (rows[0]?.path !== QUEUE_SCHEMA) throw new QueueUnfit('a setting of the connection did not reach PostgreSQL');
  return rows[0].backend;
}

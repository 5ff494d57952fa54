import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type RunningPostgres, startPostgres } from '@souk/local/postgres';
import postgres from 'postgres';
import { openDatabase } from '../kernel/database.ts';
import { prepareRoles } from '../kernel/roles.ts';
import { useMasterKeys } from '../kernel/sealing.ts';
import type { TestDatabase } from './database.ts';

/** Nothing waits for the disk, but what is committed is in the system's hands: a server that is killed loses nothing of it. */
const SETTINGS = { fsync: 'off', full_page_writes: 'off' };
const DATABASE = 'souk';
const GONE_LOOK_MS = 10;
const GONE_WITHIN_MS = 10_000;

/** A PostgreSQL server of one test file, with a migrated database in it, for tests that end the server. */
export interface OwnPostgres {
  readonly db: TestDatabase;
  readonly port: number;
  /** Stops it at once, as a crash does: sessions are cut, nothing is written back. Resolves when it is gone. */
  crash(): Promise<void>;
  /** Starts it again at its port. Resolves when it takes connections. */
  start(): Promise<void>;
  destroy(): Promise<void>;
}

/** Starts a server and makes its roles and database. `migrate` gets the URL of the role that migrates. */
export async function startOwnPostgres(migrate: (url: string) => Promise<void>): Promise<OwnPostgres> {
  useMasterKeys(new Map([['test', Buffer.alloc(32, 7)]]));
  const dataDir = await mkdtemp(path.join(tmpdir(), 'souk-own-postgres-'));
  const first = await startPostgres({ dataDir, settings: SETTINGS, isThrowaway: true });
  const urls = urlsOf(first.adminUrl);
  await prepareRoles(first.adminUrl, urls);
  await migrate(urls.migrate);
  const db: TestDatabase = {
    urls,
    committed: [],
    app: openDatabase({ url: urls.app, size: 8 }),
    relay: openDatabase({ url: urls.relay, size: 2 }),
    admin: postgres(urls.admin, { max: 4, onnotice: () => undefined }),
  };
  let current = first;
  return {
    db,
    port: first.port,
    crash: () => crash(current),
    async start() {
      current = await startPostgres({ dataDir, settings: SETTINGS });
      if (current.port !== first.port)
        throw new Error(`PostgreSQL came back at port ${current.port}: somebody took ${first.port}. Run it again.`);
    },
    async destroy() {
      await Promise.all([db.app.close(), db.relay.close(), db.admin.end({ timeout: 1 })]);
      await current.stop();
      await first.destroy();
    },
  };
}

function urlsOf(adminUrl: string): TestDatabase['urls'] {
  const password = randomBytes(16).toString('hex');
  const urlOf = (role?: string) => {
    const url = new URL(adminUrl);
    url.pathname = `/${DATABASE}`;
    if (role) Object.assign(url, { username: role, password });
    return url.href;
  };
  return { app: urlOf('souk_app'), relay: urlOf('souk_relay'), migrate: urlOf('souk_migrate'), admin: urlOf() };
}

async function crash(server: RunningPostgres): Promise<void> {
  const pid = Number.parseInt(await readFile(path.join(server.home, 'cluster', 'postmaster.pid'), 'utf8'), 10);
  process.kill(pid, 'SIGQUIT'); // PostgreSQL's "immediate" shutdown
  for (let waited = 0; isThere(pid); waited += GONE_LOOK_MS) {
    if (waited > GONE_WITHIN_MS) throw new Error(`PostgreSQL (pid ${pid}) does not end.`);
    await pause(GONE_LOOK_MS);
  }
  await server.stop(); // lets go of what watches over it
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

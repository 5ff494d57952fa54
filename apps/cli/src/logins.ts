import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';

const LOCK_POLL_MS = 50;
/** The lock is held over one request at most, which is given up before (`PATIENCE_MS` of credentials.ts). */
const LOCK_STALE_MS = 30_000;

const login = z.object({
  company: z.string(),
  email: z.string(),
  accessToken: z.string(),
  refreshToken: z.string(),
  /** Of the access token; milliseconds since 1970. */
  expiresAt: z.number(),
});
export type Login = z.infer<typeof login>;
const kept = z.object({
  /** By the address of the admin API. */
  logins: z.record(z.string(), login).default({}),
  /** What `souk listen` signs with, by the same. */
  listenSecrets: z.record(z.string(), z.string()).default({}),
});
type Kept = z.infer<typeof kept>;

/** The folder of what the command keeps for its user: SOUK_CONFIG_DIR, else where the system wants such things. */
export function configDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env['SOUK_CONFIG_DIR']) return env['SOUK_CONFIG_DIR'];
  const home =
    env['XDG_CONFIG_HOME'] || (process.platform === 'win32' && env['APPDATA']) || path.join(homedir(), '.config');
  return path.join(home, 'souk');
}

export const readLogin = (url: string): Login | undefined => readKept().logins[url];

export const saveLogin = (url: string, login: Login): Promise<void> => locked(async () => put(url, login));

/** Whether there was one. */
export const forgetLogin = (url: string): Promise<boolean> => locked(async () => drop(url));

/**
 * Exchanges the login that is kept now for what `exchange` makes of it, undefined: nothing that is good any more. No other
 * command reads or writes in between: two that renewed the same login would end it.
 */
export const exchangeLogin = (
  url: string,
  exchange: (kept: Login | undefined) => Promise<Login | undefined>,
): Promise<Login | undefined> =>
  locked(async () => {
    const before = readLogin(url);
    const after = await exchange(before);
    if (after === undefined) drop(url);
    else if (after !== before) put(url, after);
    return after;
  });

/** The secret for this address, made by `make` the first time. */
export const listenSecret = (url: string, make: () => string): Promise<string> =>
  locked(async () => {
    const all = readKept();
    const known = all.listenSecrets[url];
    if (known !== undefined) return known;
    const secret = make();
    write({ ...all, listenSecrets: { ...all.listenSecrets, [url]: secret } });
    return secret;
  });

function put(url: string, login: Login): void {
  const all = readKept();
  write({ ...all, logins: { ...all.logins, [url]: login } });
}

function drop(url: string): boolean {
  const all = readKept();
  const { [url]: gone, ...logins } = all.logins;
  if (gone) write({ ...all, logins });
  return gone !== undefined;
}

/** One command of this machine at a time; one that died holding the lock is passed over. */
async function locked<T>(work: () => Promise<T>): Promise<T> {
  mkdirSync(configDir(), { recursive: true, mode: 0o700 });
  const lock = `${fileIn(configDir())}.lock`;
  while (!tookLock(lock)) await setTimeout(LOCK_POLL_MS);
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function tookLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  try {
    const isLate = Date.now() - statSync(lock).mtimeMs > LOCK_STALE_MS;
    if (isLate || isGone(Number(readFileSync(lock, 'utf8')))) rmSync(lock, { force: true });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error; // freed meanwhile
  }
  return false;
}

/** Whether no process has this number; 0 is none: the lock is just being written. */
function isGone(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0); // asks, and does nothing
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : undefined);

const fileIn = (folder: string) => path.join(folder, 'souk.json');

function readKept(): Kept {
  const file = fileIn(configDir());
  try {
    return kept.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return kept.parse({});
    throw new Error(`${file} cannot be read. Delete it and log in again: souk login.`, { cause: error });
  }
}

function write(all: Kept): void {
  const folder = configDir();
  const unfinished = `${fileIn(folder)}.${process.pid}.new`;
  // It opens the shop, so it is for its owner only; whole or not at all.
  writeFileSync(unfinished, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 });
  renameSync(unfinished, fileIn(folder));
}

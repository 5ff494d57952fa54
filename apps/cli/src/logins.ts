import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';

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

export function saveLogin(url: string, login: Login): void {
  const all = readKept();
  write({ ...all, logins: { ...all.logins, [url]: login } });
}

/** Whether there was one. */
export function forgetLogin(url: string): boolean {
  const all = readKept();
  const { [url]: gone, ...logins } = all.logins;
  if (gone) write({ ...all, logins });
  return gone !== undefined;
}

/** The secret for this address, made by `make` the first time. */
export function listenSecret(url: string, make: () => string): string {
  const all = readKept();
  const known = all.listenSecrets[url];
  if (known !== undefined) return known;
  const secret = make();
  write({ ...all, listenSecrets: { ...all.listenSecrets, [url]: secret } });
  return secret;
}

const fileIn = (folder: string) => path.join(folder, 'souk.json');

function readKept(): Kept {
  const file = fileIn(configDir());
  try {
    return kept.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return kept.parse({});
    throw new Error(`${file} cannot be read. Delete it and log in again: souk login.`, { cause: error });
  }
}

function write(all: Kept): void {
  const folder = configDir();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const unfinished = `${fileIn(folder)}.${process.pid}.new`;
  // It opens the shop, so it is for its owner only; whole or not at all.
  writeFileSync(unfinished, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 });
  renameSync(unfinished, fileIn(folder));
}

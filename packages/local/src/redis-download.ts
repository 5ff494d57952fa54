import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isExecutable, runCommand } from './command.ts';
import { type RedisProgram, redisVersion } from './redis-program.ts';

/** Tried in this order: the package's name, the program inside it. */
const CANDIDATES = [
  { name: 'redis-server', program: 'redis-server' },
  { name: 'valkey-server', program: 'valkey-server' },
];
/** Of what the server depends on, only these can be part of a running program; the rest is for a system service. */
const PART_OF_PROGRAM = /^(lib|lua-|redis|valkey)/;
/** The system's own loader and C library must never be replaced by a copy. */
const NEVER_COPIED = /^(libc6|libc-bin|libgcc-s1|libcrypt1|libpam.*)$/;
const UPDATE_TIMEOUT_MS = 180_000;
const DOWNLOAD_TIMEOUT_MS = 180_000;
const QUERY_TIMEOUT_MS = 30_000;

/**
 * Unpacks the system's Redis (or Valkey) package and the libraries it lacks into a folder of its own: nothing is
 * installed, no service is started, root is not needed. Debian and Ubuntu only. The second time it is there already.
 *
 * @param cacheDir made when missing; holds `redis/` afterwards
 * @returns the program, or the reason why there is none
 */
export async function fetchRedis(
  cacheDir: string,
  say: (line: string) => void,
): Promise<RedisProgram | { reason: string }> {
  const unpacked = resolve(cacheDir, 'redis');
  const kept = await programIn(unpacked);
  if (kept) return kept;
  for (const tool of ['apt-get', 'apt-cache', 'dpkg-deb']) {
    if ((await runCommand(tool, ['--version'])).code !== 0) {
      return {
        reason: `this is not Debian or Ubuntu (no ${tool}), so none can be fetched: install one, or set REDIS_URL`,
      };
    }
  }
  const work = resolve(cacheDir, 'redis.new');
  await rm(work, { recursive: true, force: true });
  try {
    const apt = await privateApt(work);
    say('Fetching the list of packages (about 10 MB)');
    const update = await apt.run('apt-get', ['update'], UPDATE_TIMEOUT_MS);
    return await unpackFirst(apt, { work, unpacked, update: update.output, say });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface PrivateApt {
  run(tool: 'apt-get' | 'apt-cache', args: string[], timeoutMs: number, cwd?: string): ReturnType<typeof runCommand>;
}

/** apt with the system's sources and proxies, and a state and a cache of its own. */
async function privateApt(work: string): Promise<PrivateApt> {
  const state = join(work, 'state');
  const cache = join(work, 'cache');
  await mkdir(join(state, 'lists', 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
  const settings = [
    `Dir::State=${state}`,
    `Dir::State::lists=${join(state, 'lists')}`,
    'Dir::State::status=/var/lib/dpkg/status',
    `Dir::Cache=${cache}`,
    'Acquire::Languages=none',
    'Acquire::Retries=2',
    // As root, apt would download under an account that cannot enter our folder.
    ...(process.getuid?.() === 0 ? ['APT::Sandbox::User=root'] : []),
  ];
  const options = ['-q', ...settings.flatMap((setting) => ['-o', setting])];
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  return {
    run: (tool, args, timeoutMs, cwd = work) => runCommand(tool, [...options, ...args], { cwd, env, timeoutMs }),
  };
}

async function unpackFirst(
  apt: PrivateApt,
  place: { work: string; unpacked: string; update: string; say: (line: string) => void },
): Promise<RedisProgram | { reason: string }> {
  // `update` also fails when only some unrelated source cannot be reached; what counts is whether the package is known.
  const failures: string[] = [];
  for (const { name } of CANDIDATES) {
    const packages = await packagesFor(apt, name);
    if (packages.length === 0) continue;
    place.say(`Downloading ${packages.join(', ')}`);
    const failure = await unpack(apt, place.work, packages);
    const root = join(place.work, 'root');
    if (failure ?? !(await programIn(root))) {
      failures.push(`${name}: ${failure ?? 'it does not run here'}`);
      continue;
    }
    await rm(place.unpacked, { recursive: true, force: true });
    await rename(root, place.unpacked);
    const program = await programIn(place.unpacked);
    if (program) return program;
  }
  if (failures.length > 0)
    return { reason: `fetching one failed: ${failures.join('; ')}. Install one, or set REDIS_URL` };
  const names = CANDIDATES.map((one) => one.name).join(' or ');
  return {
    reason: `the package archive offers no ${names}: ${lastLines(place.update)}. Install one, or set REDIS_URL`,
  };
}

/** The package and, of what it depends on, what belongs to the program and is not installed already. */
async function packagesFor(apt: PrivateApt, name: string): Promise<string[]> {
  const wanted = new Set<string>();
  const queue = [name];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (wanted.has(next)) continue;
    const listed = await apt.run('apt-cache', ['depends', '--important', next], QUERY_TIMEOUT_MS);
    const candidate = await apt.run('apt-cache', ['policy', next], QUERY_TIMEOUT_MS);
    if (listed.code !== 0 || !/Candidate: (?!\(none\))\S/.test(candidate.output)) continue;
    wanted.add(next);
    for (const [, found] of listed.output.matchAll(/^\s*\|?(?:Pre)?Depends: ([\w.+-]+)(?::\w+)?\s*$/gm)) {
      if (!found || !PART_OF_PROGRAM.test(found) || NEVER_COPIED.test(found) || (await isInstalled(found))) continue;
      queue.push(found);
    }
  }
  return [...wanted];
}

async function isInstalled(name: string): Promise<boolean> {
  const asked = await runCommand('dpkg-query', ['-W', '-f', '${db:Status-Status} ', name], {
    timeoutMs: QUERY_TIMEOUT_MS,
  });
  return asked.code === 0 && /\binstalled\b/.test(asked.output) && !/not-installed/.test(asked.output);
}

/** Answers what went wrong, or undefined. */
async function unpack(apt: PrivateApt, work: string, packages: string[]): Promise<string | undefined> {
  const downloads = join(work, 'packages');
  const root = join(work, 'root');
  await rm(downloads, { recursive: true, force: true });
  await rm(root, { recursive: true, force: true });
  await mkdir(downloads);
  const download = await apt.run('apt-get', ['download', ...packages], DOWNLOAD_TIMEOUT_MS, downloads);
  if (download.code !== 0) return lastLines(download.output);
  for (const file of await readdir(downloads)) {
    const result = await runCommand('dpkg-deb', ['-x', join(downloads, file), root]);
    if (result.code !== 0) return lastLines(result.output);
  }
  return undefined;
}

async function programIn(root: string): Promise<RedisProgram | undefined> {
  for (const { program } of CANDIDATES) {
    const command = join(root, 'usr', 'bin', program);
    if (!(await isExecutable(command))) continue;
    const env = { ...process.env, LD_LIBRARY_PATH: (await libraryFolders(root)).join(':') };
    const version = await redisVersion(command, env);
    if (version.usable)
      return { command, env, source: `a private copy of ${program} ${version.text} from the package archive` };
  }
  return undefined;
}

/** `usr/lib/x86_64-linux-gnu` and its kin: the name depends on the processor. */
async function libraryFolders(root: string): Promise<string[]> {
  const folders: string[] = [];
  for (const lib of [join(root, 'usr', 'lib'), join(root, 'lib')]) {
    const entries = await readdir(lib, { withFileTypes: true }).catch(() => []);
    folders.push(lib, ...entries.filter((one) => one.isDirectory()).map((one) => join(lib, one.name)));
  }
  return folders;
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' / ') || 'no output';
}

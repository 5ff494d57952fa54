import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandsOnPath } from './command.ts';
import { leash } from './leash.ts';
import { freePort } from './ports.ts';
import { fetchRedis } from './redis-download.ts';
import { type RedisProgram, redisVersion } from './redis-program.ts';

const LOOPBACK = '127.0.0.1';
const PROGRAMS = ['redis-server', 'valkey-server'];
const START_TRIES = 5;
const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 5_000;
const POLL_MS = 25;

export interface RedisOptions {
  /** Fetch a private Redis from the system's package archive when none is found (Debian and Ubuntu). */
  fetch?: boolean;
  /** Where a fetched Redis is kept for the next time. Needed with `fetch`. */
  cacheDir?: string;
  /** Told, in a sentence, about every step that takes noticeable time. */
  say?: (line: string) => void;
  /** The environment in which REDIS_URL and PATH are looked up; the process's own by default. */
  env?: NodeJS.ProcessEnv;
}

export type RedisSearch =
  | {
      found: true;
      url: string;
      /** For people: where this Redis comes from. */
      source: string;
      /** Ends it if it was started here; a server named by REDIS_URL is left alone. */
      stop(): Promise<void>;
    }
  | {
      found: false;
      /** For people: what was looked for, and how to have one. */
      reason: string;
    };

/**
 * Finds a Redis, in this order: REDIS_URL; `redis-server` or `valkey-server` on the PATH, started as a private
 * instance that keeps nothing on disk; with `fetch`, the same from a private copy of the system's own package.
 * Finding none is an answer, not an error: everything works without Redis.
 *
 * @throws when a program was found but does not start, or a fetch was asked for and failed
 */
export async function findRedis(options: RedisOptions = {}): Promise<RedisSearch> {
  const env = options.env ?? process.env;
  const url = env['REDIS_URL'];
  if (url) return { found: true, url, source: 'REDIS_URL', stop: async () => {} };

  const { program, refusals } = await programOnPath(env);
  if (program) return await startRedis(program);
  const none = [
    'REDIS_URL is not set',
    ...(refusals.length > 0 ? refusals : ['no redis-server or valkey-server on the PATH']),
  ];
  if (!options.fetch) return { found: false, reason: `${none.join(', ')}. ${hint()}` };

  if (!options.cacheDir) throw new Error('findRedis: fetch needs a cacheDir.');
  const fetched = await fetchRedis(options.cacheDir, options.say ?? (() => {}));
  if ('reason' in fetched) return { found: false, reason: `${none.join(', ')}, and ${fetched.reason}` };
  return await startRedis(fetched);
}

function hint(): string {
  if (process.platform === 'darwin') return 'To have one: brew install valkey.';
  return 'To have one: install redis-server or valkey, or set REDIS_URL.';
}

async function programOnPath(env: NodeJS.ProcessEnv): Promise<{ program?: RedisProgram; refusals: string[] }> {
  const refusals: string[] = [];
  for (const name of PROGRAMS) {
    for (const command of await commandsOnPath(name, env)) {
      const version = await redisVersion(command, env);
      if (version.usable) return { program: { command, env, source: `${command} (${version.text})` }, refusals };
      refusals.push(`${command} is not usable (${version.text})`);
    }
  }
  return { refusals };
}

async function startRedis(program: RedisProgram): Promise<RedisSearch> {
  const password = randomBytes(18).toString('base64url');
  let said = '';
  for (let attempt = 1; attempt <= START_TRIES; attempt += 1) {
    const port = await freePort();
    const server = serve(program, port, password);
    if (await answers(server.child, port, password)) {
      const guard = leash('kill -TERM "$1"', [String(server.child.pid)]);
      const stop = () => endRedis(server.child).finally(() => guard.release());
      return { found: true, url: `redis://:${password}@${LOOPBACK}:${port}`, source: program.source, stop };
    }
    await endRedis(server.child);
    said = server.said();
    if (!/already in use/i.test(said)) break;
  }
  throw new Error(
    `${program.command} did not start. It said:\n${said.trim().replace(/^/gm, '    ')}\n` +
      'Set REDIS_URL to use another one, or take it off the PATH to go without Redis.',
  );
}

function serve(program: RedisProgram, port: number, password: string): { child: ChildProcess; said(): string } {
  const child = spawn(program.command, ['-'], {
    cwd: tmpdir(),
    env: program.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own: the terminal's Ctrl-C must not end it before the processes that use it.
    detached: true,
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-4_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.on('error', (error) => keep(Buffer.from(error.message)));
  child.stdin.on('error', () => {}); // It ended before it read its configuration; what it printed says why.
  // By standard input, so that the password is in no list of processes. Nothing is kept on disk, nothing is evicted.
  const lines = [`bind ${LOOPBACK}`, `port ${port}`, `requirepass ${password}`, 'save ""', 'appendonly no'];
  child.stdin.end(`${[...lines, 'maxmemory-policy noeviction', 'daemonize no'].join('\n')}\n`);
  return { child, said: () => output };
}

async function answers(child: ChildProcess, port: number, password: string): Promise<boolean> {
  for (let waited = 0; waited < START_TIMEOUT_MS; waited += POLL_MS) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return false;
    if (await ping(port, password)) return true;
    await sleep(POLL_MS);
  }
  return false;
}

function ping(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: LOOPBACK, port });
    let answer = '';
    const end = (alive: boolean): void => {
      socket.destroy();
      resolve(alive);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
    socket.on('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (answer.includes('+PONG')) end(true);
      // Somebody else's Redis on that port knows another password.
      else if (answer.startsWith('-') && !answer.startsWith('-LOADING')) end(false);
    });
  });
}

async function endRedis(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const patience = new AbortController();
  const forced = sleep(STOP_TIMEOUT_MS, undefined, { signal: patience.signal }).then(
    () => child.kill('SIGKILL'),
    () => false,
  );
  await ended;
  patience.abort();
  await forced;
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { leash } from '../leash.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', '..', '..');
/** As deep below the root as a built app is: code finds the migrations by counting up. */
const BUILDS = path.join(ROOT, '.data', 'crashing');
const READY_WITHIN_MS = 90_000;
const OUTPUT_KEPT = 2_000_000;

export type ProcessName = 'storefront' | 'admin' | 'worker';

/** How a process ended. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A process of the deployment, built as in production and started as there. */
export interface Running {
  readonly url: string;
  readonly pid: number;
  /** What it wrote, the last two million characters of it. */
  output(): string;
  /** Resolves with the signal it ended by; null: it ended by itself. */
  readonly ended: Promise<NodeJS.Signals | null>;
  /** Undefined: it runs. */
  ending(): Ending | undefined;
  /** Sends a signal and resolves when it has ended. */
  end(signal: NodeJS.Signals): Promise<Ending>;
  /** Ends it at once, if it has not ended. */
  stop(): Promise<void>;
}

export interface Builds {
  readonly folder: string;
  remove(): Promise<void>;
}

/** Builds the three processes. `main`: the file of each app that is begun with. */
export async function buildProcesses(main: 'src/main.ts' | 'src/testing/crashing-main.ts'): Promise<Builds> {
  mkdirSync(BUILDS, { recursive: true });
  const folder = await mkdtemp(path.join(BUILDS, 'build-'));
  const command = path.join(ROOT, 'node_modules', '.bin', 'rolldown');
  const env = { PATH: process.env['PATH'], CRASHING_DIR: folder, CRASHING_MAIN: main };
  const built = spawnSync(command, ['-c', 'rolldown.crashing.mjs'], { cwd: ROOT, encoding: 'utf8', env });
  const remove = () => rm(folder, { recursive: true, force: true });
  if (built.status === 0) return { folder, remove };
  await remove();
  throw new Error(`The processes could not be built: ${built.stdout}${built.stderr}`);
}

/** Starts a built process with these settings and nothing of ours. */
export function startProcess(folder: string, name: ProcessName, env: Record<string, string>): Running {
  const child = spawn(process.execPath, ['--enable-source-maps', path.join(folder, `${name}.js`)], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid === undefined) throw new Error(`The ${name} could not be started.`);
  let text = '';
  const keep = (chunk: Buffer) => {
    text = (text + chunk).slice(-OUTPUT_KEPT);
  };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', keep);
  // One that is started while a test that took too long is given up belongs to nobody.
  const guard = leash('kill -KILL "$1"', [String(child.pid)]);
  let ending: Ending | undefined;
  const exited = once(child, 'exit').then(([code, signal]): Ending => {
    guard.release();
    ending = { code, signal }; // what the event is documented to give
    return ending;
  });
  const port = name === 'worker' ? env['METRICS_PORT'] : (env['STOREFRONT_PORT'] ?? env['ADMIN_PORT']);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    output: () => text,
    ended: exited.then(({ signal }) => signal),
    ending: () => ending,
    async end(signal) {
      child.kill(signal);
      return exited;
    },
    stop: () => stop(child),
  };
}

/** Resolves when it is ready; a process that is to die may do so before anybody can ask it. */
export async function ready(
  { url, output, ending }: Running,
  name: ProcessName,
  withinMs = READY_WITHIN_MS,
): Promise<void> {
  const giveUp = Date.now() + withinMs;
  for (;;) {
    const over = ending();
    if (over?.signal === 'SIGKILL') return;
    if (over) throw new Error(`The ${name} did not start. It wrote:\n${output()}`);
    const isThere = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isThere) return;
    if (Date.now() > giveUp) throw new Error(`The ${name} is not ready. It wrote:\n${output()}`);
    await pause(50);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from './command.ts';

const FAST_STOP_MS = 30_000;
const IMMEDIATE_STOP_MS = 5_000;
const POLL_MS = 50;

/**
 * Ends a server that an earlier process left running on this cluster, and removes a pid file whose process is gone or
 * is somebody else by now. The pid alone is not believed: after a restart of the machine or of a container the same
 * number often names another program, which PostgreSQL itself would take for a running server.
 *
 * @returns true when a server was stopped
 * @throws when the server does not end
 */
export async function stopLeftover(cluster: string): Promise<boolean> {
  const pidFile = join(cluster, 'postmaster.pid');
  const text = await readFile(pidFile, 'utf8').catch(() => undefined);
  if (text === undefined) return false;
  const pid = Number.parseInt(text, 10);
  if (!(await isServerOf(pid, cluster))) {
    await rm(pidFile, { force: true });
    return false;
  }
  // SIGINT is PostgreSQL's "fast" shutdown: ends sessions, keeps the data whole. SIGQUIT leaves recovery to the start.
  for (const [signal, patienceMs] of [
    ['SIGINT', FAST_STOP_MS],
    ['SIGQUIT', IMMEDIATE_STOP_MS],
  ] as const) {
    signalTo(pid, signal);
    if (await hasEnded(pid, cluster, patienceMs)) return true;
  }
  throw new Error(
    `A PostgreSQL server (pid ${pid}) still runs on ${cluster} and does not stop. End it, then try again.`,
  );
}

async function hasEnded(pid: number, cluster: string, patienceMs: number): Promise<boolean> {
  for (let waited = 0; waited < patienceMs; waited += POLL_MS) {
    if (!(await isServerOf(pid, cluster))) return true;
    await sleep(POLL_MS);
  }
  return false;
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself in between; the caller looks again.
  }
}

async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  const commandLine =
    process.platform === 'linux'
      ? (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')
      : (await runCommand('ps', ['-o', 'command=', '-p', String(pid)])).output;
  return commandLine.includes(cluster);
}

// Who is at work in this checkout: a file with a process's id, and enough to tell that process from a later one that
// was given the same id (after a restart of the machine, or in a container, where ids begin anew).

import { spawnSync } from 'node:child_process';
import { linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataDir, makeDataDir } from './checkout.mjs';

const fileOf = (name) => join(dataDir, `${name}.lock`);

/** The id of the living process that holds the lock, or undefined. */
export function lockHolder(name) {
  let held;
  try {
    held = JSON.parse(readFileSync(fileOf(name), 'utf8'));
  } catch {
    return undefined; // No lock, or one that was cut off while it was written: nobody holds it.
  }
  return typeof held.pid === 'number' && identityOf(held.pid) === held.identity ? held.pid : undefined;
}

/**
 * Takes the lock, over a dead holder if need be.
 *
 * @returns {{ release(): void } | { holder: number }} the second when a living process has it
 */
export function takeLock(name) {
  makeDataDir();
  const mine = JSON.stringify({ pid: process.pid, identity: identityOf(process.pid) });
  for (;;) {
    const holder = lockHolder(name);
    if (holder !== undefined) return { holder };
    rmSync(fileOf(name), { force: true });
    if (place(name, mine)) break;
  }
  const release = () => {
    if (lockHolder(name) === process.pid) rmSync(fileOf(name), { force: true });
  };
  process.once('exit', release);
  return { release };
}

/** Written elsewhere first and then linked, so that nobody ever reads half a lock. False when another was faster. */
function place(name, text) {
  const folder = mkdtempSync(join(dataDir, 'lock-'));
  try {
    writeFileSync(join(folder, 'lock'), text);
    linkSync(join(folder, 'lock'), fileOf(name));
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Undefined when there is no such process; else something that no other process had or will have with this id. */
export function identityOf(pid) {
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
    return stdout?.trim() || undefined;
  }
  try {
    // Field 22 is the start time in ticks since boot; the name in field 2 may itself hold spaces and brackets.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return state === 'Z' ? undefined : `${boot} ${fields[18]}`;
  } catch {
    return undefined;
  }
}

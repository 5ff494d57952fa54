// npm run reset: stops what an earlier run left behind and deletes this checkout's local data. Needs nothing installed.

import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataDir } from './checkout.mjs';
import { lockHolder } from './lock.mjs';
import { main, step } from './steps.mjs';

const STOP_PATIENCE_MS = 30_000;

await main(async () => {
  const holder = lockHolder('start');
  if (holder !== undefined) {
    throw new Error(
      `npm start is running in this folder (process ${holder}). Stop it with Ctrl-C first; nothing was deleted.`,
    );
  }
  const places = [outsideHome(), dataDir].filter((place) => place && existsSync(place));
  if (places.length === 0) {
    console.log('Nothing to reset: there is no .data folder here.');
    return;
  }
  const homes = [outsideHome(), join(dataDir, 'postgres')].filter(Boolean);
  for (const home of homes) await stopServer(join(home, 'cluster'));
  for (const place of places) await step(`Removed ${place}`, () => remove(place));
  console.log('The next npm start begins with an empty database and new keys.');
});

/** Where packages/local put the database when the server's account could not enter this folder (see prepareHome). */
function outsideHome() {
  const postgres = join(dataDir, 'postgres');
  try {
    const { path } = JSON.parse(readFileSync(join(postgres, 'location.json'), 'utf8'));
    const { path: owner } = JSON.parse(readFileSync(join(path, 'belongs-to.json'), 'utf8'));
    // A copied checkout remembers its original's database: that one is not ours to delete.
    const original = join(owner, 'location.json');
    const isOurs = owner === postgres || !existsSync(original);
    return isOurs && lstatSync(path).isDirectory() ? path : undefined;
  } catch {
    return undefined;
  }
}

async function stopServer(cluster) {
  let pid;
  try {
    pid = Number.parseInt(readFileSync(join(cluster, 'postmaster.pid'), 'utf8'), 10);
  } catch {
    return; // No pid file, no server.
  }
  if (!isServerOf(pid, cluster)) return;
  await step(`Stopped the PostgreSQL server left over from an earlier run (process ${pid})`, async () => {
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL']) {
      process.kill(pid, signal);
      for (let waited = 0; waited < STOP_PATIENCE_MS; waited += 100) {
        if (!isServerOf(pid, cluster)) return;
        await sleep(100);
      }
    }
    throw new Error(`Process ${pid} does not stop. End it by hand, then try again; nothing was deleted.`);
  });
}

/** A pid alone proves nothing: after a restart the same number may be anybody's. */
function isServerOf(pid, cluster) {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  const { stdout } =
    process.platform === 'linux'
      ? { stdout: existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '' }
      : spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.includes(cluster);
}

function remove(place) {
  try {
    rmSync(place, { recursive: true, force: true });
  } catch (error) {
    throw new Error(
      `${place} could not be removed (${error.message}). If another user started Souk here, reset as that user.`,
    );
  }
}

// npm run reset: stops what an earlier run left behind and deletes this checkout's local data. Needs nothing installed.

import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataDir } from './checkout.mjs';
import { keptForOwnDatabase } from './local-state.mjs';
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
  const kept = keptForOwnDatabase(process.env.DATABASE_URL);
  const places = placesBut(kept);
  if (places.length === 0) {
    console.log(`Nothing to reset: there is ${kept.length > 0 ? 'no embedded database' : 'no .data folder'} here.`);
    tellWhatIsKept(kept);
    return;
  }
  const homes = [outsideHome(), join(dataDir, 'postgres')].filter(Boolean);
  for (const home of homes) await stopServer(join(home, 'cluster'));
  for (const place of places) await step(`Removed ${place}`, () => remove(place));
  if (kept.length === 0) console.log('The next npm start begins with an empty database and new keys.');
  else console.log('Without DATABASE_URL, the next npm start begins with an empty embedded database.');
  tellWhatIsKept(kept);
});

function placesBut(kept) {
  const inside = existsSync(dataDir) ? readdirSync(dataDir).filter((name) => !kept.includes(name)) : [];
  const own = kept.length === 0 ? [dataDir] : inside.map((name) => join(dataDir, name));
  return [outsideHome(), ...own].filter((place) => place && existsSync(place));
}

function tellWhatIsKept(kept) {
  if (kept.length === 0) return;
  const files = kept.map((name) => `.data/${name}`).join(', ');
  console.log(`Your own database (DATABASE_URL) is untouched. Kept for it: ${files}: its master key, demo logins and files.
To start that one over as well, stop Souk, then:
  1. drop the database (psql <administrator's URL> -c 'drop database souk')
  2. DATABASE_ADMIN_URL=<administrator's URL> npm run db:prepare
Once no database needs them any more, delete the kept files by hand.`);
}

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

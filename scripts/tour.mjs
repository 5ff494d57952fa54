// npm run tour: walks the main job of a new company through a running npm start, and tells what it sees.
//
// ADMIN_URL, STOREFRONT_URL and MAILBOX_URL say where, if not in this folder's own npm start.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bin, root, toolEnvironment } from './checkout.mjs';
import { checkNode } from './install.mjs';
import { lockHolder } from './lock.mjs';
import { readRunning } from './running.mjs';
import { main } from './steps.mjs';

const folder = join(root, 'apps', 'tour');
/** A first start fetches packages, which may take minutes. */
const UP_WITHIN_MS = 300_000;
const LOOK_EVERY_MS = 500;
const ASK_WITHIN_MS = 2_000;
const NAMES = { adminUrl: 'ADMIN_URL', storefrontUrl: 'STOREFRONT_URL', mailboxUrl: 'MAILBOX_URL' };
const START_FIRST = 'Start it first, in another terminal:  npm start';

await main(async () => {
  checkNode();
  if (!existsSync(join(bin, 'rolldown'))) throw new Error(`The packages are not installed here yet. ${START_FIRST}`);
  build();
  // Whoever asks for help, or has mistyped, needs no running Souk to be told.
  const isTour = process.argv.slice(2).every((word) => word === '--json');
  const running = isTour ? await findRunning() : {};
  process.exitCode = await walk(running);
});

/** The addresses of what runs; waits while npm start is coming up. */
async function findRunning() {
  const given = Object.fromEntries(Object.entries(NAMES).map(([key, name]) => [key, process.env[name]]));
  const end = Date.now() + UP_WITHIN_MS;
  for (let told = false; ; told = true) {
    const found = { ...readRunning(), ...Object.fromEntries(Object.entries(given).filter(([, url]) => url)) };
    const isComing = lockHolder('start') !== undefined;
    if (found.adminUrl && found.storefrontUrl) {
      if (await areReady(found)) return withMailbox(found);
      if (!isComing) throw new Error(`Nothing answers at ${found.adminUrl} and ${found.storefrontUrl}. ${START_FIRST}`);
    } else if (!isComing) throw new Error(`Souk does not run in this folder. ${START_FIRST}`);
    if (Date.now() > end)
      throw new Error(`npm start has not come up within ${UP_WITHIN_MS / 60_000} minutes. See its terminal.`);
    if (!told) console.error('npm start is coming up: the tour begins when it is there.');
    await pause(LOOK_EVERY_MS);
  }
}

async function areReady({ adminUrl, storefrontUrl }) {
  const ready = await Promise.all(
    [adminUrl, storefrontUrl].map(async (url) => {
      try {
        const { ok } = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(ASK_WITHIN_MS) });
        return ok;
      } catch {
        return false;
      }
    }),
  );
  return ready.every(Boolean);
}

function withMailbox(found) {
  if (found.mailboxUrl) return found;
  throw new Error(
    'The tour reads mails, and with SMTP_URL set they go elsewhere: start without SMTP_URL, or say MAILBOX_URL, where ' +
      'a mailbox of packages/local shows them.',
  );
}

function build() {
  const result = spawnSync(join(bin, 'rolldown'), ['-c'], { cwd: folder, env: toolEnvironment(), encoding: 'utf8' });
  if (result.status === 0) return;
  const said = result.error?.message ?? `${result.stdout}${result.stderr}`;
  throw new Error(`The tour could not be built:\n${said}\nIf node_modules is incomplete, delete it and npm start.`);
}

function walk(running) {
  const urls = Object.fromEntries(Object.entries(NAMES).map(([key, name]) => [name, running[key]]));
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', join(folder, 'dist', 'main.js'), ...process.argv.slice(2)],
      {
        cwd: root,
        env: toolEnvironment(urls),
        stdio: 'inherit',
      },
    );
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

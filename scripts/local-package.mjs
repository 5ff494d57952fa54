// packages/local is TypeScript, and plain Node cannot read that: it is bundled (in a blink) before the scripts use it.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bin, root, toolEnvironment } from './checkout.mjs';

const folder = join(root, 'packages', 'local');

/** Bundles packages/local. Needs the packages to be installed. */
export function buildLocal() {
  const result = spawnSync(join(bin, 'rolldown'), ['-c'], { cwd: folder, env: toolEnvironment(), encoding: 'utf8' });
  if (result.status === 0) return;
  const said = result.error?.message ?? `${result.stdout}${result.stderr}`;
  throw new Error(
    `packages/local could not be built:\n${said}\nIf node_modules is incomplete, delete it and try again.`,
  );
}

/** @param {'command' | 'database-check' | 'mailbox' | 'paystack-simulator' | 'ports' | 'postgres' | 'redis' | 'supervisor'} name */
export const importLocal = (name) => import(pathToFileURL(join(folder, 'dist', `${name}.js`)).href);

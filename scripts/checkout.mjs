// Where things are in this checkout, and the environment in which its tools run.

import { mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '');
export const bin = join(root, 'node_modules', '.bin');
/** What this machine keeps between runs: databases, generated secrets, caches. Private to its owner. */
export const dataDir = join(root, '.data');
/** Pictures, imports and exports, unless FILES_DIR or S3_BUCKET says otherwise. */
export const filesDir = join(dataDir, 'files');

/** What npm tells its scripts about itself confuses other package managers; what it tells about the network does not. */
const KEPT_NPM_SETTINGS =
  /^npm_config_(registry|proxy|https?_proxy|no_?proxy|cafile|ca|cert|key|strict_ssl|cache|userconfig|offline|store_dir|.*:.*)$/i;

/** Makes `.data`, readable by its owner only. */
export function makeDataDir() {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Error(
      `Cannot make ${dataDir} (${error.message}). Give yourself write access to this folder, or clone it elsewhere.`,
    );
  }
  return dataDir;
}

/** The pnpm version that package.json names. */
export function pnpmVersion() {
  const { packageManager = '' } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const [, version] = /^pnpm@([\d.]+)/.exec(packageManager) ?? [];
  if (!version)
    throw new Error(`package.json should name its package manager as pnpm@<version>, not "${packageManager}".`);
  return version;
}

/** Our environment without npm's, and with the installed tools before whatever else the machine has. */
export function toolEnvironment(extra = {}) {
  const own = Object.entries(process.env).filter(
    // NODE_ENV=production would leave out half of what an install or a test needs.
    ([name]) => name !== 'NODE_ENV' && (!/^npm_/i.test(name) || KEPT_NPM_SETTINGS.test(name)),
  );
  return {
    ...Object.fromEntries(own),
    PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
    TURBO_TELEMETRY_DISABLED: '1',
    ...extra,
  };
}

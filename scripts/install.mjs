// Brings node_modules up to date with pnpm-lock.yaml. Needs Node and npm only: no global pnpm, no corepack.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataDir, makeDataDir, pnpmVersion, root, toolEnvironment } from './checkout.mjs';
import { takeLock } from './lock.mjs';

const OLDEST_NODE = [20, 19];
const STAMP = join(root, 'node_modules', '.souk-install');
/** Whatever of these changes may change what is installed. */
const INPUTS = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', '.pnpmfile.cjs', 'package.json', '.npmrc'];
const WORKSPACES = ['apps', 'packages'];
const TOLD_LINES = 15;

/** What pnpm and npm print, and what a person can do about it. The first that fits is shown. */
const EXPLANATIONS = [
  [
    /ERR_PNPM_OUTDATED_LOCKFILE/,
    (pnpm) => `package.json and pnpm-lock.yaml disagree. Run: npx -y pnpm@${pnpm} install`,
  ],
  [/ENOSPC|no space left/i, () => 'The disk is full. About 1 GB is needed: make room, then try again.'],
  [/EACCES|EPERM|EROFS/, () => `No write access. Check who owns ${root} and the npm cache (npm config get cache).`],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|META_FETCH_FAIL|fetch failed/,
    () =>
      'The package registry cannot be reached. The first install needs the network: check it, and the proxy settings of npm.',
  ],
  [
    /CERT|self.signed|unable to (get|verify)/i,
    () => 'The registry’s certificate is not trusted here: set cafile for npm.',
  ],
  [
    /ERR_PNPM_(TARBALL_INTEGRITY|NO_MATCHING_VERSION|FETCH_404)/,
    () => 'The registry does not hold what the lockfile names. Another registry in .npmrc?',
  ],
];

/** @throws when this Node is too old */
export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new Error(
    `Souk needs Node ${OLDEST_NODE.join('.')} or newer (22 or 24 recommended); this is ${version}. ` +
      'Install one from https://nodejs.org or with your version manager, then try again.',
  );
}

/**
 * Installs the packages if anything that decides about them changed since the last time.
 *
 * @param {(detail: string) => void} say
 * @returns {Promise<boolean>} whether anything had to be done
 * @throws with the reason and the next step
 */
export async function install(say) {
  const wanted = fingerprint();
  if (isInstalled(wanted)) return false;
  const lock = await installLock(say);
  try {
    if (isInstalled(wanted)) return true; // Somebody else did it while we waited.
    const { code, output } = await runPnpm(say);
    if (code !== 0) throw new Error(explain(output));
    writeFileSync(STAMP, wanted);
    return true;
  } finally {
    lock.release();
  }
}

function fingerprint() {
  const manifests = WORKSPACES.flatMap((folder) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder)).map((name) => join(folder, name, 'package.json'))
      : [],
  );
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}\n`);
  for (const file of [...INPUTS, ...manifests.sort()]) {
    if (existsSync(join(root, file))) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

function isInstalled(wanted) {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted;
}

async function installLock(say) {
  for (;;) {
    const lock = takeLock('install');
    if ('release' in lock) return lock;
    say(`Waiting for another install in this folder (process ${lock.holder})`);
    await sleep(500);
  }
}

function runPnpm(say) {
  const [command, ...first] = npx();
  const args = ['-y', `pnpm@${pnpmVersion()}`, 'install', '--frozen-lockfile', '--reporter=append-only'];
  return new Promise((resolve) => {
    const child = spawn(command, [...first, ...args, '--config.confirmModulesPurge=false'], {
      cwd: root,
      env: installEnvironment(say),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const take = (chunk) => {
      output += chunk;
      const counts = [...String(chunk).matchAll(/^Progress: .*downloaded (\d+), added (\d+)/gm)].pop();
      if (counts) say(`${counts[2]} added (${counts[1]} downloaded)`);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.once('error', (error) => resolve({ code: null, output: `${output}${error.message}` }));
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** npm's own npx, of the npm that runs us if there is one, so that no shim on the PATH gets a say. */
function npx() {
  const npm = process.env.npm_execpath ?? '';
  const beside = join(dirname(npm), 'npx-cli.js');
  if (npm.endsWith('npm-cli.js') && existsSync(beside)) return [process.execPath, beside];
  for (const folder of [dirname(process.execPath), ...(process.env.PATH ?? '').split(delimiter)]) {
    const command = join(folder, process.platform === 'win32' ? 'npx.cmd' : 'npx');
    if (folder && existsSync(command)) return [command];
  }
  throw new Error('npx was not found. It comes with npm, and npm with Node: install Node from https://nodejs.org.');
}

function installEnvironment(say) {
  const settings = {
    npm_config_update_notifier: 'false',
    npm_config_fund: 'false',
    // A corepack that has put itself in front of npm or pnpm must neither refuse nor ask.
    COREPACK_ENABLE_STRICT: '0',
    COREPACK_ENABLE_PROJECT_SPEC: '0',
    COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
  };
  const home = homedir();
  if (isWritable(home)) return toolEnvironment(settings);
  // Accounts of services and containers often have none, and both npm and pnpm keep their caches there.
  const ownHome = join(makeDataDir(), 'home');
  mkdirSync(ownHome, { recursive: true });
  say(`${home} cannot be written, so caches go to ${join(dataDir, 'home')}`);
  const environment = toolEnvironment({ ...settings, HOME: ownHome });
  // npm hands its settings down: those that point into the other home are of no use either.
  for (const [name, value] of Object.entries(environment)) {
    if (/^(npm_config_|XDG_)/i.test(name) && value.startsWith(home)) delete environment[name];
  }
  return environment;
}

function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function explain(output) {
  const lines = output.split('\n').filter((line) => line.trim() && !/^(Progress:|npm (warn|notice))/i.test(line));
  const told = lines.slice(-TOLD_LINES).map((line) => `    ${line}`);
  const [, reason] = EXPLANATIONS.find(([pattern]) => pattern.test(output)) ?? [];
  const next = reason ? reason(pnpmVersion()) : 'If a cache is at fault, delete node_modules and try again.';
  return `The packages could not be installed. ${next}\n  pnpm said:\n${told.join('\n')}`;
}

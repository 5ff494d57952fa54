// Where the running npm start of this folder is to be found: .data/running.json, from ready to stopped.

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataDir } from './checkout.mjs';
import { lockHolder } from './lock.mjs';

const FILE = join(dataDir, 'running.json');

/**
 * @param {{ adminUrl: string, storefrontUrl: string, mailboxUrl?: string, paystackUrl?: string,
 *   settings: Record<string, string> }} running `settings`: the environment of its processes, with secrets
 */
export function writeRunning(running) {
  const unfinished = `${FILE}.new`;
  writeFileSync(unfinished, `${JSON.stringify({ pid: process.pid, ...running }, null, 2)}\n`, { mode: 0o600 });
  renameSync(unfinished, FILE);
}

export const forgetRunning = () => rmSync(FILE, { force: true });

/** What was written, unless whoever wrote it is gone. */
export function readRunning() {
  try {
    const { pid, ...running } = JSON.parse(readFileSync(FILE, 'utf8'));
    return pid === lockHolder('start') ? running : undefined;
  } catch {
    return undefined; // None runs.
  }
}

/** With one of them somebody has said who asks. */
const PERSON_SETTINGS = ['SOUK_API_KEY', 'SOUK_TOKEN', 'SOUK_COMPANY', 'SOUK_EMAIL', 'SOUK_PASSWORD'];
const DATABASE_SETTING = /^DATABASE_(\w+_)?URL$/;

/**
 * The settings of the souk command beside an npm start. They are those of the start only if nothing names another
 * deployment: neither a database nor an address, in the environment or as `--url`. Else nothing of the start is taken,
 * least of all the password of its demo company: it would be sent to whoever is there.
 * @param {ReturnType<typeof readRunning>} running
 * @param {string[]} words of the command line
 * @param {Record<string, string | undefined>} env
 * @returns {{ isElsewhere: boolean, settings: Record<string, string | undefined> }}
 */
export function commandSettings(running, words, env) {
  // What somebody set for the command itself goes before what is found here.
  const own = Object.fromEntries(Object.entries(env).filter(([name, value]) => name.startsWith('SOUK_') && value));
  const isElsewhere = namesAnother(running, words, env);
  if (isElsewhere || !running)
    return { isElsewhere, settings: { ...own, ...(env.NODE_ENV && { NODE_ENV: env.NODE_ENV }) } };
  const { adminUrl, settings = {} } = running;
  const beside = {
    NODE_ENV: 'development',
    ...settings,
    SOUK_URL: adminUrl,
    // Logins end with the data they belong to.
    SOUK_CONFIG_DIR: join(dataDir, 'souk'),
    ...(PERSON_SETTINGS.some((name) => env[name]) ? {} : demoOwner(settings.SEED_STATE)),
  };
  return { isElsewhere, settings: { ...beside, ...own } };
}

function namesAnother(running, words, env) {
  const addresses = [env.SOUK_URL, ...addressesIn(words)].filter((address) => address !== undefined && address !== '');
  const databases = Object.entries(env).filter(([name, value]) => DATABASE_SETTING.test(name) && value);
  return (
    addresses.some((address) => !running || originOf(address) !== originOf(running.adminUrl)) ||
    databases.some(([name, value]) => value !== running?.settings?.[name])
  );
}

/** As the command reads them: `--url <address>` and `--url=<address>`. */
function addressesIn(words) {
  return words.flatMap((word, at) => {
    if (word === '--url') return [words[at + 1]];
    return word.startsWith('--url=') ? [word.slice('--url='.length)] : [];
  });
}

const originOf = (address) => (URL.canParse(address) ? new URL(address).href.replace(/\/+$/, '') : address);

function demoOwner(file) {
  try {
    const demo = JSON.parse(readFileSync(file, 'utf8')).find(({ owner }) => owner.password);
    return { SOUK_COMPANY: demo.handle, SOUK_EMAIL: demo.owner.email, SOUK_PASSWORD: demo.owner.password };
  } catch {
    return {}; // The command says how to log in.
  }
}

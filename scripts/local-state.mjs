// What npm start must find again the next time: generated passwords and keys. In .data/local.json, for its owner only.

import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataDir, makeDataDir } from './checkout.mjs';

const NAME = 'local.json';
const FILE = join(dataDir, NAME);
const PASSWORD_BYTES = 24;
const MASTER_KEY_BYTES = 32;

export const newPassword = () => randomBytes(PASSWORD_BYTES).toString('base64url');

/**
 * @returns {{ masterKeys: string, passwords: { app: string, relay: string, migrate: string },
 *   servers: Record<string, { app: string, relay: string, migrate: string }>, hasOwnDatabase?: boolean }}
 */
export function readState() {
  makeDataDir();
  let kept = {};
  try {
    kept = JSON.parse(readFileSync(FILE, 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT')
      throw new Error(`${FILE} cannot be read (${error.message}). Start over: npm run reset`);
  }
  const state = {
    masterKeys: `local:${randomBytes(MASTER_KEY_BYTES).toString('base64')}`,
    passwords: newPasswords(),
    // Of servers of one’s own that db:prepare has prepared, by host.
    servers: {},
    ...kept,
  };
  writeState(state);
  return state;
}

/**
 * What of `.data` belongs to a database of one's own, and must outlive npm run reset: the master key that seals what is
 * in it, the demo companies' keys, and the files its rows speak of. Empty while no such database was ever used.
 */
export function keptForOwnDatabase(ownDatabaseUrl) {
  let kept = {};
  try {
    kept = JSON.parse(readFileSync(FILE, 'utf8'));
  } catch {
    return []; // None yet, or unreadable and of no use.
  }
  const isUsed = Boolean(ownDatabaseUrl || kept.hasOwnDatabase || Object.keys(kept.servers ?? {}).length > 0);
  return isUsed
    ? [NAME, ...readdirSync(dataDir).filter((name) => /^(demo-.+\.json|files|paystack\.json)$/.test(name))]
    : [];
}

export function writeState(state) {
  const unfinished = `${FILE}.new`;
  writeFileSync(unfinished, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(unfinished, FILE);
}

export const newPasswords = () => ({ app: newPassword(), relay: newPassword(), migrate: newPassword() });

/** The three URLs of one database, from an administrator's URL of the same server. */
export function databaseUrls(adminUrl, passwords, database = 'souk') {
  const as = (role, password) => {
    const url = new URL(adminUrl);
    url.username = role;
    url.password = password;
    url.pathname = `/${database}`;
    return url.href;
  };
  return {
    DATABASE_URL: as('souk_app', passwords.app),
    DATABASE_RELAY_URL: as('souk_relay', passwords.relay),
    DATABASE_MIGRATE_URL: as('souk_migrate', passwords.migrate),
  };
}

/** The demo companies' keys belong to one database: another database has a file of its own. */
export function demoFile(ownDatabaseUrl) {
  if (!ownDatabaseUrl) return join(dataDir, 'demo.json');
  const { host, pathname } = new URL(ownDatabaseUrl);
  return join(dataDir, `demo-${createHash('sha256').update(`${host}${pathname}`).digest('hex').slice(0, 8)}.json`);
}

// What people may set for npm start, looked at before anything is started: a typing error must not cost a minute, nor
// look like broken data.

import { importLocal } from './local-package.mjs';

export const DATABASE_SETTINGS = ['DATABASE_URL', 'DATABASE_RELAY_URL', 'DATABASE_MIGRATE_URL'];
const PURPOSES = { DATABASE_URL: 'app', DATABASE_RELAY_URL: 'app', DATABASE_MIGRATE_URL: 'migrate' };
const REDIS_PORT = 6379;
const PORT_MAX = 65_535;

/** The schemes each URL may have, and an example. */
const URLS = {
  DATABASE_URL: [/^postgres(ql)?:$/, 'postgres://souk_app:<password>@localhost:5432/souk'],
  DATABASE_RELAY_URL: [/^postgres(ql)?:$/, 'postgres://souk_relay:<password>@localhost:5432/souk'],
  DATABASE_MIGRATE_URL: [/^postgres(ql)?:$/, 'postgres://souk_migrate:<password>@localhost:5432/souk'],
  REDIS_URL: [/^rediss?:$/, 'redis://localhost:6379'],
  PAYSTACK_URL: [/^https?:$/, 'https://api.paystack.co'],
  SMTP_URL: [/^smtps?:$/, 'smtp://localhost:1025'],
  ADMIN_URL: [/^https?:$/, 'http://localhost:4000'],
  FILES_URL: [/^https?:$/, 'http://localhost:4100/files'],
  S3_ENDPOINT: [/^https?:$/, 'http://localhost:8333'],
};

/** Throws with every setting whose form is wrong. Never shows a URL: it may hold a password. */
export function checkForms(env = process.env) {
  const faults = [];
  for (const [name, [schemes, example]] of Object.entries(URLS)) {
    const given = env[name];
    if (given && !isUrl(given, schemes)) faults.push(`${name} is not a URL that fits. Example: ${name}=${example}`);
  }
  for (const name of ['ADMIN_PORT', 'STOREFRONT_PORT']) {
    if (env[name] && !isPort(env[name]))
      faults.push(`${name} should be a port between 1 and 65535, not "${env[name]}".`);
  }
  const missing = DATABASE_SETTINGS.filter((name) => !env[name]);
  if (missing.length > 0 && missing.length < DATABASE_SETTINGS.length) {
    // The app's role is not allowed to do what migrations do, so one URL cannot stand for all three.
    faults.push(
      `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing: a database of your own needs all of ` +
        `${DATABASE_SETTINGS.join(', ')} (npm run db:prepare makes the roles and prints them; without any of them, an ` +
        'embedded database is used).',
    );
  }
  refuse(faults);
}

/** Throws with every server of one's own that cannot be used. Needs packages/local. */
export async function checkServers(env = process.env) {
  const { databaseFault, listenerFault } = await importLocal('database-check');
  const faults = [];
  for (const name of DATABASE_SETTINGS.filter((one) => env[one])) {
    const fault = await databaseFault(env[name], PURPOSES[name]);
    if (fault) faults.push(`${name} ${fault}`);
  }
  if (faults.length > 0)
    faults.push(
      '(DATABASE_ADMIN_URL=… npm run db:prepare makes the roles and the database, and prints all three URLs.)',
    );
  const redis = env.REDIS_URL && (await listenerFault(env.REDIS_URL, REDIS_PORT));
  if (redis) faults.push(`REDIS_URL ${redis} Start that server, or unset REDIS_URL: Souk works without.`);
  refuse(faults);
}

function refuse(faults) {
  if (faults.length === 0) return;
  const count = faults.length === 1 ? 'A setting of your environment is' : 'Settings of your environment are';
  throw new Error(`${count} wrong; nothing was started.\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
}

function isUrl(text, schemes) {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return schemes.test(protocol) && hostname !== '';
}

const isPort = (text) => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= PORT_MAX;

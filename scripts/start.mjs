// npm start: everything Souk needs on one machine, from nothing but Node and npm. Ctrl-C stops it; the data stays.
//
// DATABASE_URL (with DATABASE_RELAY_URL and DATABASE_MIGRATE_URL), REDIS_URL, SMTP_URL, PAYSTACK_URL and S3_BUCKET (or
// FILES_DIR) each replace what would otherwise be embedded. ADMIN_PORT and STOREFRONT_PORT choose the ports.

import { join } from 'node:path';
import { dataDir, filesDir, makeDataDir } from './checkout.mjs';
import { checkNode, install } from './install.mjs';
import { buildLocal, importLocal } from './local-package.mjs';
import { databaseUrls, demoFile, readState, writeState } from './local-state.mjs';
import { takeLock } from './lock.mjs';
import { forgetRunning, writeRunning } from './running.mjs';
import { buildSpec, processSpecs, soukSpec } from './souk-apps.mjs';
import { checkForms, checkServers, DATABASE_SETTINGS } from './start-settings.mjs';
import { main, step, writeLine } from './steps.mjs';
import { welcome } from './welcome.mjs';

const ADMIN_PORT = 4000;
const STOREFRONT_PORT = 4100;
const FIRST_METRICS_PORT = 9400;
const MAILBOX_PORT = 8025;
const PAYSTACK_PORT = 4300;

await main(async () => {
  checkNode();
  checkForms();
  makeDataDir();
  const lock = takeLock('start');
  if ('holder' in lock) {
    throw new Error(
      `npm start already runs in this folder (process ${lock.holder}). Its terminal shows the addresses; ` +
        'stop it there with Ctrl-C before you start it again.',
    );
  }
  await step('Packages', install);
  await step('Local services', buildLocal);
  if (process.env.DATABASE_URL || process.env.REDIS_URL) await step('Servers of your own', () => checkServers());
  const { Supervisor } = await importLocal('supervisor');
  const all = new Supervisor({ write: writeLine });
  try {
    await bringUp(all);
  } catch (error) {
    // After a Ctrl-C, whatever was under way fails: that is no news.
    if (!all.isStopping) {
      await all.stop(1);
      throw error;
    }
  }
  const { exitCode } = await all.ended;
  forgetRunning();
  process.exitCode = exitCode;
  console.log(exitCode === 0 ? 'Stopped. The data is kept; npm run reset deletes it.' : 'Stopped.');
});

async function bringUp(all) {
  const state = readState();
  const database = await step('PostgreSQL', (say) => provideDatabase(all, state, say));
  const redis = await step(
    'Redis',
    () => provideRedis(all),
    ({ found }) => (found ? undefined : 'none found, none needed'),
  );
  const mail = await step('Mailbox', () => provideMailbox(all));
  await step('Build', () => all.run(buildSpec()));
  const ports = await choosePorts();
  const payments = await step('Paystack simulator', () => providePaystack(all, ports.storefront));
  const env = {
    ...database.urls,
    ...(redis.found ? { REDIS_URL: redis.url } : {}),
    SMTP_URL: mail.smtpUrl,
    PAYSTACK_URL: payments.url,
    MASTER_KEYS: process.env.MASTER_KEYS || state.masterKeys,
    ADMIN_PORT: String(ports.admin),
    STOREFRONT_PORT: String(ports.storefront),
    ADMIN_URL: process.env.ADMIN_URL || `http://localhost:${ports.admin}`,
    FILES_URL: process.env.FILES_URL || `http://localhost:${ports.storefront}/files`,
    ...(process.env.S3_BUCKET ? {} : { FILES_DIR: process.env.FILES_DIR || filesDir }),
  };
  if (database.adminUrl) {
    const prepare = { ...env, DATABASE_ADMIN_URL: database.adminUrl };
    await step('Database roles', () => souk(all, ['db', 'prepare'], prepare));
  }
  await step('Migrations', () => souk(all, ['migrate'], env));
  const seeded = { ...env, SEED_STATE: demoFile(process.env.DATABASE_URL) };
  const demo = await step('Demo companies', () => souk(all, ['seed', 'demo', '--json'], seeded));
  await startProcesses(all, env, ports);
  writeRunning({
    adminUrl: `http://localhost:${ports.admin}`,
    storefrontUrl: `http://localhost:${ports.storefront}`,
    mailboxUrl: mail.pageUrl,
    paystackUrl: payments.url,
    settings: seeded,
  });
  console.log(welcome({ ports, redis, mail, payments, database, companies: companiesIn(demo) }));
}

async function souk(all, args, env) {
  try {
    return await all.run(soukSpec(args, env));
  } catch (error) {
    throw new Error(`${error.message}\n${nextStep(error.message)}`);
  }
}

function nextStep(said) {
  // How `SettingsWrong` begins: no data is to blame.
  if (said.includes('in its environment')) return 'Mend or unset it in the terminal (or profile) that set it.';
  return process.env.DATABASE_URL
    ? 'The database is the one DATABASE_URL names; look there first.'
    : 'If the data of this folder may go, npm run reset starts over.';
}

async function provideDatabase(all, state, say) {
  if (process.env.DATABASE_URL) {
    const urls = Object.fromEntries(DATABASE_SETTINGS.map((name) => [name, process.env[name]]));
    // What that database holds is sealed with our master key: npm run reset must not throw it away.
    if (!state.hasOwnDatabase) writeState({ ...state, hasOwnDatabase: true });
    return { urls, adminUrl: undefined, source: 'DATABASE_URL' };
  }
  const { LIVELY_STATISTICS, startPostgres } = await importLocal('postgres');
  const settings = LIVELY_STATISTICS;
  const server = await startPostgres({ dataDir: join(dataDir, 'postgres'), settings, say });
  all.hold('PostgreSQL', () => server.stop());
  const urls = databaseUrls(server.adminUrl, state.passwords);
  return { urls, adminUrl: server.adminUrl, source: `embedded, data in ${server.home}` };
}

async function provideRedis(all) {
  const { findRedis } = await importLocal('redis');
  const redis = await findRedis();
  if (redis.found) all.hold('Redis', () => redis.stop());
  return redis;
}

async function provideMailbox(all) {
  if (process.env.SMTP_URL) return { smtpUrl: process.env.SMTP_URL, pageUrl: undefined };
  const { startMailbox } = await importLocal('mailbox');
  const { nextFreePort } = await importLocal('ports');
  const mailbox = await startMailbox({ httpPort: await nextFreePort(MAILBOX_PORT) });
  all.hold('Mailbox', () => mailbox.stop());
  return mailbox;
}

/** A Paystack without money, whose notices go to our own hooks. */
async function providePaystack(all, storefrontPort) {
  if (process.env.PAYSTACK_URL) return { url: process.env.PAYSTACK_URL, isSimulator: false };
  const { startPaystackSimulator } = await importLocal('paystack-simulator');
  const { nextFreePort } = await importLocal('ports');
  const port = await nextFreePort(PAYSTACK_PORT);
  const hookBase = `http://127.0.0.1:${storefrontPort}`;
  const simulator = await startPaystackSimulator({ port, hookBase, file: join(dataDir, 'paystack.json') });
  all.hold('Paystack simulator', () => simulator.close());
  return { url: `http://localhost:${port}`, isSimulator: true };
}

async function choosePorts() {
  const { nextFreePort } = await importLocal('ports');
  const wanted = {
    admin: wantedPort('ADMIN_PORT', ADMIN_PORT),
    storefront: wantedPort('STOREFRONT_PORT', STOREFRONT_PORT),
  };
  const admin = await nextFreePort(wanted.admin);
  const storefront = await nextFreePort(wanted.storefront === admin ? admin + 1 : wanted.storefront);
  if (admin !== wanted.admin) writeLine(`  Port ${wanted.admin} is busy: the admin API takes ${admin}.`);
  if (storefront !== wanted.storefront) {
    writeLine(`  Port ${wanted.storefront} is busy: the storefront API takes ${storefront}.`);
  }
  const adminMetrics = await nextFreePort(FIRST_METRICS_PORT);
  const storefrontMetrics = await nextFreePort(adminMetrics + 1);
  const workerMetrics = await nextFreePort(storefrontMetrics + 1);
  return { admin, storefront, adminMetrics, storefrontMetrics, workerMetrics };
}

/** Its form was looked at in `checkForms`. */
function wantedPort(name, otherwise) {
  return Number(process.env[name] || otherwise);
}

async function startProcesses(all, env, ports) {
  const started = processSpecs(env, ports).map(({ spec, ready }) => ({ process: all.start(spec), ready }));
  for (const { process: managed, ready } of started) {
    await step(`Ready: ${managed.name}`, () => all.ready(managed, ready));
  }
}

function companiesIn(output) {
  try {
    return JSON.parse(output).companies;
  } catch {
    throw new Error(`souk seed demo --json did not answer with JSON. It said:\n${output}`);
  }
}

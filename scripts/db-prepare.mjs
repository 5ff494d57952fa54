// npm run db:prepare: creates Souk's roles and its database on a PostgreSQL server of your own (15 or newer).
//
// DATABASE_ADMIN_URL names an administrator of that server. The three URLs the processes need are printed; where you
// set DATABASE_URL, DATABASE_RELAY_URL and DATABASE_MIGRATE_URL yourself, those are used.

import { checkNode, install } from './install.mjs';
import { buildLocal, importLocal } from './local-package.mjs';
import { databaseUrls, newPasswords, readState, writeState } from './local-state.mjs';
import { buildSpec, soukSpec } from './souk-apps.mjs';
import { DATABASE_SETTINGS } from './start-settings.mjs';
import { bold, main, step } from './steps.mjs';

const EXAMPLE = 'DATABASE_ADMIN_URL=postgres://postgres:<password>@localhost:5432/postgres npm run db:prepare';

await main(async () => {
  checkNode();
  const adminUrl = administratorUrl(process.env.DATABASE_ADMIN_URL);
  await step('Packages', install);
  await step('Local services', buildLocal);
  await step('Administrator', () => checkAdministrator(adminUrl));
  const urls = { ...rememberedUrls(adminUrl), ...givenUrls() };
  const { Supervisor } = await importLocal('supervisor');
  const all = new Supervisor();
  try {
    await step('Build', () => all.run(buildSpec()));
    await step('Roles and database', () => prepare(all, { ...urls, DATABASE_ADMIN_URL: adminUrl }));
  } finally {
    await all.stop();
  }
  console.log(`\n${bold('Ready.')} Set these for npm start, or for the processes themselves:\n`);
  for (const [name, url] of Object.entries(urls)) console.log(`export ${name}='${url}'`);
  console.log('\nThey hold passwords. The processes never need DATABASE_ADMIN_URL: unset it now.');
});

function administratorUrl(given) {
  if (!given)
    throw new Error(
      `DATABASE_ADMIN_URL is not set. It names an administrator of your server, for example:\n  ${EXAMPLE}`,
    );
  if (!URL.canParse(given) || !/^postgres(ql)?:$/.test(new URL(given).protocol)) {
    throw new Error(`DATABASE_ADMIN_URL is not a PostgreSQL URL. For example:\n  ${EXAMPLE}`);
  }
  return given;
}

async function checkAdministrator(adminUrl) {
  const { databaseFault } = await importLocal('database-check');
  const fault = await databaseFault(adminUrl, 'admin');
  if (fault) throw new Error(`DATABASE_ADMIN_URL ${fault} Nothing was changed. Mend it, then again:\n  ${EXAMPLE}`);
}

async function prepare(all, env) {
  try {
    await all.run(soukSpec(['db', 'prepare'], env));
  } catch (error) {
    throw new Error(
      `${error.message}\nThat was said by the server DATABASE_ADMIN_URL names, or about one of the three URLs if you set ` +
        'them yourself. Mend that, then run npm run db:prepare again: it may run any number of times.',
    );
  }
}

function givenUrls() {
  return Object.fromEntries(
    DATABASE_SETTINGS.filter((name) => process.env[name]).map((name) => [name, process.env[name]]),
  );
}

/** The same passwords every time: preparing again must not lock out what already runs. */
function rememberedUrls(adminUrl) {
  const state = readState();
  const { host } = new URL(adminUrl);
  state.servers[host] ??= newPasswords();
  writeState(state);
  return databaseUrls(adminUrl, state.servers[host]);
}

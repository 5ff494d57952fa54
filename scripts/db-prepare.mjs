// npm run db:prepare: creates Souk's roles and its database on a PostgreSQL server of your own (15 or newer).
//
// DATABASE_ADMIN_URL names an administrator of that server. The three URLs the processes need are printed; where you
// set DATABASE_URL, DATABASE_RELAY_URL and DATABASE_MIGRATE_URL yourself, those are used.

import { checkNode, install } from './install.mjs';
import { buildLocal, importLocal } from './local-package.mjs';
import { databaseUrls, newPasswords, readState, writeState } from './local-state.mjs';
import { buildSpec, soukSpec } from './souk-apps.mjs';
import { bold, main, step } from './steps.mjs';

await main(async () => {
  checkNode();
  const adminUrl = administratorUrl(process.env.DATABASE_ADMIN_URL);
  await step('Packages', install);
  await step('Local services', buildLocal);
  const urls = { ...rememberedUrls(adminUrl), ...givenUrls() };
  const { Supervisor } = await importLocal('supervisor');
  const all = new Supervisor();
  try {
    await step('Build', () => all.run(buildSpec()));
    await step('Roles and database', () =>
      all.run(soukSpec(['db', 'prepare'], { ...urls, DATABASE_ADMIN_URL: adminUrl })),
    );
  } finally {
    await all.stop();
  }
  console.log(`\n${bold('Ready.')} Set these for npm start, or for the processes themselves:\n`);
  for (const [name, url] of Object.entries(urls)) console.log(`export ${name}='${url}'`);
  console.log('\nThey hold passwords. The processes never need DATABASE_ADMIN_URL: unset it now.');
});

function administratorUrl(given) {
  const example = 'DATABASE_ADMIN_URL=postgres://postgres:<password>@localhost:5432/postgres npm run db:prepare';
  if (!given)
    throw new Error(
      `DATABASE_ADMIN_URL is not set. It names an administrator of your server, for example:\n  ${example}`,
    );
  if (!URL.canParse(given) || !/^postgres(ql)?:$/.test(new URL(given).protocol)) {
    throw new Error(`DATABASE_ADMIN_URL is not a PostgreSQL URL. For example:\n  ${example}`);
  }
  return given;
}

function givenUrls() {
  const names = ['DATABASE_URL', 'DATABASE_RELAY_URL', 'DATABASE_MIGRATE_URL'];
  return Object.fromEntries(names.filter((name) => process.env[name]).map((name) => [name, process.env[name]]));
}

/** The same passwords every time: preparing again must not lock out what already runs. */
function rememberedUrls(adminUrl) {
  const state = readState();
  const { host } = new URL(adminUrl);
  state.servers[host] ??= newPasswords();
  writeState(state);
  return databaseUrls(adminUrl, state.servers[host]);
}

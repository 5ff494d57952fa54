import path from 'node:path';
import '@souk/domain/setup/declarations/declarations';
import { pruneAccess, seedAccess } from '@souk/domain/company/iam/access-seed.service';
import { ensureSigningKey } from '@souk/domain/identity/sessions/signing-keys.service';
import { systemSession } from '@souk/domain/kernel/ctx';
import { prepareRoles } from '@souk/domain/kernel/roles';
import { migrate } from '@souk/platform/migrate';
import type { Command } from 'commander';
import { inDeployment } from './deployment.ts';
import { answer } from './output.ts';
import { needSettings } from './settings.ts';

/** Stands beside the bundle (apps/cli/dist) and beside the source alike. */
const MIGRATIONS_FOLDER = path.resolve(import.meta.dirname, '../../../drizzle');

/** `souk db prepare` and `souk migrate`. */
export function databaseCommands(program: Command): void {
  const db = program.command('db').description('the database server');
  db.command('prepare')
    .description('create the roles and the database named in the three database URLs')
    .option('--json', 'answer as JSON')
    .action(prepare);
  program
    .command('migrate')
    .description('bring the database to the schema of this version, and every company to its permissions')
    .option('--json', 'answer as JSON')
    .action(migrateAll);
}

async function prepare(options: { json?: boolean }) {
  const urls = needSettings(['DATABASE_ADMIN_URL', 'DATABASE_URL', 'DATABASE_RELAY_URL', 'DATABASE_MIGRATE_URL']);
  await prepareRoles(urls.DATABASE_ADMIN_URL, {
    app: urls.DATABASE_URL,
    relay: urls.DATABASE_RELAY_URL,
    migrate: urls.DATABASE_MIGRATE_URL,
  });
  const database = new URL(urls.DATABASE_URL).pathname.slice(1);
  answer(options, { database }, [
    `The database "${database}" and the roles souk_app, souk_relay and souk_migrate are ready.`,
    'Next: souk migrate',
  ]);
}

async function migrateAll(options: { json?: boolean }) {
  const { DATABASE_MIGRATE_URL } = needSettings(['DATABASE_MIGRATE_URL', 'DATABASE_URL', 'DATABASE_RELAY_URL']);
  await migrate({ url: DATABASE_MIGRATE_URL, folder: MIGRATIONS_FOLDER });
  const companies = await inDeployment(async ({ app, companyIds }) => {
    await app.unscoped((tx) => ensureSigningKey(tx, 'staff'));
    const ids = await companyIds();
    for (const id of ids) {
      await app.run(systemSession(id, 'migration'), async (ctx) => {
        await seedAccess(ctx);
        await pruneAccess(ctx);
      });
    }
    return ids.length;
  });
  answer(options, { companies }, [
    `The database is up to date; permissions and system roles checked in ${companies} companies.`,
  ]);
}

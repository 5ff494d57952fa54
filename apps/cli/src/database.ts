import path from 'node:path';
import '@souk/domain/setup/declarations/declarations';
import { pruneAccess, seedAccess } from '@souk/domain/company/iam/access-seed.service';
import { ensureSigningKey } from '@souk/domain/identity/sessions/signing-keys.service';
import { systemSession } from '@souk/domain/kernel/ctx';
import { prepareRoles } from '@souk/domain/kernel/roles';
import { migrate } from '@souk/platform/migrate';
import type { Command } from 'commander';
import { type Deployment, inDeployment } from './deployment.ts';
import { answer } from './output.ts';
import { needSettings } from './settings.ts';

/** Stands beside the bundle (apps/cli/dist) and beside the source alike. */
const MIGRATIONS_FOLDER = path.resolve(import.meta.dirname, '../../../drizzle');

const PROGRESS_EVERY = 200;

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
  const { checked, failed } = await inDeployment(async (deployment) => {
    await deployment.app.unscoped((tx) => ensureSigningKey(tx, 'staff'));
    return bringAccessUpToDate(deployment);
  });
  answer(options, { companies: checked, failed }, [
    `The database is up to date; permissions and system roles checked in ${checked} companies.`,
  ]);
  if (failed.length > 0) throw new Error(`Permissions could not be brought up to date in: ${failed.join(', ')}`);
}

/** One company's trouble (two roles of one name, say) must not leave all others without their new permissions. */
async function bringAccessUpToDate({ app, companyIds }: Deployment): Promise<{ checked: number; failed: string[] }> {
  const ids = await companyIds();
  const failed: string[] = [];
  for (const [at, id] of ids.entries()) {
    if (at > 0 && at % PROGRESS_EVERY === 0) process.stderr.write(`… ${at} of ${ids.length} companies\n`);
    await app
      .run(systemSession(id, 'migration'), async (ctx) => {
        await seedAccess(ctx);
        await pruneAccess(ctx);
      })
      .catch((error: unknown) => {
        failed.push(`${id} (${error instanceof Error ? error.message : String(error)})`);
      });
  }
  return { checked: ids.length - failed.length, failed };
}

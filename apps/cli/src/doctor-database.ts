import { type Database, openDatabase, refuseUnsafeRole } from '@souk/domain/kernel/database';
import { databaseTime, wallsOf } from '@souk/domain/setup/diagnosis/diagnosis.service';
import { refuseOldSchema } from '@souk/platform/startup-check';
import { type Finding, fault, look, ok, warning } from './findings.ts';

const SERVER_MIN = 150_000;
/** Tokens and leases allow for five seconds between clocks; a minute breaks them. */
const CLOCK_MS = { warning: 2_000, fault: 30_000 };
const REACH = 'Is PostgreSQL running, and are user, password and database in the URL right?';

/** The database as the app, the relay and the migrations reach it. */
export async function databaseFindings(
  { app, relay }: { app: Database; relay: Database },
  env: NodeJS.ProcessEnv,
): Promise<Finding[]> {
  const reached = await look('database', REACH, () => serverFinding(app));
  if (reached.some(({ level }) => level === 'fault')) return reached;
  return [
    ...reached,
    ...(await look('role of the app', 'Use the role souk_app (npm run db:prepare makes it).', async () => {
      await refuseUnsafeRole(app.unscoped);
      return ok('role of the app', 'held back by row security');
    })),
    ...(await look('role of the relay', `DATABASE_RELAY_URL: ${REACH}`, async () => {
      await refuseUnsafeRole(relay.unscoped);
      return ok('role of the relay', 'held back by row security');
    })),
    ...(await look('migrations', 'Run souk migrate.', async () => {
      await refuseOldSchema(app.unscoped);
      return ok('migrations', 'all there');
    })),
    ...(await migrationRole(env)),
    ...(await look('row security', REACH, () => wallsFinding(app))),
    ...(await look('clock', REACH, () => clockFinding(app))),
  ];
}

async function serverFinding({ unscoped }: Database): Promise<Finding> {
  const { serverVersion } = await unscoped(wallsOf);
  const version = `PostgreSQL ${Math.floor(serverVersion / 10_000)}.${serverVersion % 10_000}`;
  return serverVersion >= SERVER_MIN
    ? ok('database', version)
    : fault('database', `${version} is too old.`, 'PostgreSQL 15 is the oldest that works.');
}

async function wallsFinding({ unscoped }: Database): Promise<Finding> {
  const { open } = await unscoped(wallsOf);
  return open.length === 0
    ? ok('row security', 'forced on every table of companies')
    : fault('row security', `not forced on ${open.join(', ')}.`, 'Run souk migrate, which forces it.');
}

async function clockFinding({ unscoped }: Database): Promise<Finding> {
  const before = Date.now();
  const theirs = await unscoped(databaseTime);
  const apart = theirs - (before + Date.now()) / 2;
  const text = `${(Math.abs(apart) / 1_000).toFixed(1)} s ${apart < 0 ? 'behind' : 'ahead of'} this machine`;
  if (Math.abs(apart) < CLOCK_MS.warning) return ok('clock', `the database's is ${text}`);
  const wayOut = 'Keep both machines on the same time (NTP).';
  return Math.abs(apart) < CLOCK_MS.fault
    ? warning('clock', `The database's is ${text}.`, wayOut)
    : fault('clock', `The database's is ${text}: tokens and leases end at the wrong time.`, wayOut);
}

/** Only where it is set: the processes that stay do not have it. */
async function migrationRole(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const url = env['DATABASE_MIGRATE_URL'];
  if (!url) return [];
  return look('role of migrations', `DATABASE_MIGRATE_URL: ${REACH}`, async () => {
    const migrate = openDatabase({ url, size: 1, prepare: false, applicationName: 'souk-doctor' });
    try {
      await migrate.unscoped(databaseTime);
      return ok('role of migrations', 'can be used');
    } finally {
      await migrate.close();
    }
  });
}

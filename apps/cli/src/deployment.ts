import { listCompanyIds } from '@souk/domain/company/companies/company-roll.service';
import { type Database, openDatabase, refuseUnsafeRole } from '@souk/domain/kernel/database';
import type { CompanyId } from '@souk/domain/kernel/ids';
import { useMasterKeys } from '@souk/domain/kernel/sealing';
import type { Committed } from '@souk/domain/kernel/unit-of-work';
import { readCliConfig } from '@souk/platform/config';
import { createLoggers } from '@souk/platform/logger';
import { nudger } from '@souk/platform/queue-nudge';
import { openRedis } from '@souk/platform/redis';
import { tellTouched } from '@souk/platform/touched';
import { needSettings } from './settings.ts';

/** The database as the app and the relay see it, for the time of one command. */
export interface Deployment {
  app: Database;
  relay: Database;
  /** Every company there is, oldest first. */
  companyIds(): Promise<CompanyId[]>;
}

/** Opens the deployment named by the environment, does the work, and closes it again whatever happens. */
export async function inDeployment<T>(work: (deployment: Deployment) => Promise<T>): Promise<T> {
  const { DATABASE_RELAY_URL } = needSettings(['DATABASE_URL', 'DATABASE_RELAY_URL']);
  const config = readCliConfig();
  useMasterKeys(config.MASTER_KEYS);
  const { log } = createLoggers({ level: 'error', process: 'cli', to: process.stderr });
  // What a command changes, the running processes learn at once, as they do from each other.
  const redis = config.REDIS_URL ? openRedis(config.REDIS_URL, log, 'commands') : undefined;
  const nudge = nudger(redis, log);
  const common = { prepare: config.DATABASE_PREPARE, applicationName: 'souk-cli' };
  const onCommitted = ({ companyId, touched, nudged }: Committed) => {
    if (touched) tellTouched(redis, companyId, log);
    if (nudged) nudge();
  };
  const app = openDatabase({ ...common, url: config.DATABASE_URL, size: 2, onCommitted });
  const relay = openDatabase({ ...common, url: DATABASE_RELAY_URL, size: 1 });
  try {
    await Promise.all([app, relay].map(({ unscoped }) => refuseUnsafeRole(unscoped)));
    return await work({ app, relay, companyIds: () => relay.unscoped(listCompanyIds) });
  } finally {
    await Promise.all([app.close(), relay.close(), redis?.quit().catch(() => undefined)]);
  }
}

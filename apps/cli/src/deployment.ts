import { listCompanyIds } from '@souk/domain/company/companies/company-roll.service';
import { type Database, openDatabase } from '@souk/domain/kernel/database';
import type { CompanyId } from '@souk/domain/kernel/ids';
import { useMasterKeys } from '@souk/domain/kernel/sealing';
import { readCliConfig } from '@souk/platform/config';
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
  const app = openDatabase({ url: config.DATABASE_URL, size: 2, applicationName: 'souk-cli' });
  const relay = openDatabase({ url: DATABASE_RELAY_URL, size: 1, applicationName: 'souk-cli' });
  try {
    return await work({ app, relay, companyIds: () => relay.unscoped(listCompanyIds) });
  } finally {
    await Promise.all([app.close(), relay.close()]);
  }
}

import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prepareRoles } from '@souk/domain/kernel/roles';
import { startPostgres, THROWAWAY_SETTINGS } from '@souk/local/postgres';
import { migrate } from '@souk/platform/migrate';
import type { TestProject } from 'vitest/node';

const TEMPLATE = 'souk_template';

/** One PostgreSQL for the whole run, its schema migrated once into a template that each test file clones. */
export default async function setup(project: TestProject) {
  const given = process.env['TEST_DATABASE_ADMIN_URL'];
  const server = given ? undefined : await startThrowaway();
  const adminUrl = given ?? server?.adminUrl ?? '';
  const password = randomBytes(16).toString('hex');
  const url = (role: string) => {
    const at = new URL(adminUrl);
    at.username = role;
    at.password = password;
    at.pathname = `/${TEMPLATE}`;
    return at.href;
  };
  await prepareRoles(adminUrl, { app: url('souk_app'), relay: url('souk_relay'), migrate: url('souk_migrate') });
  await migrate({ url: url('souk_migrate'), folder: path.join(import.meta.dirname, 'drizzle') });
  project.provide('postgres', { adminUrl, template: TEMPLATE, password });
  return () => server?.destroy();
}

async function startThrowaway() {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'souk-test-'));
  return startPostgres({ dataDir, settings: THROWAWAY_SETTINGS, isThrowaway: true });
}

import type { RunUnscoped } from '@souk/domain/kernel/ctx';
import { refuseUnsafeRole } from '@souk/domain/kernel/database';
import { pendingMigrations } from '@souk/domain/kernel/migrations';
import { MIGRATIONS_FOLDER } from './migrations-folder.ts';

/** The database lacks migrations this code needs. */
export class MigrationsMissing extends Error {
  constructor(names: readonly string[]) {
    super(
      `The database is behind this code: ${names.length === 1 ? 'one migration is' : `${names.length} migrations are`} missing ` +
        `(${names.join(', ')}). Run \`souk migrate\` with DATABASE_MIGRATE_URL, then start again.`,
    );
    this.name = 'MigrationsMissing';
  }
}

/** Throws unless the database is one this process may work with: a safe role, and every migration applied. */
export async function refuseUnfitDatabase(unscoped: RunUnscoped, folder = MIGRATIONS_FOLDER): Promise<void> {
  await refuseUnsafeRole(unscoped);
  await refuseOldSchema(unscoped, folder);
}

/** Throws `MigrationsMissing`, or an error that says how to migrate if there was never a migration. */
export async function refuseOldSchema(unscoped: RunUnscoped, folder = MIGRATIONS_FOLDER): Promise<void> {
  const missing = await pendingMigrations(unscoped, folder).catch((error: unknown) => {
    if (isUnknownTable(error)) return ['all of them'];
    throw error;
  });
  if (missing.length > 0) throw new MigrationsMissing(missing);
}

// SQLSTATE 42P01 undefined_table, 3F000 invalid_schema_name: a database nobody has migrated.
const isUnknownTable = (error: unknown): boolean => {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } };
  return ['42P01', '3F000'].includes(String(code ?? cause?.code));
};

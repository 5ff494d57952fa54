import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './packages/domain/src/**/*.schema.ts',
  out: './drizzle',
  // Roles are made by `souk db prepare`, never by a migration.
  entities: { roles: false },
});

import { cpus } from 'node:os';
import { defineConfig } from 'vitest/config';

const isLong = process.env['SOUK_TEST_LONG'] === '1';

export default defineConfig({
  test: {
    // `*.long.test.ts` holds the volumes that do not fit into five minutes: npm run test:long.
    include: isLong ? ['{apps,packages,scripts}/**/*.long.test.ts'] : ['{apps,packages,scripts}/**/*.test.ts'],
    exclude: isLong ? ['**/node_modules/**', '**/dist/**'] : ['**/node_modules/**', '**/dist/**', '**/*.long.test.ts'],
    globalSetup: ['./vitest.global-setup.ts'],
    pool: 'forks',
    // Half of the time is waiting for PostgreSQL, which works on the other core.
    maxWorkers: Math.max(2, cpus().length),
    testTimeout: isLong ? 300_000 : 30_000,
    hookTimeout: 60_000,
  },
});

import { defineConfig } from 'rolldown';

// Only for the scripts: plain Node cannot read the TypeScript source. Tests import the source itself.
export default defineConfig({
  input: {
    command: 'src/command.ts',
    'database-check': 'src/database-check.ts',
    mailbox: 'src/mailbox.ts',
    'paystack-simulator': 'src/paystack-simulator.ts',
    ports: 'src/ports.ts',
    postgres: 'src/postgres.ts',
    redis: 'src/redis.ts',
    supervisor: 'src/supervisor.ts',
  },
  platform: 'node',
  external: /^(?![./])/,
  output: { dir: 'dist', format: 'esm', sourcemap: true },
});

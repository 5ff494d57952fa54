// Turbo, with its telemetry off and our own pnpm in front of whatever the machine has: node scripts/turbo.mjs run build

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');

if (!existsSync(join(bin, 'turbo'))) {
  console.error('turbo is not installed here. Run `npm start` or `npm test` once: both install what is missing.');
  process.exit(1);
}

const { status, error } = spawnSync(join(bin, 'turbo'), process.argv.slice(2), {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`, TURBO_TELEMETRY_DISABLED: '1' },
});
if (error) console.error(`turbo could not be started: ${error.message}`);
process.exit(status ?? 1);

import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** `pnpm bench [group …]`: builds the apps and the bench, then measures. All groups take about ten minutes. */
const root = path.resolve(import.meta.dirname, '..');
const run = (command, ...words) => {
  const { status } = spawnSync(command, words, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};
run(process.execPath, 'scripts/turbo.mjs', 'run', 'build', '--output-logs=errors-only');
run(path.join(root, 'node_modules/.bin/rolldown'), '-c', 'scripts/bench/rolldown.config.mjs');
run(process.execPath, 'scripts/bench/dist/main.js', ...process.argv.slice(2));

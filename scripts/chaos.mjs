// pnpm chaos [--seed <n>] [--redis]: 20,000 events while everything breaks, then all that must be true
//
//   --seed    repeats a run: the same faults in the same order
//   --redis   where no Redis is found, fetch a private one (Debian and Ubuntu)

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './checkout.mjs';

const SEEDS = 1_000_000;

const seed = seedIn(process.argv.slice(2));
console.log(`The seed is ${seed}; to repeat this run: pnpm chaos --seed ${seed}`);
const more = process.argv.includes('--redis') ? ['--redis'] : [];
const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'test.mjs'), '--long', ...more, 'chaos'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, SEED: String(seed) },
});
process.exitCode = status ?? 1;

function seedIn(given) {
  const at = given.findIndex((one) => one === '--seed' || one.startsWith('--seed='));
  if (at < 0) return Math.floor(Math.random() * SEEDS);
  const text = given[at] === '--seed' ? given[at + 1] : given[at].slice('--seed='.length);
  if (/^\d{1,9}$/.test(text ?? '')) return Number(text);
  console.error(`--seed wants a whole number, like --seed 4711, not ${text ?? 'nothing'}.`);
  process.exit(2);
}

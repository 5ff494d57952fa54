// npm test [-- [--redis] [--long] [vitest's arguments …]]
//
//   --redis   where no Redis is found, fetch a private one (Debian and Ubuntu)
//   --long    the volumes and points that do not fit into a few minutes (npm run test:long)

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bin, makeDataDir, root, toolEnvironment } from './checkout.mjs';
import { checkNode, install } from './install.mjs';
import { buildLocal, importLocal } from './local-package.mjs';
import { bold, main, step } from './steps.mjs';

/** npm hands the terminal's Ctrl-C on to its script, which has received it already: within this time it is one press. */
const SAME_PRESS_MS = 500;

await main(async () => {
  const wishes = readArguments(process.argv.slice(2));
  checkFilters(wishes);
  checkNode();
  await step('Packages', install);
  const redis = await step(
    'Redis',
    async (say) => {
      buildLocal();
      const { findRedis } = await importLocal('redis');
      return findRedis({ fetch: wishes.redis, cacheDir: join(makeDataDir(), 'cache'), say });
    },
    ({ found }) => (found ? undefined : 'none found'),
  );
  try {
    tellWhatIsUsed(redis);
    process.exitCode = await runVitest(wishes, redis);
  } finally {
    if (redis.found) await redis.stop();
  }
  tellWhatWasSkipped(wishes, redis, await missingCommands());
});

function readArguments(given) {
  const own = new Set(['--redis', '--long']);
  return {
    redis: given.includes('--redis'),
    long: given.includes('--long'),
    vitest: given.filter((one) => !own.has(one)),
  };
}

/** Vitest would say "No test files found" after a list of globs, and only when everything is installed. */
function checkFilters({ vitest, long }) {
  // A word behind an option without "=" may be that option's value.
  const filters = vitest.filter((one, at) => !one.startsWith('-') && !(vitest[at - 1] ?? '').match(/^-[^=]*$/));
  const paths = testPaths(long);
  const lost = filters.filter((filter) => !paths.some((path) => path.includes(plain(filter))));
  if (filters.length === 0 || lost.length < filters.length) return;
  throw new Error(
    `No ${long ? 'long ' : ''}test has "${lost.join('" or "')}" in its path. A filter is a piece of a path, like roles or ` +
      'packages/domain/src/company; to choose by title: npm test -- -t "part of a title".',
  );
}

function plain(filter) {
  return filter.replace(/^\.\//, '').replace(/:\d+$/, '').toLowerCase();
}

/** As vitest.config.ts has them. */
function testPaths(long) {
  const isTest = (name) => name.endsWith('.test.ts') && name.endsWith('.long.test.ts') === long;
  return ['apps', 'packages', 'scripts']
    .flatMap((top) => walk(join(root, top)))
    .filter(isTest)
    .map((path) => path.toLowerCase());
}

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist') return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : [path];
  });
}

function tellWhatIsUsed(redis) {
  console.log(`  PostgreSQL: ${process.env.TEST_DATABASE_ADMIN_URL ? 'TEST_DATABASE_ADMIN_URL' : 'embedded'}`);
  console.log(`  Redis: ${redis.found ? redis.source : 'none'}\n`);
}

function runVitest(wishes, redis) {
  const env = toolEnvironment({
    ...(redis.found ? { SOUK_TEST_REDIS_URL: redis.url } : {}),
    ...(wishes.long ? { SOUK_TEST_LONG: '1' } : {}),
  });
  return new Promise((resolve) => {
    // In a group of its own, so that a Ctrl-C reaches it once and through us, and Redis outlives the tests.
    const child = spawn(join(bin, 'vitest'), ['run', ...wishes.vitest], {
      cwd: root,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    });
    const stopRelaying = relaySignals(child);
    child.once('error', (error) => {
      console.error(
        `vitest could not be started (${error.message}). If node_modules is incomplete, delete it and try again.`,
      );
      resolve(1);
    });
    child.once('exit', (code) => {
      stopRelaying();
      resolve(code ?? 1);
    });
  });
}

/** The first Ctrl-C lets vitest end in order; one more ends it, and whatever it started, at once. */
function relaySignals(child) {
  let first = 0;
  const relay = (signal) => {
    if (first && Date.now() - first < SAME_PRESS_MS) return;
    try {
      if (first) process.kill(-child.pid, 'SIGKILL');
      else child.kill(signal);
    } catch {
      // It has ended in the meantime.
    }
    first ||= Date.now();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, relay);
  return () => {
    for (const signal of signals) process.off(signal, relay);
  };
}

/** Which of the commands that README.md and docs speak in this machine lacks. */
async function missingCommands() {
  const { commandsOnPath } = await importLocal('command');
  const found = await Promise.all(['bash', 'curl'].map(async (name) => ({ name, at: await commandsOnPath(name) })));
  return found.filter(({ at }) => at.length === 0).map(({ name }) => name);
}

function tellWhatWasSkipped(wishes, redis, missing) {
  const skipped = [];
  if (!redis.found) {
    const how = wishes.redis ? '' : ' To fetch a private one (Debian, Ubuntu): npm test -- --redis';
    skipped.push(`Redis: ${redis.reason}\n    → the queue and limiter suites ran on PostgreSQL only.${how}`);
  }
  if (missing.length > 0) {
    const why = `no ${missing.join(' and no ')} on the PATH`;
    skipped.push(`The commands of README.md and docs: ${why}.\n    → apps/tour/src/docs.test.ts ran without them.`);
  }
  if (!wishes.long) skipped.push('The long tests (volumes, many points): npm run test:long');
  if (wishes.vitest.length > 0) skipped.push(`Whatever "${wishes.vitest.join(' ')}" leaves out.`);
  if (skipped.length === 0) return;
  console.log(`\n${bold('NOT TESTED in this run')}`);
  for (const one of skipped) console.log(`  • ${one}`);
}

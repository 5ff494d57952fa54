// Everything that must hold before a commit, in named steps: pnpm check
//
//   node scripts/check.mjs                 all steps
//   node scripts/check.mjs --no-tests      all but the tests (they ran already)
//   node scripts/check.mjs types floors    only these
//
// A failing step does not stop the others: one run shows all there is to mend.

import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;

/** Name, what it guards, and the commands that must all end well. `live`: its output is shown as it comes. */
const STEPS = [
  {
    name: 'format',
    guards: 'format and lint',
    commands: [['biome', 'ci', '.', `--colors=${coloured ? 'force' : 'off'}`]],
    next: 'pnpm format mends most of it',
  },
  {
    name: 'types',
    guards: 'TypeScript, package by package',
    commands: [
      ['tsc', '-p', 'tsconfig.json'],
      ['node', 'scripts/turbo.mjs', 'run', 'types', '--continue', '--output-logs=errors-only'],
    ],
    fault: packageWithoutTypes,
  },
  { name: 'promises', guards: 'no promise is left alone', commands: [['eslint', '.', '--max-warnings=0']] },
  {
    name: 'floors',
    guards: 'who may import whom',
    commands: [['depcruise', 'apps', 'packages', '--config', '.dependency-cruiser.cjs', '--output-type', 'err-long']],
    next: 'the rules and their reasons stand in .dependency-cruiser.cjs',
  },
  { name: 'dead-code', guards: 'no unused file, export or dependency', commands: [['knip', '--no-progress']] },
  { name: 'migrations', guards: 'migrations match the schema', commands: [['node', 'scripts/migrations-check.mjs']] },
  {
    name: 'openapi',
    guards: 'the OpenAPI documents and docs/generated match the code',
    commands: [['node', 'scripts/openapi.mjs', '--check']],
  },
  {
    name: 'example',
    guards: 'the types of examples/nextjs-storefront',
    commands: [['node', 'scripts/example-check.mjs']],
    next: 'its packages come from the registry, once for each lockfile',
  },
  { name: 'tests', guards: 'npm test', commands: [['node', 'scripts/test.mjs']], live: true },
];

/** turbo passes over a package that has no such script without a word, and its types would never be checked. */
function packageWithoutTypes() {
  const folders = ['apps', 'packages'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => `${group}/${name}`),
  );
  const bare = folders.filter((folder) => {
    const manifest = join(root, folder, 'package.json');
    return existsSync(manifest) && !JSON.parse(readFileSync(manifest, 'utf8')).scripts?.types;
  });
  return bare.length === 0 ? undefined : `No "types": "tsc -p tsconfig.json" in package.json of ${bare.join(', ')}.`;
}

/** Runs one command to its end; resolves to its exit code and, unless it is live, what it printed. */
function run([command, ...args], live) {
  return new Promise((resolve) => {
    const child = spawn(command === 'node' ? process.execPath : join(bin, command), args, {
      cwd: root,
      stdio: live ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...(coloured ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }),
        PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
      },
    });
    let printed = '';
    const keep = (chunk) => {
      printed += chunk;
    };
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => resolve({ code: 1, printed: `${command} could not be started: ${error.message}\n` }));
    child.on('close', (code, signal) => resolve({ code: code ?? 1, printed, signal }));
  });
}

/** All commands of a step run, so that one fault does not hide the next. */
async function runStep({ name, guards, commands, live, next, fault }) {
  const started = performance.now();
  console.log(`▶ ${name}: ${guards}`);
  const found = fault?.();
  if (found) console.log(found);
  let passed = !found;
  for (const command of commands) {
    const { code, printed } = await run(command, live);
    if (code === 0) continue;
    passed = false;
    console.log(`${printed.trimEnd()}\n  ${command.join(' ')} ended with code ${code}${next ? ` (${next})` : ''}`);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${passed ? '✓' : '✗'} ${name} ${seconds} s\n`);
  return { name, passed, seconds };
}

/** Reads the arguments; an unknown word is refused by name. */
function chosenSteps(args) {
  const names = STEPS.map((step) => step.name);
  const unknown = args.filter((arg) => arg !== '--no-tests' && !names.includes(arg));
  if (unknown.length > 0) {
    console.error(`There is no step called ${unknown.join(', ')}. Steps: ${names.join(', ')}; or --no-tests.`);
    process.exit(2);
  }
  const wanted = args.filter((arg) => arg !== '--no-tests');
  const steps = wanted.length === 0 ? STEPS : STEPS.filter((step) => wanted.includes(step.name));
  return args.includes('--no-tests') ? steps.filter((step) => step.name !== 'tests') : steps;
}

function summary(results) {
  console.log('check');
  for (const { name, passed, seconds } of results) {
    console.log(`  ${passed ? '✓' : '✗'} ${name.padEnd(12)} ${seconds.padStart(6)} s`);
  }
  const failed = results.filter((result) => !result.passed).map((result) => result.name);
  console.log(failed.length === 0 ? 'All of it holds.' : `Failed: ${failed.join(', ')}.`);
  return failed.length === 0 ? 0 : 1;
}

const steps = chosenSteps(process.argv.slice(2));
if (!existsSync(join(bin, 'biome'))) {
  console.error('The packages are not installed here. Run `npm test` or `npm start` once: both install them.');
  process.exit(1);
}
const results = [];
for (const step of steps) results.push(await runStep(step));
process.exit(summary(results));

// Checks the types of examples/nextjs-storefront, which is no package of the workspace: whoever starts Souk needs no Next.
// Its packages are installed below .data, once for each lockfile.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const example = join(root, 'examples', 'nextjs-storefront');
const copy = join(root, '.data', 'example-check');
const OWN = ['node_modules', '.next', 'installed'];

function run(command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: copy, encoding: 'utf8' });
  if (status === 0) return;
  console.error(`${command} ${args.join(' ')}: ${error?.message ?? ''}\n${stdout ?? ''}${stderr ?? ''}`);
  process.exit(1);
}

mkdirSync(copy, { recursive: true });
for (const name of readdirSync(copy)) if (!OWN.includes(name)) rmSync(join(copy, name), { recursive: true });
cpSync(example, copy, {
  recursive: true,
  filter: (path) => !OWN.some((name) => path.startsWith(join(example, name))),
});

const packages = ['package.json', 'package-lock.json'].map((name) => readFileSync(join(example, name)));
const wanted = createHash('sha256').update(Buffer.concat(packages)).digest('hex');
const mark = join(copy, 'installed');
const installed = existsSync(mark) ? readFileSync(mark, 'utf8') : '';
if (installed !== wanted || !existsSync(join(copy, 'node_modules'))) {
  console.log('Installing the packages of the example; this takes a minute, once.');
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']);
  writeFileSync(mark, wanted);
}
run(process.execPath, [join(copy, 'node_modules', 'typescript', 'bin', 'tsc'), '--noEmit', '-p', copy]);
console.log('The types of the example hold.');

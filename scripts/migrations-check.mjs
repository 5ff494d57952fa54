// Are the checked-in migrations what the schema files say? Generates into a copy and compares; the tree is not touched.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const GENERATE_TIMEOUT_MS = 120_000;
const COPIED = [
  'package.json',
  'tsconfig.base.json',
  'tsconfig.json',
  'drizzle.config.ts',
  'drizzle',
  'packages/domain',
];
const NOTHING_CHANGED = 'No schema changes';
const BY_HAND = 'node_modules/.bin/drizzle-kit generate --name <what-changed>';
const root = fileURLToPath(new URL('..', import.meta.url));

const skipped = new Set(['node_modules', 'dist', '.turbo', 'coverage']);

/** Copies what drizzle-kit reads; packages are linked, not copied. */
function copyOfTree() {
  const copy = mkdtempSync(join(tmpdir(), 'souk-migrations-'));
  for (const part of COPIED) {
    cpSync(join(root, part), join(copy, part), { recursive: true, filter: (path) => !skipped.has(basename(path)) });
  }
  for (const folder of ['node_modules', 'packages/domain/node_modules']) {
    if (existsSync(join(root, folder))) symlinkSync(join(root, folder), join(copy, folder), 'dir');
  }
  return copy;
}

/** Every file below `folder`, by its path, with its text. */
function filesIn(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    entries
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]),
  );
}

function generate(copy) {
  // No terminal on stdin: where drizzle-kit would ask (a rename?), it must fail, not wait.
  return spawnSync(join(root, 'node_modules', '.bin', 'drizzle-kit'), ['generate', '--config', 'drizzle.config.ts'], {
    cwd: copy,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: GENERATE_TIMEOUT_MS,
  });
}

function main() {
  const copy = copyOfTree();
  try {
    const before = filesIn(join(copy, 'drizzle'));
    const { status, stdout, stderr, error } = generate(copy);
    const after = filesIn(join(copy, 'drizzle'));
    const changed = [...after].filter(([path, text]) => before.get(path) !== text);
    // Where it would have to ask, drizzle-kit fails with exit code 0. Only its own word that nothing changed counts.
    if (changed.length === 0 && (status !== 0 || !stdout.includes(NOTHING_CHANGED))) {
      console.error(
        `drizzle-kit generate gave no answer: ${error?.message ?? `exit code ${status}`}\n${stdout}${stderr}`,
      );
      console.error(`If it wants to ask something (was a column renamed?), run it in a terminal:\n  ${BY_HAND}`);
      return 1;
    }
    if (changed.length === 0) return 0;
    console.error('The schema files say more than the checked-in migrations. Missing:');
    for (const [path, text] of changed) console.error(`drizzle/${path}${path.endsWith('.sql') ? `\n${text}\n` : ''}`);
    console.error(`\nNext: ${BY_HAND}, read the SQL, and check it in.`);
    return 1;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

process.exit(main());

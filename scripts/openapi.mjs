// The OpenAPI documents, and the lists of routes, events and errors, made from the running contracts and the source:
//
//   node scripts/openapi.mjs           writes apps/*/openapi.json and docs/generated/*
//   node scripts/openapi.mjs --check   fails if what is checked in differs, and says where
//
// Builds the two APIs first: plain Node cannot read their TypeScript.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { errorsPage, eventsPage, eventsSchema } from './catalogues.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const APIS = [
  { app: 'admin-api', title: 'Admin API' },
  { app: 'storefront-api', title: 'Storefront API' },
];
const isCheck = process.argv.includes('--check');

function build(app) {
  const rolldown = join(root, 'node_modules', '.bin', 'rolldown');
  const built = spawnSync(rolldown, ['-c', 'rolldown.config.mjs'], { cwd: join(root, 'apps', app), encoding: 'utf8' });
  if (built.status === 0) return;
  console.error(`${app} could not be built:\n${built.stdout ?? ''}${built.stderr ?? built.error?.message ?? ''}`);
  process.exit(1);
}

async function describe(app) {
  const { description, eventTypes } = await import(pathToFileURL(join(root, 'apps', app, 'dist', 'describe.js')).href);
  return { ...description, eventTypes };
}

function routesPage(apis) {
  const sections = apis.map(({ title, routes }) => {
    const rows = routes.map(({ method, path, access }) => `| ${method} | \`${path}\` | ${access} |`);
    return [`## ${title}`, '', '| Method | Path | Needs |', '|---|---|---|', ...rows, ''].join('\n');
  });
  const head =
    '# Routes\n\nWritten by `node scripts/openapi.mjs`. "Needs" is a permission of staff (and secret keys), or a scope of API keys.\n';
  return `${head}\n${sections.join('\n')}`;
}

/** Where two texts first differ, for a message that helps. */
function firstDifference(before, after) {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const line = now.findIndex((text, at) => text !== old[at]);
  const at = line < 0 ? now.length : line;
  return `line ${at + 1}\n    checked in: ${old[at] ?? '(end)'}\n    the code:   ${now[at] ?? '(end)'}`;
}

function settle(file, text) {
  let before = '';
  try {
    before = readFileSync(file, 'utf8');
  } catch {
    // not there yet
  }
  if (before === text) return true;
  const name = relative(root, file);
  if (isCheck) {
    console.error(`${name} differs from the code at ${firstDifference(before, text)}\n  Run: node scripts/openapi.mjs`);
    return false;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`wrote ${name}`);
  return true;
}

const described = [];
for (const { app, title } of APIS) {
  build(app);
  described.push({ app, title, ...(await describe(app)) });
}
const { eventTypes } = described.find(({ app }) => app === 'admin-api');
const generated = (name) => join(root, 'docs', 'generated', name);
const settled = [
  ...described.map(({ app, document }) =>
    settle(join(root, 'apps', app, 'openapi.json'), `${JSON.stringify(document, null, 2)}\n`),
  ),
  settle(generated('routes.md'), routesPage(described)),
  settle(generated('events.md'), eventsPage(eventTypes)),
  settle(generated('events.schema.json'), `${JSON.stringify(eventsSchema(eventTypes), null, 2)}\n`),
  settle(generated('errors.md'), errorsPage(root)),
];
process.exit(settled.every(Boolean) ? 0 : 1);

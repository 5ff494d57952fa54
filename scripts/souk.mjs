// npm run souk -- <command>: the souk command beside the npm start that runs in this folder: with its settings, at its
// address, and, where nobody else is named, as the owner of the first demo company.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataDir, root, toolEnvironment } from './checkout.mjs';
import { readRunning } from './running.mjs';

const COMMAND = join(root, 'apps', 'cli', 'dist', 'main.js');
/** With one of them somebody has said who asks. */
const PERSON_SETTINGS = ['SOUK_API_KEY', 'SOUK_TOKEN', 'SOUK_COMPANY', 'SOUK_EMAIL', 'SOUK_PASSWORD'];

const running = readRunning();
const isElsewhere = Boolean(process.env.DATABASE_URL || process.env.SOUK_URL);
if ((!running && !isElsewhere) || !existsSync(COMMAND)) {
  console.error(
    'npm start does not run in this folder. Start it (it also builds the command), or name another deployment by ' +
      'SOUK_URL or DATABASE_URL.',
  );
  process.exit(1);
}

const child = spawn(process.execPath, ['--enable-source-maps', COMMAND, ...process.argv.slice(2)], {
  // Paths of files are meant from where npm was called.
  cwd: process.env.INIT_CWD ?? process.cwd(),
  env: toolEnvironment(running ? { ...besideStart(running), ...ownWords() } : ownWords()),
  stdio: 'inherit',
});
// A Ctrl-C goes to both; the command ends by itself, and this waits for it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 0 : 1)));

function besideStart({ adminUrl, settings = {} }) {
  return {
    NODE_ENV: 'development',
    ...settings,
    SOUK_URL: adminUrl,
    // Logins end with the data they belong to.
    SOUK_CONFIG_DIR: join(dataDir, 'souk'),
    ...(PERSON_SETTINGS.some((name) => process.env[name]) ? {} : demoOwner(settings.SEED_STATE)),
  };
}

/** What somebody set for the command itself goes before what is found here. */
function ownWords() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('SOUK_')));
}

function demoOwner(file) {
  try {
    const demo = JSON.parse(readFileSync(file, 'utf8')).find(({ owner }) => owner.password);
    return { SOUK_COMPANY: demo.handle, SOUK_EMAIL: demo.owner.email, SOUK_PASSWORD: demo.owner.password };
  } catch {
    return {}; // The command says how to log in.
  }
}

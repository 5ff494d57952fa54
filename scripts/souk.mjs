// npm run souk -- <command>: the souk command beside the npm start that runs in this folder: with its settings, at its
// address, and, where nobody else is named, as the owner of the first demo company. Where another deployment is named (a
// DATABASE_…URL, SOUK_URL, --url), with nothing of all that.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root, toolEnvironment } from './checkout.mjs';
import { commandSettings, readRunning } from './running.mjs';

const COMMAND = join(root, 'apps', 'cli', 'dist', 'main.js');

const words = process.argv.slice(2);
const running = readRunning();
const { isElsewhere, settings } = commandSettings(running, words, process.env);
if ((!running && !isElsewhere) || !existsSync(COMMAND)) {
  console.error(
    'npm start does not run in this folder. Start it (it also builds the command), or name another deployment by ' +
      'SOUK_URL or DATABASE_URL.',
  );
  process.exit(1);
}

const child = spawn(process.execPath, ['--enable-source-maps', COMMAND, ...words], {
  // Paths of files are meant from where npm was called.
  cwd: process.env.INIT_CWD ?? process.cwd(),
  env: toolEnvironment(settings),
  stdio: 'inherit',
});
// A Ctrl-C goes to both; the command ends by itself, and this waits for it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 0 : 1)));

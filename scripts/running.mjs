// Where the running npm start of this folder is to be found: .data/running.json, from ready to stopped.

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataDir } from './checkout.mjs';
import { lockHolder } from './lock.mjs';

const FILE = join(dataDir, 'running.json');

/**
 * @param {{ adminUrl: string, storefrontUrl: string, mailboxUrl?: string, paystackUrl?: string,
 *   settings: Record<string, string> }} running `settings`: the environment of its processes, with secrets
 */
export function writeRunning(running) {
  const unfinished = `${FILE}.new`;
  writeFileSync(unfinished, `${JSON.stringify({ pid: process.pid, ...running }, null, 2)}\n`, { mode: 0o600 });
  renameSync(unfinished, FILE);
}

export const forgetRunning = () => rmSync(FILE, { force: true });

/** What was written, unless whoever wrote it is gone. */
export function readRunning() {
  try {
    const { pid, ...running } = JSON.parse(readFileSync(FILE, 'utf8'));
    return pid === lockHolder('start') ? running : undefined;
  } catch {
    return undefined; // None runs.
  }
}

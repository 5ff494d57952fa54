// Is the process of this container alive? /healthz, not /readyz: a database that is away is no reason to restart us.

import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TIMEOUT_MS = 2_000;

const portOf = {
  admin: process.env.ADMIN_PORT,
  storefront: process.env.STOREFRONT_PORT,
  worker: process.env.METRICS_PORT,
};

const name = readFileSync(join(process.env.TMPDIR ?? tmpdir(), 'souk-process'), 'utf8').trim();
// A job (migrate, cli …) has no port: it is well as long as it runs.
if (!(name in portOf)) process.exit(0);

const port = portOf[name];
const url = `http://127.0.0.1:${port}/healthz`;
try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (answer.ok) process.exit(0);
  console.error(`${name} answered ${answer.status} at ${url}`);
} catch (error) {
  console.error(`${name} does not answer at ${url}: ${error instanceof Error ? error.message : error}`);
}
process.exit(1);

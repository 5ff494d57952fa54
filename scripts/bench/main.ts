import { benchApiKey } from './api-key.ts';
import { benchCatalogue } from './catalogue.ts';
import { type Deployment, deploy } from './deployment.ts';
import { benchLoginFlood } from './login-flood.ts';
import { benchImport } from './product-import.ts';
import { line, type Outcome } from './rounds.ts';
import { benchSelling } from './selling.ts';
import { benchUnitOfWork } from './unit-of-work.ts';
import { benchWebhooks } from './webhooks.ts';

type Row = (deployment: Deployment) => Promise<Outcome | readonly Outcome[]>;

/** Rows by group: `pnpm bench catalogue` runs one of them. */
const GROUPS: Record<string, readonly Row[]> = {
  core: [({ databaseUrl }) => benchUnitOfWork(databaseUrl), benchApiKey, benchLoginFlood],
  catalogue: [benchCatalogue],
  import: [benchImport],
  selling: [benchSelling],
  webhooks: [benchWebhooks],
};

/** `pnpm bench`: every row against a bare one in the same run. Exit code 1 when a goal was missed. */
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in GROUPS));
if (unknown !== undefined)
  throw new Error(`There is no group "${unknown}". Expected one of ${Object.keys(GROUPS).join(', ')}.`);
const rows = (asked.length > 0 ? asked : Object.keys(GROUPS)).flatMap((name) => GROUPS[name] ?? []);
const deployment = await deploy();
try {
  for (const row of rows) {
    for (const outcome of [await row(deployment)].flat()) {
      process.stdout.write(`${line(outcome)}\n\n`);
      const ratio = outcome.ours / outcome.bare;
      if (outcome.isLatency ? ratio > outcome.goal : ratio < outcome.goal) process.exitCode = 1;
    }
  }
} finally {
  await deployment.stop();
}

import { benchApiKey } from './api-key.ts';
import { deploy } from './deployment.ts';
import { benchLoginFlood } from './login-flood.ts';
import { line, type Outcome } from './rounds.ts';
import { benchUnitOfWork } from './unit-of-work.ts';

/** `pnpm bench`: every row against a bare one in the same run. Exit code 1 when a goal was missed. */
const deployment = await deploy();
try {
  const rows: (() => Promise<Outcome>)[] = [
    () => benchUnitOfWork(deployment.databaseUrl),
    () => benchApiKey(deployment),
    () => benchLoginFlood(deployment),
  ];
  for (const row of rows) {
    const outcome = await row();
    process.stdout.write(`${line(outcome)}\n\n`);
    const ratio = outcome.ours / outcome.bare;
    if (outcome.isLatency ? ratio > outcome.goal : ratio < outcome.goal) process.exitCode = 1;
  }
} finally {
  await deployment.stop();
}

import type { TestDatabase } from '@souk/domain/testing/database';
import { expectInvariants } from '@souk/domain/testing/invariants';
import type { Running } from '@souk/local/testing/processes';
import type { CrashLab } from './crash-lab.ts';
import { type Clean, SCENARIOS, type Scenario, type ScenarioName, Stage, type Step } from './crash-scenarios.ts';
import { type Heard, persistently } from './shopper.ts';

const DIES_WITHIN_MS = 45_000;

/**
 * Plays a scenario with a process that dies at a point, brings the process back, repeats the request as a client would,
 * lets a worker run, and holds what is there against the provider's books and the invariants. A point that is not reached
 * fails. `worker` gives a worker that lives; of a scenario in which a worker dies it is called after the death.
 */
export async function dieAt(
  db: TestDatabase,
  lab: CrashLab,
  clean: Clean,
  { name, point, worker }: { name: ScenarioName; point: string; worker: () => Promise<unknown> },
): Promise<void> {
  const scenario: Scenario = SCENARIOS[name];
  const stage = await Stage.set(db, lab, clean);
  const step = await scenario.prepare(stage);
  const victim = await lab.start(scenario.dies, { at: point });
  // Whoever asked hears that the connection broke, or nothing any more.
  const unheard = step.act?.(victim.url).catch(() => undefined);
  const provoked = step.provoke?.(victim.url);
  await death(victim, point);
  await Promise.all([unheard, provoked]);
  const answer = await again(lab, clean, scenario, { step, victim });
  stage.shopper.base = clean.storefront;
  await step.goOn?.(answer);
  await worker();
  await stage.settled();
  await stage.expectOutcome(step.outcome(stage));
  await expectInvariants(db, point);
}

async function death(victim: Running, point: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), DIES_WITHIN_MS);
  });
  const signal = await Promise.race([victim.ended, late]);
  clearTimeout(timer);
  if (signal === 'SIGKILL') return;
  await victim.stop();
  throw new Error(
    `The point ${point} was not reached (${signal ?? 'it ended by itself'}). It passed:\n${victim.output()}`,
  );
}

/** The request once more, to a process that lives. What others tell is told again by them, to the same address. */
async function again(
  lab: CrashLab,
  clean: Clean,
  { dies }: Scenario,
  { step, victim }: { step: Step; victim: Running },
): Promise<Heard | undefined> {
  const { act } = step;
  if (act) return persistently(() => act(dies === 'admin' ? clean.admin : clean.storefront));
  if (!step.provoke) return undefined;
  await lab.start(dies, { port: Number(new URL(victim.url).port) });
  await lab.paystack.control.settled();
  return undefined;
}

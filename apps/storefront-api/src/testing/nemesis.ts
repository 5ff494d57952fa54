import { setTimeout as pause } from 'node:timers/promises';
import type { ChaosLab, Post } from './chaos-lab.ts';

const FIRST_PAUSE_MS = 500;

/** Something that breaks, and is whole again when it resolves. `random` decides how. */
export interface Blow {
  readonly name: string;
  strike(lab: ChaosLab, random: () => number): Promise<void>;
}

const between = (random: () => number, from: number, to: number) => Math.round(from + random() * (to - from));
const oneOf = <Item>(items: readonly Item[], random: () => number): Item => {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('Nothing to choose from');
  return item;
};

const killed = (name: string, post: (lab: ChaosLab, random: () => number) => Post): Blow => ({
  name: `kill -9 of ${name}`,
  strike: (lab, random) => lab.kill(post(lab, random)),
});

/** Both lines to PostgreSQL misbehave for a while. */
const lines = (name: string, ms: readonly [number, number], faults: (random: () => number) => object): Blow => ({
  name,
  async strike({ lines: { apis, workers } }, random) {
    const chosen = oneOf([[apis], [workers], [apis, workers]], random);
    const what = faults(random);
    for (const line of chosen) line.set(what);
    await pause(between(random, ...ms));
    for (const line of chosen) line.set({});
  },
});

export const BLOWS = {
  storefront: killed('the storefront API', ({ storefront }) => storefront),
  admin: killed('the admin API', ({ admin }) => admin),
  worker: killed('a worker', ({ workers }, random) => oneOf(workers, random)),
  postgres: {
    name: 'PostgreSQL stops at once and comes back',
    async strike({ postgres }, random) {
      await postgres.crash();
      await pause(between(random, 0, 2_000));
      await postgres.start();
    },
  },
  cut: {
    name: 'connections to PostgreSQL are cut',
    async strike({ lines: { apis, workers } }, random) {
      for (let times = 0; times < 5; times++) {
        for (const line of [apis, workers]) line.cut(() => random() < 0.5);
        await pause(between(random, 20, 300));
      }
    },
  },
  slow: lines('PostgreSQL is far away', [1_000, 3_000], (random) => ({ latencyMs: between(random, 10, 80) })),
  sliced: lines('PostgreSQL is heard in small pieces', [1_000, 2_000], (random) => ({
    sliceBytes: between(random, 7, 60),
  })),
  hung: lines('the line to PostgreSQL stands still', [1_000, 4_000], () => ({ isHung: true })),
} as const satisfies Record<string, Blow>;

export const REDIS_BLOWS = {
  killed: {
    name: 'Redis is killed and comes back empty',
    async strike({ redis }, random) {
      await redis?.kill();
      await pause(between(random, 0, 3_000));
      await redis?.start();
    },
  },
  flushed: {
    name: 'FLUSHALL',
    strike: async ({ redis }) => redis?.flush(),
  },
  hung: {
    name: 'the line to Redis stands still',
    async strike({ redis }, random) {
      redis?.line.set({ isHung: true });
      await pause(between(random, 1_000, 3_000));
      redis?.line.set({});
    },
  },
  cut: {
    name: 'connections to Redis are cut',
    strike: async ({ redis }) => void redis?.line.cut(),
  },
} as const satisfies Record<string, Blow>;

/** Several at the same time. */
export const together = (...blows: Blow[]): Blow => ({
  name: blows.map(({ name }) => name).join(', '),
  strike: async (lab, random) => void (await Promise.all(blows.map((blow) => blow.strike(lab, random)))),
});

/** Every item as often as it stands there, in an order of chance. */
export function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

/** Strikes one blow after the other, with pauses of chance between them that come to about `pauseMs` each. */
export async function rage(
  lab: ChaosLab,
  blows: readonly Blow[],
  { random, pauseMs, say }: { random: () => number; pauseMs: number; say: (line: string) => void },
): Promise<void> {
  await pause(FIRST_PAUSE_MS);
  for (const blow of blows) {
    const begun = Date.now();
    await blow.strike(lab, random);
    say(`${blow.name} (${Date.now() - begun} ms)`);
    await pause(between(random, pauseMs / 2, pauseMs * 1.5));
  }
}

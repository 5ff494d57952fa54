import { setTimeout as pause } from 'node:timers/promises';
import type { ChaosLab, Post } from './chaos-lab.ts';

const FIRST_PAUSE_MS = 500;
const CUTS = 8;
const AFAR_MS = 40;
const WORST_MOMENT_WITHIN_MS = 5_000;

/** Something that breaks, and is whole again when it resolves. `random` decides how. */
export interface Blow {
  readonly name: string;
  strike(lab: ChaosLab, random: () => number, told: () => number): Promise<void>;
}

const between = (random: () => number, from: number, to: number) => Math.round(from + random() * (to - from));
const oneOf = <Item>(items: readonly Item[], random: () => number): Item => {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('Nothing to choose from');
  return item;
};

/** Strikes when the number has risen; or after a while without that. */
async function risen(count: () => number | Promise<number>): Promise<void> {
  const [before, giveUp] = [await count(), Date.now() + WORST_MOMENT_WITHIN_MS];
  while ((await count()) <= before && Date.now() < giveUp) await pause(1);
}

async function dispatched({ postgres }: ChaosLab): Promise<number> {
  const [row] = await postgres.db.admin`select count(*)::int as count from events where dispatched_at is not null`;
  return Number(row?.['count']);
}

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
  workers: {
    name: 'kill -9 of the workers just after events were dispatched',
    async strike(lab) {
      lab.lines.workers.set({ latencyMs: AFAR_MS });
      await risen(() => dispatched(lab));
      const kills = lab.workers.map((worker) => lab.kill(worker));
      lab.lines.workers.set({});
      await Promise.all(kills);
    },
  },
  postgres: {
    name: 'PostgreSQL stops at once, just after somebody was told that something is saved, and comes back',
    async strike({ postgres, lines: { apis } }, random, told) {
      apis.set({ latencyMs: AFAR_MS });
      await risen(told);
      await postgres.crash();
      apis.set({});
      await pause(between(random, 0, 1_000));
      await postgres.start();
    },
  },
  cut: {
    // From afar: then most are cut in the middle of something.
    name: 'PostgreSQL is far away, and connections to it are cut',
    async strike({ lines: { apis, workers } }, random) {
      for (const line of [apis, workers]) line.set({ latencyMs: between(random, 20, 40) });
      for (let times = 0; times < CUTS; times++) {
        await pause(between(random, 100, 400));
        for (const line of [apis, workers]) line.cut(() => random() < 0.5);
      }
      for (const line of [apis, workers]) line.set({});
    },
  },
  slow: lines('PostgreSQL is far away', [500, 1_500], (random) => ({ latencyMs: between(random, 10, 80) })),
  sliced: lines('PostgreSQL is heard in small pieces', [500, 1_000], (random) => ({
    sliceBytes: between(random, 7, 60),
  })),
  hung: lines('the line to PostgreSQL stands still', [800, 2_500], () => ({ isHung: true })),
} as const satisfies Record<string, Blow>;

export const REDIS_BLOWS = {
  killed: {
    name: 'Redis is killed and comes back empty',
    async strike({ redis }, random) {
      await redis?.kill();
      await pause(between(random, 0, 1_500));
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
      await pause(between(random, 800, 2_000));
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
  strike: async (lab, random, told) => void (await Promise.all(blows.map((blow) => blow.strike(lab, random, told)))),
});

/** Every item as often as it stands there, in an order of chance. */
export function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

/**
 * Strikes one blow after the other, with pauses of chance between them that come to about `pauseMs` each. `told`: how many
 * times a client was told that something is saved.
 */
export async function rage(
  lab: ChaosLab,
  blows: readonly Blow[],
  {
    random,
    told,
    pauseMs,
    say,
  }: { random: () => number; told: () => number; pauseMs: number; say: (line: string) => void },
): Promise<void> {
  await pause(FIRST_PAUSE_MS);
  for (const blow of blows) {
    const begun = Date.now();
    await blow.strike(lab, random, told);
    say(`${blow.name} (${Date.now() - begun} ms)`);
    await pause(between(random, pauseMs / 2, pauseMs * 1.5));
  }
}

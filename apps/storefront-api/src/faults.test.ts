import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useChaosLab } from './testing/chaos-lab.ts';
import { ChaosLoad } from './testing/chaos-load.ts';
import { ChaosRecord } from './testing/chaos-record.ts';
import { drained, lookForWrongs } from './testing/chaos-verdict.ts';
import { Merchant } from './testing/merchant.ts';
import { BLOWS, REDIS_BLOWS, rage, shuffled, together } from './testing/nemesis.ts';
import { gracefulStop, migrationWhileServing, postgresOutage, shopDuring, workerStop } from './testing/outages.ts';
import { hasRedis } from './testing/own-redis.ts';
import { seeded } from './testing/seeded.ts';
import { slowest, tally } from './testing/steady-load.ts';

const FAULT_MS = 240_000;
const DRAINED_WITHIN_MS = 120_000;
/** Repeats a run that failed: its seed is in the title. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
/** The goals, on a machine that does nothing else: 503 within a second, back within three, stopped within 25. */
const GOAL = { refusedMs: 1_000, backMs: 3_000, stoppedMs: 25_000 };
/** Tests share the machine with others. */
const GENEROUS = 4;

const lab = useChaosLab({ redis: hasRedis });
const say = (line: string) => console.log(line);
let load: ChaosLoad;
let merchant: Merchant;
const record = new ChaosRecord();
/** Of its own, so that a seed is the same faults in the same order, however far the load has come. */
const random = seeded(SEED);
const chance = seeded(SEED + 1);

beforeAll(async () => {
  load = await ChaosLoad.open(lab, record, chance);
  merchant = await Merchant.open(lab.postgres.db, load.store, chance);
}, FAULT_MS);
afterAll(() => merchant?.close());

test(
  `one of each fault under load: nobody is told a wrong thing, and nothing is lost or done twice (SEED=${SEED})`,
  async () => {
    load.start({
      shoppers: 3,
      staff: 1,
      readers: 1,
      emitters: 1,
      eventsPerEmission: 10,
      emitPauseMs: 150,
      emittedMax: 2_000,
    });
    const { storefront, workers, admin: _, ...others } = BLOWS;
    const blows = [...Object.values(others), ...(hasRedis ? Object.values(REDIS_BLOWS) : [])];
    const all = [together(storefront, workers), ...shuffled(blows, random)];
    await rage(lab, all, {
      random,
      told: load.told,
      pauseMs: 200,
      say: (line) => say(`${record.seconds()} s: ${line}`),
    });
    await load.stop();
    merchant.recover();
    say(`drained in ${await drained(lab, load.store, DRAINED_WITHIN_MS)} ms`);
    await lookForWrongs(lab, load, merchant, record);
    const { delivered, again } = merchant.duplicates();
    say(`${load.bought.length} orders, ${delivered} webhooks, ${again} again, ${JSON.stringify(record.counts)}`);
    expect(record.wrongs, lab.faults()).toEqual([]);
    expect(load.bought.length).toBeGreaterThan(0);
    expect(delivered).toBeGreaterThan(0);
  },
  FAULT_MS,
);

test(
  'PostgreSQL is restarted under load: 503 at once, well by itself soon after, nobody hangs, no process ends',
  async () => {
    const pids = [lab.storefront, ...lab.workers].map(({ running }) => running.pid);
    const outage = await postgresOutage(lab, load, 1_000);
    const { slowestDuringMs, firstCartAfterMs, lastFailureAfterMs, during } = outage;
    say(
      `away: ${JSON.stringify(during)}, slowest ${slowestDuringMs} ms (goal ${GOAL.refusedMs}); back: first cart after ` +
        `${firstCartAfterMs} ms, last failure after ${lastFailureAfterMs} ms (goal ${GOAL.backMs})`,
    );
    expect(outage.wrong, lab.faults()).toEqual([]);
    expect(during['503']).toBeGreaterThan(0);
    expect(slowestDuringMs).toBeLessThan(GOAL.refusedMs * GENEROUS);
    expect(Math.max(firstCartAfterMs, lastFailureAfterMs)).toBeLessThan(GOAL.backMs * GENEROUS);
    expect([lab.storefront, ...lab.workers].map(({ running }) => running.ending() ?? running.pid)).toEqual(pids);
  },
  FAULT_MS,
);

describe.skipIf(!hasRedis)('Redis', () => {
  test(
    'is gone: checkout, login and looking go on, and what was put off is done when it is back',
    async () => {
      await lab.redis?.kill();
      const sent = await shopDuring(lab, load, 2_000).finally(() => lab.redis?.start());
      say(`without Redis: ${JSON.stringify(tally(sent))}, slowest ${slowest(sent)} ms`);
      expect(sent.filter(({ status }) => status >= 300)).toEqual([]);
      say(`drained in ${await drained(lab, load.store, DRAINED_WITHIN_MS)} ms (goal 30000)`);
    },
    FAULT_MS,
  );

  test(
    'answers two seconds late: the same',
    async () => {
      lab.redis?.line.set({ latencyMs: 2_000 });
      const sent = await shopDuring(lab, load, 3_000).finally(() => lab.redis?.line.set({}));
      say(`Redis far away: ${JSON.stringify(tally(sent))}, slowest ${slowest(sent)} ms`);
      expect(sent.filter(({ status }) => status >= 300)).toEqual([]);
    },
    FAULT_MS,
  );
});

test(
  'a migration that adds columns and a table while requests run fails none of them',
  async () => {
    const sent = await migrationWhileServing(lab, load);
    say(`${JSON.stringify(tally(sent))}, slowest ${slowest(sent)} ms`);
    expect(
      sent.filter(({ status }) => status < 200 || status >= 300),
      lab.faults(),
    ).toEqual([]);
  },
  FAULT_MS,
);

test(
  'a worker that is asked to stop in the middle of webhooks holds none afterwards, and none comes twice',
  async () => {
    const before = merchant.duplicates().again;
    const { ending, ms, heardBefore, held, activeJobs, said } = await workerStop(lab, load, merchant);
    await drained(lab, load.store, DRAINED_WITHIN_MS);
    const again = merchant.duplicates().again - before;
    say(`stopped in ${ms} ms (goal ${GOAL.stoppedMs}) after ${heardBefore} webhooks`);
    expect({ ending, held, activeJobs, again }, said).toEqual({
      ending: { code: 0, signal: null },
      held: 0,
      activeJobs: 0,
      again: 0,
    });
    expect(ms).toBeLessThan(GOAL.stoppedMs);
    const after = new ChaosRecord();
    await lookForWrongs(lab, load, merchant, after);
    expect(after.wrongs).toEqual([]);
  },
  FAULT_MS,
);

test(
  'an API that is asked to stop answers everything it was sent, and ends by itself',
  async () => {
    const { ending, ms, inFlight, perSecond, sent } = await gracefulStop(lab, load);
    say(`stopped in ${ms} ms (goal ${GOAL.stoppedMs}) at ${perSecond} requests/s, ${inFlight} in flight`);
    expect(
      sent.filter(({ status }) => status < 200 || status >= 300),
      lab.faults(),
    ).toEqual([]);
    expect(ending).toEqual({ code: 0, signal: null });
    expect(ms).toBeLessThan(GOAL.stoppedMs);
  },
  FAULT_MS,
);

import { afterAll, beforeAll, expect, test } from 'vitest';
import { useChaosLab } from './testing/chaos-lab.ts';
import { ChaosLoad } from './testing/chaos-load.ts';
import { ChaosRecord } from './testing/chaos-record.ts';
import { drained, lookForWrongs } from './testing/chaos-verdict.ts';
import { Merchant } from './testing/merchant.ts';
import { BLOWS, type Blow, REDIS_BLOWS, rage, shuffled } from './testing/nemesis.ts';
import { hasRedis } from './testing/own-redis.ts';
import { seeded } from './testing/seeded.ts';

const EVENTS = 20_000;
/** Each strikes every blow once; the queue is emptied in each. */
const ROUNDS_MIN = 3;
const ROUNDS_MAX = 12;
const CHAOS_MS = 1_200_000;
const DRAINED_WITHIN_MS = 600_000;
/** Repeats a run that failed: its seed is in the title. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

const lab = useChaosLab({ redis: hasRedis, workers: 2 });
/** Of its own, so that a seed is the same faults in the same order, however far the load has come. */
const random = seeded(SEED);
const chance = seeded(SEED + 1);
const record = new ChaosRecord();
const say = (line: string) => console.log(`${record.seconds()} s: ${line}`);
let load: ChaosLoad;
let merchant: Merchant;

beforeAll(async () => {
  load = await ChaosLoad.open(lab, record, chance);
  merchant = await Merchant.open(lab.postgres.db, load.store, chance);
}, CHAOS_MS);
afterAll(() => merchant?.close());

test(
  `${EVENTS} events under chaos: none is lost, none is invented, nobody is told a wrong thing (SEED=${SEED})`,
  async () => {
    load.start({
      shoppers: 6,
      staff: 2,
      readers: 1,
      emitters: 2,
      eventsPerEmission: 40,
      emitPauseMs: 150,
      emittedMax: EVENTS,
    });
    const blows: Blow[] = [...Object.values(BLOWS), ...(hasRedis ? Object.values(REDIS_BLOWS) : [])];
    for (let round = 0; round < ROUNDS_MAX; round++) {
      await rage(lab, shuffled(blows, random), { random, told: load.told, pauseMs: 500, say });
      const [row] = await lab.postgres.db.admin`select count(*)::int as count from events`;
      say(`${row?.['count']} events, ${load.bought.length} orders, ${merchant.well.received.size} webhooks taken`);
      if (round + 1 >= ROUNDS_MIN && load.emitted() >= EVENTS) break;
    }
    await load.stop();
    merchant.recover();
    say(`what clients saw: ${JSON.stringify(record.counts)}, the slowest after ${record.slowestMs} ms`);
    say(`drained in ${await drained(lab, load.store, DRAINED_WITHIN_MS, say)} ms`);
    await lookForWrongs(lab, load, merchant, record);
    const { delivered, again } = merchant.duplicates();
    const share = ((100 * again) / delivered).toFixed(2);
    say(`${load.bought.length} orders; ${delivered} events delivered, ${again} once more (${share} %, goal 2 %)`);
    expect(record.wrongs, lab.faults()).toEqual([]);
    expect(delivered).toBeGreaterThan(EVENTS);
  },
  CHAOS_MS,
);

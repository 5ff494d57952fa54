import { afterAll, beforeAll, expect, test } from 'vitest';
import { useChaosLab } from './testing/chaos-lab.ts';
import { ChaosLoad } from './testing/chaos-load.ts';
import { ChaosRecord } from './testing/chaos-record.ts';
import { drained, lookForWrongs } from './testing/chaos-verdict.ts';
import { Merchant } from './testing/merchant.ts';
import { gracefulStop, postgresOutage, shopDuring, workerStop } from './testing/outages.ts';
import { hasRedis } from './testing/own-redis.ts';
import { seeded } from './testing/seeded.ts';
import { slowest, tally } from './testing/steady-load.ts';

const FAULT_MS = 600_000;
const DRAINED_WITHIN_MS = 120_000;
const REDIS_AWAY_MS = 60_000;
/** See faults.test.ts. */
const GOAL = { refusedMs: 1_000, backMs: 3_000, drainedMs: 30_000, stoppedMs: 25_000 };
const GENEROUS = 4;

const lab = useChaosLab({ redis: hasRedis });
const say = (line: string) => console.log(line);
let load: ChaosLoad;
let merchant: Merchant;

beforeAll(async () => {
  const random = seeded(1);
  load = await ChaosLoad.open(lab, new ChaosRecord(), random);
  merchant = await Merchant.open(lab.postgres.db, load.store, random);
  merchant.recover(); // what breaks here is ours
}, FAULT_MS);
afterAll(() => merchant?.close());

test.each([1, 2, 3])(
  'PostgreSQL is away for five seconds under load, and everything is well by itself soon after (%i of 3)',
  async () => {
    const outage = await postgresOutage(lab, load, 5_000);
    const { slowestDuringMs, firstCartAfterMs, lastFailureAfterMs, during } = outage;
    say(`${JSON.stringify(during)}, slowest ${slowestDuringMs} ms (goal ${GOAL.refusedMs}); back after`);
    say(`${firstCartAfterMs} ms, last failure after ${lastFailureAfterMs} ms (goal ${GOAL.backMs})`);
    expect(outage.wrong, lab.faults()).toEqual([]);
    expect(slowestDuringMs).toBeLessThan(GOAL.refusedMs * GENEROUS);
    expect(Math.max(firstCartAfterMs, lastFailureAfterMs)).toBeLessThan(GOAL.backMs * GENEROUS);
    expect(lab.casualties()).toEqual([]);
  },
  FAULT_MS,
);

test.skipIf(!hasRedis)(
  'Redis is gone for a minute: checkout, login and looking go on, and nothing of it is lost',
  async () => {
    await lab.redis?.kill();
    const sent = await shopDuring(lab, load, REDIS_AWAY_MS).finally(() => lab.redis?.start());
    const ms = await drained(lab, load.store, DRAINED_WITHIN_MS);
    say(`${JSON.stringify(tally(sent))}, slowest ${slowest(sent)} ms; drained in ${ms} ms (goal ${GOAL.drainedMs})`);
    expect(sent.filter(({ status }) => status >= 300)).toEqual([]);
    expect(ms).toBeLessThan(GOAL.drainedMs * GENEROUS);
  },
  FAULT_MS,
);

test.each(Array.from({ length: 8 }, (_, at) => at + 1))(
  'an API that is asked to stop answers everything it was sent, and ends by itself (%i of 8)',
  async () => {
    const { ending, ms, inFlight, perSecond, sent } = await gracefulStop(lab, load);
    await lab.restart(lab.storefront);
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

test.each([1, 2, 3])(
  'a worker that is asked to stop in the middle of webhooks holds none afterwards, and none comes twice (%i of 3)',
  async () => {
    const before = merchant.duplicates().again;
    const { ending, ms, heardBefore, held, activeJobs, said } = await workerStop(lab, load, merchant);
    await drained(lab, load.store, DRAINED_WITHIN_MS);
    const again = merchant.duplicates().again - before;
    say(`stopped in ${ms} ms (goal ${GOAL.stoppedMs}) after ${heardBefore} webhooks`);
    const clean = { ending: { code: 0, signal: null }, held: 0, activeJobs: 0, again: 0 };
    expect({ ending, held, activeJobs, again }, said).toEqual(clean);
    expect(ms).toBeLessThan(GOAL.stoppedMs);
  },
  FAULT_MS,
);

test(
  'after all of it everything is true',
  async () => {
    const record = new ChaosRecord();
    await lookForWrongs(lab, load, merchant, record);
    expect(record.wrongs, lab.faults()).toEqual([]);
  },
  FAULT_MS,
);

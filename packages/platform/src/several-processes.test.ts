import { revokeKey } from '@souk/domain/identity/api-keys/api-keys.service';
import { newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { Limits } from './limits.ts';
import { openRedis } from './redis.ts';
import { useApi } from './testing/app.ts';
import { GoodsController } from './testing/door-fixture.ts';
import { givenShopAtDoor } from './testing/given-keys.ts';
import { hearTouched, TOUCHED_CHANNEL, tellTouched } from './touched.ts';

const redisUrl = process.env['SOUK_TEST_REDIS_URL'];
const log = pino({ level: 'silent' });

const until = async (what: string, ask: () => boolean | Promise<boolean>) => {
  // Well below the five seconds after which the cache would forget by itself.
  for (const giveUp = Date.now() + 2_000; Date.now() < giveUp; ) {
    if (await ask()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${what} did not happen within two seconds`);
};

describe.runIf(redisUrl)('two processes with Redis', () => {
  const db = useDatabase();
  const api = { name: 'storefront' as const, controllers: [GoodsController] };
  const env = { REDIS_URL: redisUrl, RATE_LIMIT_PER_KEY: '40' };
  const here = useApi(api, db, env);
  const there = useApi(api, db, env);

  test('what one process revokes, the other refuses long before its memory ends', async () => {
    const shop = await givenShopAtDoor(db, here);
    const { id, key } = await shop.mint({});
    const status = async () => (await there.call('GET', '/v1/goods', { key })).status;
    await until('the line', async () => (await here.parts.readiness.health()).isReady);
    expect(await status()).toBe(200);
    await here.parts.database.run(shop.system, (ctx) => revokeKey(ctx, id));
    await until('the refusal', async () => (await status()) === 401);
  });

  test('the two share the limit of a key', async () => {
    const { key } = await (await givenShopAtDoor(db, here)).mint({});
    const statuses: number[] = [];
    for (let i = 0; i < 30; i++) statuses.push((await here.call('GET', '/v1/goods', { key })).status);
    expect(statuses.every((status) => status === 200)).toBe(true);
    await until('the limit', async () => (await there.call('GET', '/v1/goods', { key })).status === 429);
  });

  test('readiness asks Redis, too', async () => {
    expect((await here.parts.readiness.health()).checks).toEqual({ database: 'ok', redis: 'ok' });
  });
});

describe.runIf(redisUrl)('the line between processes', () => {
  const open: Redis[] = [];
  const connect = (purpose: string) => {
    const redis = openRedis(redisUrl ?? '', log, purpose);
    open.push(redis);
    return redis;
  };
  afterAll(() => open.map((redis) => redis.disconnect()));

  test('only ids of companies are taken from it', async () => {
    const heard: string[] = [];
    await hearTouched(connect('subscriber'), {
      touched: (companyId) => void heard.push(companyId),
      missed: () => undefined,
    });
    const speaker = connect('commands');
    await until('the connection', () => speaker.status === 'ready');
    const companyId = newId('com');
    for (const junk of ['', '*', 'com_x', newId('stf'), "com_'; drop table companies; --"])
      await speaker.publish(TOUCHED_CHANNEL, junk);
    tellTouched(speaker, companyId, log);
    await until('the news', () => heard.length > 0);
    expect(heard).toEqual([companyId]);
  });

  test('after the line was down everything is believed stale', async () => {
    let missed = 0;
    const subscriber = connect('subscriber');
    await hearTouched(subscriber, { touched: () => undefined, missed: () => missed++ });
    const before = missed;
    subscriber.disconnect(true);
    await until('the reconnection', () => missed > before);
  });
});

test('a process whose Redis is away counts by itself, and neither fails nor waits', async () => {
  const redis = openRedis('redis://127.0.0.1:1', log, 'commands');
  const limits = new Limits({ perMinute: { key: 2, company: 100, address: 100 } });
  limits.settleThrough(redis, log);
  limits.count('key', 'a');
  await new Promise((resolve) => setTimeout(resolve, 1_100)); // two settlements fail meanwhile
  limits.count('key', 'a');
  expect(() => limits.count('key', 'a')).toThrow('Too many requests');
  limits.stop();
  redis.disconnect();
});

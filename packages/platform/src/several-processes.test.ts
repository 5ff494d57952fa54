import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
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

if (!redisUrl) console.warn('SOUK_TEST_REDIS_URL is not set: what processes tell each other is not tested.');

/** A way to Redis that ends every connection until it is opened. */
async function closedGate(url: string) {
  const { hostname, port } = new URL(url);
  let isOpen = false;
  let refusals = 0;
  const through = new Set<Socket>();
  const server = createServer((near) => {
    near.on('error', () => undefined);
    if (!isOpen) {
      refusals += 1;
      return void near.destroy();
    }
    const far = createConnection({ host: hostname, port: Number(port) });
    far.on('error', () => near.destroy());
    near.pipe(far).pipe(near);
    through.add(near).add(far);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const there = new URL(url);
  there.host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  return {
    url: there.href,
    refusals: () => refusals,
    open: () => {
      isOpen = true;
    },
    close: () => {
      for (const socket of through) socket.destroy();
      server.close();
    },
  };
}

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
    const { key } = await (await givenShopAtDoor(db, here)).mint({ type: 'secret', scopes: ['store.read'] });
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
  const connect = (purpose: string, url = redisUrl ?? '') => {
    const redis = openRedis(url, log, purpose);
    open.push(redis);
    return redis;
  };
  afterAll(() => open.map((redis) => redis.disconnect()));

  test('only ids of companies, and of a customer behind one, are taken from it', async () => {
    const heard: string[] = [];
    let isHearing = false;
    const missed = () => {
      isHearing = true;
    };
    const touched = (...about: (string | undefined)[]) => void heard.push(about.filter(Boolean).join(' '));
    hearTouched(connect('subscriber'), { touched, missed }, log);
    const speaker = connect('commands');
    await until('the line', () => isHearing);
    await until('the connection', () => speaker.status === 'ready');
    const companyId = newId('com');
    const customerId = newId('cus');
    for (const junk of ['', '*', 'com_x', newId('stf'), `${companyId} cus_x`, "com_'; drop table companies; --"])
      await speaker.publish(TOUCHED_CHANNEL, junk);
    tellTouched(speaker, companyId, log);
    tellTouched(speaker, companyId, log, customerId);
    await until('the news', () => heard.length > 1);
    expect(heard).toEqual([companyId, `${companyId} ${customerId}`]);
  });

  test('after the line was down everything is believed stale', async () => {
    let missed = 0;
    const subscriber = connect('subscriber');
    hearTouched(subscriber, { touched: () => undefined, missed: () => missed++ }, log);
    await until('the line', () => missed > 0);
    const before = missed;
    subscriber.disconnect(true);
    await until('the reconnection', () => missed > before);
  });

  test('a process that starts while Redis is away hears as soon as it is there, and believes nothing from before', async () => {
    const gate = await closedGate(redisUrl ?? '');
    const subscriber = connect('subscriber', gate.url);
    const heard: string[] = [];
    let missed = 0;
    hearTouched(subscriber, { touched: (companyId) => void heard.push(companyId), missed: () => missed++ }, log);
    // Longer than one command waits for a connection: whoever asks once has given up by now.
    await until('the second try', () => gate.refusals() > 2);
    expect(missed).toBe(0);
    gate.open();
    await until('the line', () => missed > 0);
    const speaker = connect('commands');
    await until('the connection', () => speaker.status === 'ready');
    const companyId = newId('com');
    tellTouched(speaker, companyId, log);
    await until('the news', () => heard.includes(companyId));
    subscriber.disconnect();
    gate.close();
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

import {
  ATTEMPT_LIMITS,
  type Attempts,
  accountFromKey,
  accountKey,
  addressKey,
  TooManyAttempts,
} from '@souk/domain/identity/sessions/attempts';
import { useDatabase } from '@souk/domain/testing/database';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { AttemptsUnavailable, attemptsInsured, attemptsOnPostgres, attemptsOnRedis } from './attempts.ts';
import { openRedis } from './redis.ts';

const db = useDatabase();
const log = pino({ level: 'silent' });
const closing: (() => unknown)[] = [];
afterAll(() => Promise.all(closing.map((close) => close())));

const onPostgres = (prepare = true) => {
  const attempts = attemptsOnPostgres(db.urls.app, log, { prepare });
  closing.push(() => attempts.close());
  return attempts;
};
const redisUrl = process.env['SOUK_TEST_REDIS_URL'];
const onRedis = () => {
  const redis = openRedis(redisUrl ?? '', log, 'commands');
  closing.push(() => redis.disconnect());
  return redis.status === 'ready'
    ? attemptsOnRedis(redis)
    : new Promise<Attempts>((resolve) => redis.once('ready', () => resolve(attemptsOnRedis(redis))));
};

const outcome = (attempts: Attempts, key: string) =>
  attempts.consume('login', key).then(
    () => 'counted',
    (error: unknown) => error,
  );

const stores: [string, boolean, () => Attempts | Promise<Attempts>][] = [
  ['PostgreSQL', true, () => onPostgres()],
  ['PostgreSQL behind a pooler', true, () => onPostgres(false)],
  ['Redis', redisUrl !== undefined, onRedis],
];

describe.each(stores)('on %s', (_name, isThere, open) => {
  const { points, seconds } = ATTEMPT_LIMITS.login.subject;
  let serial = 0;
  const typed = () => [`shop-${process.pid}-${Date.now()}`, `ada${++serial}@example.com`] as const;
  const account = () => accountFromKey(...typed(), '192.0.2.9');

  test.runIf(isThere)('so many tries, then a wait; only the first refusal says it is the first', async () => {
    const attempts = await open();
    const key = account();
    for (let i = 0; i < points; i++) expect(await outcome(attempts, key)).toBe('counted');
    const first = await outcome(attempts, key);
    expect(first).toBeInstanceOf(TooManyAttempts);
    expect(first).toMatchObject({ isFirst: true, status: 429 });
    expect((first as TooManyAttempts).retryAfterSeconds).toBeGreaterThan(seconds - 60);
    expect(await outcome(attempts, key)).toMatchObject({ isFirst: false });
  });

  test.runIf(isThere)('processes count together, and at once: of forty tries exactly ten are let through', async () => {
    const processes = await Promise.all([open(), open()]);
    const key = account();
    const outcomes = await Promise.all(
      processes.flatMap((attempts) => Array.from({ length: 20 }, () => outcome(attempts, key))),
    );
    expect(outcomes.filter((one) => one === 'counted')).toHaveLength(points);
    expect(outcomes.filter((one) => one instanceof TooManyAttempts && one.isFirst)).toHaveLength(1);
  });

  test.runIf(isThere)('an account has more tries from everywhere together than from one network', async () => {
    const attempts = await open();
    const key = accountKey(...typed());
    for (let i = 0; i < 100; i++) expect(await outcome(attempts, key)).toBe('counted');
    expect(await outcome(attempts, key)).toMatchObject({ isFirst: true, status: 429 });
  });

  test.runIf(isThere)('accounts, kinds and addresses are counted apart, and a forgiven one begins anew', async () => {
    const attempts = await open();
    const key = account();
    for (let i = 0; i < points; i++) await attempts.consume('login', key);
    expect(await outcome(attempts, account())).toBe('counted');
    await attempts.consume('mfa', key);
    await attempts.consume('login', addressKey(`192.0.2.${serial}`));
    await attempts.forgive('login', key);
    expect(await outcome(attempts, key)).toBe('counted');
  });
});

test('DATABASE_PREPARE=false names no statement: behind a pooler it would be there on another connection', async () => {
  const query = vi.spyOn(pg.Pool.prototype, 'query');
  const namesOf = async (attempts: Attempts) => {
    query.mockClear();
    await attempts.consume('login', addressKey('192.0.2.77'));
    await attempts.forgive('login', addressKey('192.0.2.77'));
    return query.mock.calls.map(([asked]: unknown[]) => (asked as { name?: string }).name); // a statement, or its text
  };
  const unnamed = await namesOf(onPostgres(false));
  expect(unnamed.length).toBeGreaterThan(1);
  expect(unnamed.every((name) => name === undefined)).toBe(true);
  expect((await namesOf(onPostgres())).every((name) => name !== undefined)).toBe(true);
  query.mockRestore();
});

test('without a counter the sentence fits whatever was tried', () => {
  expect(new AttemptsUnavailable('away').message).not.toMatch(/log/i);
});

test('when the counter cannot be reached nobody gets to guess', async () => {
  const nowhere = attemptsOnPostgres('postgres://souk_app:x@127.0.0.1:1/souk', log, { prepare: true });
  closing.push(() => nowhere.close());
  expect(await outcome(nowhere, addressKey('192.0.2.1'))).toBeInstanceOf(AttemptsUnavailable);
  await expect(nowhere.forgive('login', 'x')).rejects.toBeInstanceOf(AttemptsUnavailable);
  const redis = openRedis('redis://127.0.0.1:1', log, 'commands');
  closing.push(() => redis.disconnect());
  expect(await outcome(attemptsOnRedis(redis), addressKey('192.0.2.1'))).toMatchObject({
    status: 503,
    code: 'attempts_unavailable',
  });
});

test('while Redis is away tries are counted in PostgreSQL, and are as limited there', async () => {
  const redis = openRedis('redis://127.0.0.1:1', log, 'commands');
  closing.push(() => redis.disconnect());
  const attempts = attemptsInsured(attemptsOnRedis(redis), onPostgres());
  const key = accountFromKey('shop', `${Date.now()}@example.com`, '192.0.2.9');
  for (let i = 0; i < ATTEMPT_LIMITS.login.subject.points; i++) expect(await outcome(attempts, key)).toBe('counted');
  expect(await outcome(attempts, key)).toBeInstanceOf(TooManyAttempts);
  await attempts.forgive('login', key);
  expect(await outcome(attempts, key)).toBe('counted');
});

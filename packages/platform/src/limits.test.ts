import { newId } from '@souk/domain/kernel/ids';
import { expect, test } from 'vitest';
import { rateHeaders } from './http/rate-headers.ts';
import { type LimitKind, Limits, RateLimited } from './limits.ts';

let now = 1_000_000;
const limits = (perMinute: Partial<Record<LimitKind, number>> = {}) =>
  new Limits({ perMinute: { key: 3, company: 100, address: 10, ...perMinute }, now: () => now });

/** What all processes together know, as Redis keeps it. */
function store() {
  const kept = new Map<string, { used: number; endsAt: number }>();
  return async (kind: string, name: string, used: number) => {
    const bucket = kept.get(`${kind} ${name}`) ?? { used: 0, endsAt: now + 60_000 };
    bucket.used += used;
    kept.set(`${kind} ${name}`, bucket);
    return { used: bucket.used, endsInMs: bucket.endsAt - now };
  };
}

test('so many requests a minute, then 429 until the minute is over', () => {
  const some = limits();
  expect([1, 2, 3].map(() => some.count('key', 'a').left)).toEqual([2, 1, 0]);
  now += 20_000;
  expect(() => some.count('key', 'a')).toThrow('Too many requests with this API key. Try again in 40 seconds.');
  expect(some.count('key', 'b').left).toBe(2);
  now += 40_000;
  expect(some.count('key', 'a').left).toBe(2);
});

test('the limit of a company holds for all its keys, and the header tells the tighter one', () => {
  const some = limits({ key: 50, company: 4 });
  const company = newId('com');
  for (const key of ['a', 'b', 'c']) expect(some.countKey(company, key).kind).toBe('company');
  some.countKey(company, 'd');
  expect(() => some.countKey(company, 'e')).toThrow('for this company');
  expect(() => some.countKey(newId('com'), 'e')).not.toThrow();
});

test('an address that has used up its requests is refused before anything is looked up', () => {
  const some = limits();
  expect(() => some.refuseIfSpent('address', '192.0.2.1')).not.toThrow();
  some.count('address', '192.0.2.1', 10);
  expect(() => some.refuseIfSpent('address', '192.0.2.1')).toThrow(RateLimited);
});

test('a visitor is counted by address and company: who uses up one address closes the shop to nobody else', () => {
  const some = limits({ address: 4, key: 1 });
  const company = newId('com');
  for (let i = 0; i < 4; i++) some.countVisitor(company, '192.0.2.1');
  expect(() => some.countVisitor(company, '192.0.2.1')).toThrow('from this address');
  expect(some.countVisitor(company, '192.0.2.2').left).toBe(3);
});

test('what is held counts until it is given back, also with the other processes', async () => {
  const [one, two] = [limits(), limits()];
  const giveBack = one.hold('address', 'a', 10);
  expect(() => one.hold('address', 'a', 10)).toThrow(RateLimited);
  const add = store();
  await one.settle(add);
  giveBack();
  expect(one.count('address', 'a').left).toBe(9);
  await one.settle(add);
  two.count('address', 'a');
  await two.settle(add);
  expect(two.count('address', 'a').left).toBe(7);
});

test('what is given back after the minute is over does not count for the next one', () => {
  const some = limits();
  const giveBack = some.hold('address', 'a', 10);
  now += 60_000;
  some.count('address', 'a');
  giveBack();
  expect(some.count('address', 'a').left).toBe(8);
});

test('processes that settle share one limit', async () => {
  const [one, two] = [limits({ key: 10 }), limits({ key: 10 })];
  const add = store();
  for (let i = 0; i < 6; i++) one.count('key', 'a');
  for (let i = 0; i < 4; i++) two.count('key', 'a');
  await one.settle(add);
  await two.settle(add);
  expect(() => two.count('key', 'a')).toThrow(RateLimited);
  one.count('key', 'a'); // it has not heard of the others yet
  await one.settle(add);
  expect(() => one.count('key', 'a')).toThrow(RateLimited);
});

test('what is counted while the store is asked is not lost, and what could not be told is told later', async () => {
  const one = limits({ key: 10 });
  one.count('key', 'a');
  await expect(one.settle(async () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  const add = store();
  await one.settle(async (kind, name, used) => {
    one.count('key', 'a');
    return add(kind, name, used);
  });
  expect(one.count('key', 'a').left).toBe(7);
  await one.settle(add);
  expect(one.count('key', 'a').left).toBe(6);
});

test('counts that are over are forgotten, and names are bounded', async () => {
  const some = limits();
  for (let i = 0; i < 100_500; i++) some.count('address', `address ${i}`);
  const buckets: Record<LimitKind, Map<string, unknown>> = Reflect.get(some, 'buckets');
  expect(buckets.address.size).toBe(100_000);
  now += 60_001;
  await some.settle(store());
  expect(buckets.address.size).toBe(0);
});

test('the headers follow the draft', () => {
  const some = limits({ key: 3, company: 100, address: 10 });
  const company = newId('com');
  expect(some.countKey(company, 'a').policy).toBe('"key";q=3;w=60, "company";q=100;w=60');
  expect(some.countVisitor(company, '192.0.2.1').policy).toBe('"address";q=10;w=60, "company";q=100;w=60');
  expect(some.count('company', company).policy).toBe('"company";q=100;w=60');
  expect(rateHeaders(some.count('address', '192.0.2.9'))).toEqual({
    ratelimit: '"address";r=9;t=60',
    'ratelimit-policy': '"address";q=10;w=60',
  });
});

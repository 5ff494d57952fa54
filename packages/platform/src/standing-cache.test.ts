import { type CompanyId, newId } from '@souk/domain/kernel/ids';
import { beforeEach, expect, test } from 'vitest';
import { StandingCache } from './standing-cache.ts';

const company = newId('com');
let now = 0;
let cache: StandingCache<string>;
let loads = 0;

beforeEach(() => {
  now = 1_000;
  loads = 0;
  cache = new StandingCache({ now: () => now, max: 3 });
});

const ask = (name: string, value: string | undefined, companyId: CompanyId = company) =>
  cache.get(companyId, name, async () => {
    loads += 1;
    return value;
  });

function held(): { value: Promise<string | undefined>; arrive(value: string | undefined): void } {
  let arrive: (value: string | undefined) => void = () => undefined;
  const value = new Promise<string | undefined>((resolve) => {
    arrive = resolve;
  });
  return { value, arrive };
}

test('a standing is loaded once in five seconds, counted from the start of the load', async () => {
  const slow = held();
  const first = cache.get(company, 'a', () => slow.value);
  now += 3_000;
  slow.arrive('good');
  expect(await first).toBe('good');
  now += 1_999;
  expect(cache.peek('a')).toBe('good');
  now += 1;
  expect(cache.peek('a')).toBeUndefined();
  await ask('a', 'good');
  expect(loads).toBe(1);
});

test('"there is none" is believed for one second', async () => {
  expect(await ask('a', undefined)).toBeUndefined();
  now += 999;
  expect(await ask('a', 'made meanwhile')).toBeUndefined();
  now += 1;
  expect(await ask('a', 'made meanwhile')).toBe('made meanwhile');
});

test('a hundred who ask at once cause one load', async () => {
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask('a', 'good')));
  expect(new Set(answers)).toEqual(new Set(['good']));
  expect(loads).toBe(1);
});

test('what a company changed is loaded anew, and other companies keep theirs', async () => {
  const other = newId('com');
  await ask('a', 'old');
  await ask('b', 'theirs', other);
  cache.drop(company);
  expect(await ask('a', 'new')).toBe('new');
  expect(cache.peek('b')).toBe('theirs');
});

test('a load that began before the change is not kept, and a newer one is not overwritten by it', async () => {
  const before = held();
  const early = cache.get(company, 'a', () => before.value);
  cache.drop(company);
  expect(await ask('a', 'new')).toBe('new');
  before.arrive('old');
  await early;
  expect(cache.peek('a')).toBe('new');
});

test('whoever looks anew gets what is true now, not what is remembered or just being loaded, and it is remembered', async () => {
  await ask('a', 'remembered');
  const anew = (value: string | undefined) => cache.getAnew(company, 'a', async () => value);
  expect(await anew('now')).toBe('now');
  expect(cache.peek('a')).toBe('now');
  now += 5_000;
  const slow = held();
  const reader = cache.get(company, 'a', () => slow.value);
  expect(await anew(undefined)).toBeUndefined();
  slow.arrive('before');
  expect(await reader).toBe('before');
  expect(cache.peek('a')).toBeUndefined();
});

test('a load that was left is waited for by nobody else, and not kept', async () => {
  const slow = held();
  const reader = cache.get(company, 'a', () => slow.value);
  cache.leaveLoads('a');
  expect(await ask('a', 'now')).toBe('now');
  slow.arrive('before');
  await reader;
  expect(cache.peek('a')).toBe('now');
});

test('a load that fails is told to those who wait, and tried again by the next', async () => {
  await expect(cache.get(company, 'a', () => Promise.reject(new Error('no database')))).rejects.toThrow('no database');
  expect(await ask('a', 'good')).toBe('good');
});

test('the cache is bounded, and a flood of unknown keys pushes out no known one', async () => {
  await ask('real', 'good');
  for (let i = 0; i < 50; i++) await ask(`made-up-${i}`, undefined, newId('com'));
  expect(cache.peek('real')).toBe('good');
  expect(cache.size).toBe(4);
  for (let i = 0; i < 50; i++) await ask(`real-${i}`, 'good', newId('com'));
  expect(cache.size).toBe(6);
});

test('an entry that was pushed out while it was loaded again is still reached by a drop', async () => {
  await ask('a', 'old');
  now += 5_000;
  const again = held();
  const late = cache.get(company, 'a', () => again.value);
  for (const name of ['b', 'c', 'd']) await ask(name, 'good');
  cache.drop(company);
  again.arrive('old');
  await late;
  expect(cache.peek('a')).toBeUndefined();
});

test('nothing is left of companies that are gone', async () => {
  for (let i = 0; i < 20; i++) await ask(`k${i}`, undefined, newId('com'));
  cache.clear();
  expect(cache.size).toBe(0);
  expect(Reflect.get(cache, 'namesOf')).toHaveProperty('size', 0);
});

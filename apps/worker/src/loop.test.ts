import { createLoggers } from '@souk/platform/logger';
import { expect, test, vi } from 'vitest';
import { Loop } from './loop.ts';
import { Setbacks } from './setbacks.ts';
import { sideBySide } from './side-by-side.ts';

const { log } = createLoggers({ level: 'silent', process: 'test' });

test('a loop goes on at once while there is work, and is woken from its pause', async () => {
  let work = 3;
  let rounds = 0;
  const loop = new Loop({
    name: 'test',
    idleMs: 60_000,
    idleMsMax: 60_000,
    log,
    async round() {
      rounds += 1;
      if (work === 0) return false;
      work -= 1;
      return true;
    },
  });
  loop.start();
  await vi.waitFor(() => expect(rounds).toBe(4));
  work = 2;
  loop.wake();
  await vi.waitFor(() => expect(rounds).toBe(7));
  await loop.stop();
});

test('a loop woken during its round has another one at once: what came meanwhile is not missed', async () => {
  let rounds = 0;
  const loop: Loop = new Loop({
    name: 'test',
    idleMs: 60_000,
    idleMsMax: 60_000,
    log,
    async round() {
      rounds += 1;
      if (rounds === 1) loop.wake();
      return false;
    },
  });
  loop.start();
  await vi.waitFor(() => expect(rounds).toBe(2));
  await loop.stop();
});

test('a round that fails is tried again, and the loop says that it is not well until one succeeds', async () => {
  let rounds = 0;
  const loop = new Loop({
    name: 'test',
    idleMs: 5,
    idleMsMax: 5,
    log,
    async round() {
      rounds += 1;
      if (rounds === 1) throw new Error('no');
      return false;
    },
  });
  loop.start();
  await vi.waitFor(() => expect(loop.wellness()).rejects.toThrow('no'));
  await vi.waitFor(() => expect(loop.wellness()).resolves.toBeUndefined(), 3_000);
  await loop.stop();
  const ended = rounds;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(rounds).toBe(ended);
});

test('a stop waits for the round that is running', async () => {
  let isDone = false;
  const loop = new Loop({
    name: 'test',
    idleMs: 5,
    idleMsMax: 5,
    log,
    async round() {
      await new Promise((resolve) => setTimeout(resolve, 50));
      isDone = true;
      return false;
    },
  });
  loop.start();
  await loop.stop();
  expect(isDone).toBe(true);
});

test('setbacks double up to five minutes and are forgotten after a success', () => {
  let now = 0;
  const setbacks = new Setbacks<string>(() => now);
  for (let i = 0; i < 20; i++) setbacks.add('a');
  now = 299_999;
  expect([setbacks.isPaused('a'), setbacks.paused()]).toEqual([true, ['a']]);
  now = 300_000;
  expect(setbacks.isPaused('a')).toBe(false);
  setbacks.clear('a');
  expect(setbacks.add('a')).toBe(1);
});

test('setbacks do not pile up: what is long past, or too much, is forgotten, the oldest first', () => {
  let now = 0;
  const setbacks = new Setbacks<number>(() => now);
  for (let key = 0; key < 5_000; key++) setbacks.add(key);
  expect([setbacks.size, setbacks.isPaused(3_999), setbacks.isPaused(4_999)]).toEqual([1_000, false, true]);
  now = 60_000;
  expect(setbacks.add(4_999)).toBe(2); // remembered while it goes on
  now = 3_600_000;
  setbacks.add(7);
  expect(setbacks.size).toBe(1);
});

test('work side by side: every item once, never more at a time than allowed, one failure stops nobody', async () => {
  const items = Array.from({ length: 20 }, (_, i) => i);
  const seen: number[] = [];
  const failures: number[] = [];
  let running = 0;
  let most = 0;
  await sideBySide(
    items,
    3,
    async (item) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running -= 1;
      if (item === 4) throw new Error('four');
      seen.push(item);
    },
    (item) => failures.push(item),
  );
  expect(seen.toSorted((a, b) => a - b)).toEqual(items.filter((item) => item !== 4));
  expect([failures, most]).toEqual([[4], 3]);
});

test('a loop that looks far around rests between its rounds, however often it is woken, and misses nothing', async () => {
  let rounds = 0;
  const loop: Loop = new Loop({
    name: 'test',
    idleMs: 60_000,
    idleMsMax: 60_000,
    restMs: 100,
    log,
    async round() {
      rounds += 1;
      return false;
    },
  });
  loop.start();
  for (let at = 0; at < 20; at++) {
    loop.wake();
    await Promise.resolve();
  }
  expect(rounds).toBe(1);
  await vi.waitFor(() => expect(rounds).toBe(2));
  await loop.stop();
});

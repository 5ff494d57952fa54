import { expect, test } from 'vitest';
import { ATTEMPTS_MAX, pauseAfter, RETRY_AFTER_MAX_SECONDS, throttleAfter } from './retry-schedule.ts';

const HOUR = 3_600;
const DOWN = { statusCode: 500, isTimeout: false, retryAfterSeconds: undefined };

/** The seconds at which attempts are made at a server that never takes one, on a clock that runs by itself. */
function attemptsOn(random: () => number): number[] {
  const at = [0];
  for (;;) {
    const pause = pauseAfter(at.length, DOWN, random());
    if (pause === undefined) return at;
    at.push((at.at(-1) ?? 0) + pause);
  }
}

test('a server that is down is asked twelve times, over at least 96 hours, however the dice fall', () => {
  for (const random of [() => 0, () => 0.5, () => 1, Math.random]) {
    const at = attemptsOn(random);
    expect(at).toHaveLength(12);
    expect(at).toHaveLength(ATTEMPTS_MAX);
    expect(at.at(-1)).toBeGreaterThanOrEqual(96 * HOUR);
    expect(at.at(-1)).toBeLessThanOrEqual(145 * HOUR);
  }
});

test('pauses grow, and are jittered by a fifth both ways', () => {
  const [low, middle, high] = [attemptsOn(() => 0), attemptsOn(() => 0.5), attemptsOn(() => 1)];
  const pauses = middle.slice(1).map((at, before) => at - (middle[before] ?? 0));
  expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
  for (const at of middle.keys()) {
    expect(low[at]).toBeCloseTo(0.8 * (middle[at] ?? 0));
    expect(high[at]).toBeCloseTo(1.2 * (middle[at] ?? 0));
  }
});

test('a server that was too slow, or is asked too often, is let be for a minute', () => {
  expect(pauseAfter(1, DOWN, 0)).toBe(4);
  expect(pauseAfter(1, { ...DOWN, statusCode: 429 }, 0)).toBe(60);
  expect(pauseAfter(1, { ...DOWN, statusCode: undefined, isTimeout: true }, 0)).toBe(60);
  expect(pauseAfter(5, { ...DOWN, statusCode: 429 }, 0.5)).toBe(2 * HOUR);
});

test('Retry-After is honoured up to a day, and never shortens our own pause', () => {
  expect(pauseAfter(1, { ...DOWN, retryAfterSeconds: 300 }, 0.5)).toBe(300);
  expect(pauseAfter(1, { ...DOWN, retryAfterSeconds: 30 * 24 * HOUR }, 0.5)).toBe(RETRY_AFTER_MAX_SECONDS);
  expect(pauseAfter(5, { ...DOWN, retryAfterSeconds: 1 }, 0.5)).toBe(2 * HOUR);
  expect(pauseAfter(1, { ...DOWN, statusCode: 429, retryAfterSeconds: 0 }, 0)).toBe(60);
  expect(pauseAfter(ATTEMPTS_MAX, { ...DOWN, retryAfterSeconds: 5 }, 0.5)).toBeUndefined();
});

test('only a server that is too busy slows down all that is meant for it', () => {
  expect(throttleAfter({ ...DOWN, statusCode: 500 })).toBe(0);
  expect(throttleAfter({ ...DOWN, statusCode: undefined, isTimeout: true })).toBe(0);
  for (const statusCode of [502, 503, 504]) expect(throttleAfter({ ...DOWN, statusCode })).toBe(5);
  expect(throttleAfter({ ...DOWN, statusCode: 429 })).toBe(60);
  expect(throttleAfter({ ...DOWN, statusCode: 429, retryAfterSeconds: 7 })).toBe(7);
  expect(throttleAfter({ ...DOWN, statusCode: 503, retryAfterSeconds: 1_000_000 })).toBe(HOUR);
});

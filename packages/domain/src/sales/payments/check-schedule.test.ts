import { expect, test } from 'vitest';
import { isWatched, maySendAgain, nextCheck } from './check-schedule.ts';

const NOW = new Date('2026-11-21T12:00:00.000Z');
const minutesUntil = (instant: string) => (Date.parse(instant) - NOW.getTime()) / 60_000;
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString();

test('a provider is asked after 1, 2, 5, 10 and 30 minutes, then hourly for three days, then daily', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 76, 77].map((checks) => minutesUntil(nextCheck(NOW, checks)));
  expect(waits).toEqual([1, 2, 5, 10, 30, 60, 60, 60, 1_440]);
});

test('an attempt is watched for three days; a refund nobody finds is sent again after ten minutes at the earliest', () => {
  expect([isWatched(ago(3 * 1_440 - 1), NOW), isWatched(ago(3 * 1_440), NOW)]).toEqual([true, false]);
  expect([maySendAgain(ago(9), NOW), maySendAgain(ago(10), NOW)]).toEqual([false, true]);
});

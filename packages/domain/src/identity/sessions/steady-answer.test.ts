import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Run } from '../../kernel/ctx.ts';
import { visitor } from '../../testing/people.ts';
import { countingAttempts } from '../../testing/ports.ts';
import { requestPasswordReset } from '../passwords/passwords.flow.ts';
import { TooManyAttempts } from './attempts.ts';
import { steadily } from './steady-answer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Whether it is still on its way 200 ms later, and how it ends. */
async function timed(work: Promise<unknown>) {
  let ended: string | undefined;
  work.then(
    () => (ended = 'done'),
    (error: unknown) => (ended = String(error)),
  );
  await vi.advanceTimersByTimeAsync(200);
  const early = ended;
  await vi.advanceTimersByTimeAsync(100);
  return { early, ended };
}

test('work that is done at once, and work that fails at once, answer after the same time', async () => {
  expect(await timed(steadily(async () => 'x'))).toEqual({ early: undefined, ended: 'done' });
  expect(await timed(steadily(() => Promise.reject(new Error('no'))))).toEqual({
    early: undefined,
    ended: 'Error: no',
  });
});

// Nothing is looked up and nothing written: all the time there is, is the one every answer takes.
const nowhere: Run = async () => undefined as never;
const ask = (attempts: ReturnType<typeof countingAttempts>) =>
  requestPasswordReset(nowhere, { attempts, unscoped: async () => undefined as never }, visitor, {
    company: 'a-shop',
    email: 'ada@example.com',
  });

test('a reset request takes its time, also for an account that was asked for too often', async () => {
  expect(await timed(ask(countingAttempts()))).toEqual({ early: undefined, ended: 'done' });
  const spent = countingAttempts();
  spent.consume = async (_kind, key) => {
    if (!key.startsWith('address:')) throw new TooManyAttempts(60, true);
  };
  expect(await timed(ask(spent))).toEqual({ early: undefined, ended: 'done' });
});

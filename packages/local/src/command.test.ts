import { expect, test } from 'vitest';
import { runCommand } from './command.ts';

test('keeps what a command printed, on both of its outputs, and its exit code', async () => {
  const result = await runCommand('/bin/sh', ['-c', 'echo one; echo two >&2; exit 3']);
  expect(result.code).toBe(3);
  expect(result.output.split('\n').sort()).toEqual(['', 'one', 'two']);
});

test('a command that cannot be started is an answer, and leaves no timer that holds the process open', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  expect(await runCommand('/no/such/program', [], { timeoutMs: 60_000 })).toMatchObject({ code: null });
  expect(timers()).toBe(before);
});

test('a command that takes too long is killed', async () => {
  expect(await runCommand('/bin/sh', ['-c', 'exec sleep 60'], { timeoutMs: 50 })).toMatchObject({ code: null });
});

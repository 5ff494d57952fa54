import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { commandsOnPath, runCommand } from './command.ts';

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

test('programs are found on the PATH in its order, files that cannot be executed are not', async () => {
  const folders = [1, 2, 3].map(() => mkdtempSync(join(tmpdir(), 'souk-path-')));
  onTestFinished(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });
  const files = folders.map((folder) => join(folder, 'program'));
  for (const file of files) writeFileSync(file, '#!/bin/sh\n');
  for (const file of [files[0], files[2]]) chmodSync(file ?? '', 0o755);
  const env = { PATH: ['', ...folders].join(delimiter) };
  expect(await commandsOnPath('program', env)).toEqual([files[0], files[2]]);
  expect(await commandsOnPath('another', env)).toEqual([]);
  expect(await commandsOnPath('program', {})).toEqual([]);
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

type Settings = (
  running: { adminUrl: string; storefrontUrl: string; settings: Record<string, string> } | undefined,
  words: string[],
  env: Record<string, string>,
) => { isElsewhere: boolean; settings: Record<string, string | undefined> };
// A script without types; its comment says them.
const { commandSettings } = (await import(pathToFileURL(path.join(import.meta.dirname, 'running.mjs')).href)) as {
  commandSettings: Settings;
};

const LOCAL = 'http://localhost:4000';
let folder = '';
let running: Parameters<Settings>[0];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'souk-running-'));
  const seeds = path.join(folder, 'demo.json');
  await writeFile(
    seeds,
    JSON.stringify([{ handle: 'demo', owner: { email: 'ada@demo.example', password: 'of the demo' } }]),
  );
  const settings = { DATABASE_URL: 'postgres://local/souk', MASTER_KEYS: 'local', SEED_STATE: seeds };
  running = { adminUrl: LOCAL, storefrontUrl: 'http://localhost:4001', settings };
});
afterAll(() => rm(folder, { recursive: true }));

test('beside a start the command has its settings, its address and its demo owner', () => {
  for (const [words, env] of [
    [[], {}],
    [['events', 'list', '--url', `${LOCAL}/`], {}],
    [[], { SOUK_URL: LOCAL, DATABASE_URL: 'postgres://local/souk' }],
  ] satisfies [string[], Record<string, string>][]) {
    const { isElsewhere, settings } = commandSettings(running, words, env);
    expect(isElsewhere).toBe(false);
    expect(settings).toMatchObject({ MASTER_KEYS: 'local', SOUK_COMPANY: 'demo', SOUK_PASSWORD: 'of the demo' });
  }
});

test('whoever is named goes before the demo owner', () => {
  const { settings } = commandSettings(running, [], { SOUK_API_KEY: 'mine' });
  expect(settings).toMatchObject({ SOUK_API_KEY: 'mine', SOUK_URL: LOCAL });
  expect(settings).not.toHaveProperty('SOUK_PASSWORD');
});

test('where another deployment is named, nothing of the start is taken: no database, no key, no password', () => {
  for (const [words, env] of [
    [['doctor'], { DATABASE_URL: 'postgres://far/souk' }],
    [['migrate'], { DATABASE_MIGRATE_URL: 'postgres://far/souk' }],
    [['events', 'list'], { SOUK_URL: 'https://far.example' }],
    [['events', 'list', '--url', 'https://far.example'], {}],
    [['events', 'list', '--url=https://far.example'], {}],
    [['events', 'list', '--url', 'https://far.example'], { SOUK_URL: LOCAL }],
  ] satisfies [string[], Record<string, string>][]) {
    const { isElsewhere, settings } = commandSettings(running, words, { NODE_ENV: 'production', ...env });
    expect([words, isElsewhere]).toEqual([words, true]);
    expect(Object.keys(settings).filter((name) => name !== 'SOUK_URL')).toEqual(['NODE_ENV']);
  }
  expect(commandSettings(undefined, [], {}).isElsewhere).toBe(false);
});

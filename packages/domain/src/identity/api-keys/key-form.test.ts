import { expect, test } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { crc32, makeKey, readKey } from './key-form.ts';

const about = { type: 'publishable', mode: 'live', companyId: newId('com') } as const;

test('a key says its type, mode and company, and the hash that was stored', () => {
  for (const type of ['publishable', 'secret'] as const) {
    for (const mode of ['live', 'test'] as const) {
      const made = makeKey({ ...about, type, mode });
      expect(readKey(made.key)).toEqual({ type, mode, companyId: about.companyId, hash: made.hash });
      expect(made.key).toMatch(
        new RegExp(`^souk_${type === 'secret' ? 'sk' : 'pk'}_${mode}_[0-9a-z]{26}_[0-9A-Za-z]{49}$`),
      );
    }
  }
});

test('no one changed character of a key passes the checksum', () => {
  const { key } = makeKey(about);
  for (let at = 0; at < key.length; at++) {
    for (const other of ['0', 'a', 'Z', '_']) {
      if (key[at] === other) continue;
      expect(readKey(key.slice(0, at) + other + key.slice(at + 1))).toBeUndefined();
    }
  }
});

test('what only looks like a key is refused', () => {
  const { key } = makeKey(about);
  for (const junk of [
    '',
    ' ',
    key.toUpperCase(),
    ` ${key}`,
    `${key}\n`,
    key.slice(1),
    `${key}0`,
    key.replace('live', 'prod'),
    '🔑'.repeat(50),
  ]) {
    expect(readKey(junk)).toBeUndefined();
  }
});

test('the checksum is the CRC-32 that others compute', () => {
  expect(crc32('123456789')).toBe(0xcbf43926); // the check value of CRC-32/ISO-HDLC
});

test('no two keys are alike and each has all its 43 random characters', () => {
  const keys = Array.from({ length: 500 }, () => makeKey(about));
  expect(new Set(keys.map(({ hash }) => hash)).size).toBe(500);
  for (const { key, lastFour } of keys) expect(key.slice(-10, -6)).toBe(lastFour);
});

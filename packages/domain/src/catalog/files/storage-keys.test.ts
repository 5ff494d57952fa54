import { expect, test } from 'vitest';
import { newId, suffixOf } from '../../kernel/ids.ts';
import { companyPrefix, isRendition, newStorageKey, originalKey, renditionKey, storageKeyOf } from './storage-keys.ts';

const companyId = newId('com');

test('a key lies below its company and cannot be guessed from another one', () => {
  const keys = Array.from({ length: 100 }, () => newStorageKey(companyId, 'image'));
  expect(new Set(keys).size).toBe(100);
  for (const key of keys) expect(key).toMatch(new RegExp(`^${suffixOf(companyId)}/image/[0-9a-f]{32}$`));
  expect(keys[0]?.startsWith(companyPrefix(companyId))).toBe(true);
});

test('of all objects only renditions are open to everybody', () => {
  const picture = newStorageKey(companyId, 'image');
  expect(isRendition(renditionKey(picture, 640, 'webp'))).toBe(true);
  expect(isRendition(renditionKey(picture, 1_920, 'avif'))).toBe(true);
  const closed = [
    originalKey({ purpose: 'image', storageKey: picture }),
    newStorageKey(companyId, 'import'),
    newStorageKey(companyId, 'export'),
    `${newStorageKey(companyId, 'import')}/640.webp`,
    `${picture}/../640.webp`,
    `${picture}/640.webp/original`,
    `${picture}/640.webp.part-0011223344556677`,
    `${picture}/640.svg`,
    `/${renditionKey(picture, 640, 'webp')}`,
    renditionKey(picture, 640, 'webp').replaceAll('/', '%2f'),
    `${renditionKey(picture, 640, 'webp')}\n`,
  ];
  for (const key of closed) expect([key, isRendition(key)]).toEqual([key, false]);
});

test('every object of a file leads back to it, and what is half-written to none', () => {
  const storageKey = newStorageKey(companyId, 'image');
  const original = originalKey({ purpose: 'image', storageKey });
  expect(storageKeyOf(original)).toBe(storageKey);
  expect(storageKeyOf(renditionKey(storageKey, 160, 'avif'))).toBe(storageKey);
  const csv = newStorageKey(companyId, 'import');
  expect(storageKeyOf(originalKey({ purpose: 'import', storageKey: csv }))).toBe(csv);
  expect(storageKeyOf(`${original}.part-0011223344556677`)).toBeUndefined();
  expect(storageKeyOf(`${csv}.part-0011223344556677`)).toBeUndefined();
  expect(storageKeyOf('somewhere/else')).toBeUndefined();
});

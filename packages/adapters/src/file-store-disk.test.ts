import { mkdir, mkdtemp, open, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { FileGone, FileTooLarge } from '@souk/domain/catalog/files/files.errors';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { diskFileStore } from './file-store-disk.ts';
import { ObjectKeyRefused } from './object-key.ts';
import { signedAddresses } from './signed-address.ts';

let home = '';
const folder = () => path.join(home, 'store');
const addresses = signedAddresses({ keys: [Buffer.alloc(32, 1)], baseUrl: 'http://admin.test/v1/file-contents' });
const store = () => diskFileStore({ folder: folder(), addresses });
const csv = { contentType: 'text/csv', sizeMax: 1_000_000 };

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'souk-files-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function* pieces(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}
const filesIn = async (place: string) => (await readdir(path.join(folder(), place)).catch(() => [])).sort();

test('what was put is read back, whole or from a byte on, with its size and hash', async () => {
  const stored = await store().put('c1/import/a', pieces('head\n', 'row 1\n', 'row 2\n'), csv);
  expect(stored).toEqual({
    sizeBytes: 17,
    sha256: 'a8db22a00c1108b8872ee8ce7befb2d8a800723ede4dd6c6316cab6d003941f9',
  });
  expect((await buffer(await store().open('c1/import/a'))).toString()).toBe('head\nrow 1\nrow 2\n');
  expect((await buffer(await store().open('c1/import/a', { start: 5 }))).toString()).toBe('row 1\nrow 2\n');
  expect(await buffer(await store().open('c1/import/a', { start: 17 }))).toHaveLength(0);
  expect(await store().sizeOf('c1/import/a')).toBe(17);
});

test('a file of no bytes is a file', async () => {
  await store().put('c1/import/empty', pieces(), csv);
  expect(await buffer(await store().open('c1/import/empty'))).toHaveLength(0);
  expect(await store().sizeOf('c1/import/empty')).toBe(0);
});

test('one byte too many, or a source that breaks, leaves nothing behind, and what was there before stays', async () => {
  await store().put('c2/import/a', pieces('before'), csv);
  await expect(store().put('c2/import/a', pieces('123456', '7'), { ...csv, sizeMax: 6 })).rejects.toThrow(FileTooLarge);
  async function* broken() {
    yield Buffer.from('half');
    throw new Error('the sender went away');
  }
  await expect(store().put('c2/import/a', broken(), csv)).rejects.toThrow('went away');
  expect((await buffer(await store().open('c2/import/a'))).toString()).toBe('before');
  expect(await filesIn('c2/import')).toEqual(['a']);
});

test('a reader sees the old bytes or the new ones, never a mixture', async () => {
  const one = 'a'.repeat(200_000);
  const two = 'b'.repeat(200_000);
  await store().put('c3/import/a', pieces(one), csv);
  const writes = Array.from({ length: 10 }, (_, i) => store().put('c3/import/a', pieces(i % 2 ? one : two), csv));
  const reads = Array.from({ length: 20 }, async () => (await buffer(await store().open('c3/import/a'))).toString());
  const seen = new Set(await Promise.all(reads));
  await Promise.all(writes);
  for (const text of seen) expect([one, two]).toContain(text);
  expect(await filesIn('c3/import')).toEqual(['a']);
});

test('no key leads out of the folder', async () => {
  await mkdir(folder(), { recursive: true });
  await writeFile(path.join(home, 'secret'), 'not ours');
  const bad = [
    '../secret',
    'c1/../../secret',
    '/etc/passwd',
    'c1//a',
    'c1/./a',
    'c1',
    '',
    'c1/a\0',
    'c1/%2e%2e/a',
    'C1/a',
    'c1/a\n',
    'c1\\a',
    '.hidden/a',
    `c1/${'a'.repeat(400)}`,
  ];
  for (const key of bad) {
    await expect(store().open(key), key).rejects.toThrow(ObjectKeyRefused);
    await expect(store().put(key, pieces('x'), csv), key).rejects.toThrow(ObjectKeyRefused);
    await expect(store().delete([key]), key).rejects.toThrow(ObjectKeyRefused);
    await expect(store().sizeOf(key), key).rejects.toThrow(ObjectKeyRefused);
  }
  expect(await readFile(path.join(home, 'secret'), 'utf8')).toBe('not ours');
});

test('a link inside the folder is not followed out of it', async () => {
  await mkdir(path.join(folder(), 'c4'), { recursive: true });
  await mkdir(path.join(home, 'elsewhere'), { recursive: true });
  await writeFile(path.join(home, 'elsewhere', 'secret'), 'not ours');
  await symlink(path.join(home, 'elsewhere'), path.join(folder(), 'c4', 'image'));
  await symlink(path.join(home, 'elsewhere', 'secret'), path.join(folder(), 'c4', 'link'));
  await expect(store().open('c4/image/secret')).rejects.toThrow(ObjectKeyRefused);
  await expect(store().put('c4/image/new', pieces('x'), csv)).rejects.toThrow(ObjectKeyRefused);
  await expect(store().delete(['c4/image/secret'])).rejects.toThrow(ObjectKeyRefused);
  await expect(store().open('c4/link')).rejects.toThrow(FileGone);
  expect(await readdir(path.join(home, 'elsewhere'))).toEqual(['secret']);
});

test('deleting takes the object and empty folders, twice is fine, and a missing object is gone', async () => {
  await store().put('c5/image/a/original', pieces('x'), csv);
  await store().put('c5/image/b/original', pieces('y'), csv);
  await store().delete(['c5/image/a/original', 'c5/image/a/original', 'c5/image/never']);
  expect(await filesIn('c5/image')).toEqual(['b']);
  await expect(store().open('c5/image/a/original')).rejects.toThrow(FileGone);
  expect(await store().sizeOf('c5/image/a/original')).toBeUndefined();
  expect(await store().sizeOf('c5/image/b')).toBeUndefined();
});

test('the list holds everything below a prefix with its time, and nothing of another company', async () => {
  await store().put('c6/image/a/original', pieces('x'), csv);
  await store().put('c6/export/b', pieces('y'), csv);
  await store().put('c66/export/b', pieces('y'), csv);
  const old = new Date('2026-01-01T00:00:00Z');
  await utimes(path.join(folder(), 'c6/export/b'), old, old);
  const listed = new Map<string, Date>();
  for await (const { key, modifiedAt } of store().list('c6/')) listed.set(key, modifiedAt);
  expect([...listed.keys()].sort()).toEqual(['c6/export/b', 'c6/image/a/original']);
  expect(listed.get('c6/export/b')).toEqual(old);
  for await (const { key } of store().list('nobody/')) throw new Error(key);
  expect(() => store().list('../')).toThrow(ObjectKeyRefused);
});

test('putting while the last object of a folder is deleted works', async () => {
  for (let round = 0; round < 50; round++) {
    await store().put('c7/image/a', pieces('x'), csv);
    await Promise.all([store().delete(['c7/image/a']), store().put('c7/image/b', pieces('y'), csv)]);
    expect(await store().sizeOf('c7/image/b')).toBe(1);
    await store().delete(['c7/image/b']);
  }
});

test('a file is durable with its folder and every folder that was made for it', async () => {
  await store().put('c8/export/a', pieces('x'), csv);
  const handle = await open(home);
  const sync = vi.spyOn(Object.getPrototypeOf(handle), 'sync');
  await handle.close();
  await store().put('c8/export/b', pieces('x'), csv);
  expect(sync).toHaveBeenCalledTimes(2);
  sync.mockClear();
  // c9, image and a are new: each is an entry of the folder above it.
  await store().put('c9/image/a/original', pieces('x'), csv);
  expect(sync).toHaveBeenCalledTimes(2 + 3);
  sync.mockRestore();
});

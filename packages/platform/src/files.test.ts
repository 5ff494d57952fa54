import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileSettings } from '@souk/domain/catalog/files/file-settings';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readWorkerConfig } from './config.ts';
import { openFiles } from './files.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'souk-files-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('pictures are shown by the storefront API on this machine, at its port, unless FILES_URL says otherwise', async () => {
  const needed = {
    DATABASE_URL: 'postgres://souk_app:x@localhost/souk',
    DATABASE_RELAY_URL: 'postgres://souk_relay:x@localhost/souk',
    FILES_DIR: folder,
  };
  const addressWith = async (more: Record<string, string>) => {
    await openFiles(readWorkerConfig({ ...needed, ...more }));
    return fileSettings().address;
  };
  expect(await addressWith({})).toBe('http://localhost:4100/files');
  expect(await addressWith({ STOREFRONT_PORT: '5100' })).toBe('http://localhost:5100/files');
  const elsewhere = 'https://shop.example.com/files';
  expect(await addressWith({ STOREFRONT_PORT: '5100', FILES_URL: elsewhere })).toBe(elsewhere);
});

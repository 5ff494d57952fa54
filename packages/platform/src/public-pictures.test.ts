import { newStorageKey, originalKey, renditionKey } from '@souk/domain/catalog/files/storage-keys';
import { newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { beforeAll, expect, test, vi } from 'vitest';
import { useApi } from './testing/app.ts';
import { GoodsController } from './testing/door-fixture.ts';

const db = useDatabase();
const env = { RATE_LIMIT_PER_ADDRESS: '5' };
const shop = useApi({ name: 'storefront', controllers: [GoodsController] }, db, env);
const companyId = newId('com');
const picture = newStorageKey(companyId, 'image');
const bytes = Buffer.from('RIFF....WEBP and so on');

const put = (key: string, content = bytes) => {
  async function* pieces() {
    yield content;
  }
  return shop.parts.files.store.put(key, pieces(), { contentType: 'x', sizeMax: 1_000 });
};
beforeAll(async () => {
  await put(renditionKey(picture, 640, 'webp'));
  await put(renditionKey(picture, 640, 'avif'));
  await put(originalKey({ purpose: 'image', storageKey: picture }), Buffer.from('SECRET'));
});
const get = (path: string, headers = {}, method: 'GET' | 'HEAD' | 'POST' = 'GET') =>
  shop.app.inject({ method, url: path, headers });

test('a rendition is for everybody, for ever, without key, database or limit', async () => {
  const acquire = vi.spyOn(shop.parts.database.pool, 'acquire');
  for (let i = 0; i < 20; i++) {
    const answer = await get(`/files/${picture}/640.webp`);
    expect(answer.statusCode).toBe(200);
    expect(answer.rawPayload).toEqual(bytes);
    expect(answer.headers).toMatchObject({
      'content-type': 'image/webp',
      'content-length': String(bytes.length),
      'cache-control': 'public, max-age=31536000, immutable',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
    });
    expect(answer.headers.vary).toBeUndefined();
  }
  expect((await get(`/files/${picture}/640.avif`)).headers['content-type']).toBe('image/avif');
  expect(acquire).not.toHaveBeenCalled();
  acquire.mockRestore();
});

test('HEAD says the same without the bytes, and who has it already gets 304', async () => {
  const head = await get(`/files/${picture}/640.webp`, {}, 'HEAD');
  expect([head.statusCode, head.rawPayload.length, head.headers['content-length']]).toEqual([
    200,
    0,
    String(bytes.length),
  ]);
  const again = await get(`/files/${picture}/640.webp`, { 'if-none-match': head.headers.etag });
  expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', head.headers.etag]);
});

test('nothing else of the store can be reached, however it is asked for', async () => {
  const folder = picture.slice(0, picture.lastIndexOf('/'));
  const random = picture.slice(picture.lastIndexOf('/') + 1);
  const csv = newStorageKey(companyId, 'import');
  await put(csv, Buffer.from('SECRET'));
  const paths = [
    `/files/${picture}/original`,
    `/files/${picture}`,
    `/files/${picture}/`,
    `/files/${picture}/320.webp`,
    `/files/${picture}/640.jpg`,
    `/files/${picture}/640.webp/../original`,
    `/files/${picture}/640.webp%2f..%2foriginal`,
    `/files/${picture}/..%2f${random}%2foriginal`,
    `/files/${picture}%2f640.webp`,
    `/files/${picture}/640.webp%00`,
    `/files/${picture}/640.webp?x=../original`,
    `/files//${picture}/640.webp`,
    `/files/${folder}/%2e%2e/import/${random}`,
    `/files/${csv}`,
    `/files/${csv}/640.webp`,
    '/files/../../../etc/passwd',
    '/files/..%2f..%2f..%2fetc%2fpasswd',
    '/files/',
    '/files/%',
    `/files/${picture.toUpperCase()}/640.webp`,
    `/files/${'a/'.repeat(500)}640.webp`,
  ];
  for (const path of paths) {
    const { statusCode, body } = await get(path);
    expect([path, statusCode >= 400 && statusCode < 500, body.includes('SECRET')]).toEqual([path, true, false]);
  }
  expect((await get(`/files/${picture}/640.webp`, {}, 'POST')).statusCode).toBe(405);
});

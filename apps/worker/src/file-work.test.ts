import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { diskFileStore } from '@souk/adapters/file-store-disk';
import { guardedHttp } from '@souk/adapters/guarded-http';
import { imageTypeOf } from '@souk/adapters/image-type';
import { remotePictures } from '@souk/adapters/remote-pictures';
import { sharpPictures } from '@souk/adapters/sharp-pictures';
import { signedAddresses } from '@souk/adapters/signed-address';
import { fileViews } from '@souk/domain/catalog/files/files.service';
import { rememberRemoteImages } from '@souk/domain/catalog/files/remote-images.service';
import { newStorageKey, originalKey } from '@souk/domain/catalog/files/storage-keys';
import type { Id } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { givenShop } from '@souk/domain/testing/people';
import { createLoggers } from '@souk/platform/logger';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CompanyWork } from './company-work.ts';
import { dueWork } from './due-work.ts';
import { Sweeper } from './sweeper.ts';

const db = useDatabase();
const { log } = createLoggers({ level: 'silent', process: 'test', to: { write: () => undefined } });
let folder = '';
let server: Server;
let origin = '';
const served = new Map<string, Buffer>();
let asked = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'souk-file-work-'));
  served.set(
    '/red.png',
    await sharp({ create: { width: 700, height: 350, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
  );
  server = createServer((request, response) => {
    asked += 1;
    const bytes = served.get(request.url ?? '');
    if (request.url === '/moved.png') response.writeHead(302, { location: '/red.png' }).end();
    else if (request.url === '/inside.png') response.writeHead(302, { location: 'http://10.0.0.1/' }).end();
    else if (bytes) response.end(bytes);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server's address is an object
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const storeOf = () =>
  diskFileStore({ folder, addresses: signedAddresses({ keys: [Buffer.alloc(32, 1)], baseUrl: 'http://x' }) });
function worker(allowLoopback: boolean) {
  const { run } = db.app;
  const remote = remotePictures(guardedHttp({ allowLoopback }));
  const pictures = { remote, typeOf: imageTypeOf, maker: sharpPictures() };
  const kind = dueWork({ run, log, store: storeOf(), pictures, gateways: new Map() }).find(
    ({ name }) => name === 'files',
  );
  if (!kind) throw new Error('There is no work on files');
  const work = new CompanyWork(kind, { lookAround: db.relay.unscoped, log });
  return async () => {
    while (await work.round()) {
      // until nothing is left
    }
  };
}
const remember = (session: Awaited<ReturnType<typeof givenShop>>['system'], ...paths: string[]) =>
  db.app.run(session, (ctx) =>
    rememberRemoteImages(
      ctx,
      paths.map((one) => `${origin}${one}`),
    ),
  );
const views = (session: Awaited<ReturnType<typeof givenShop>>['system'], ids: Iterable<Id<'file'>>) =>
  db.app.run(session, (ctx) => fileViews(ctx, [...ids]));

test('pictures of an import are fetched, made in all widths and kept, those of several companies in turn', async () => {
  const shops = [await givenShop(db), await givenShop(db)];
  const remembered = [];
  for (const { system } of shops)
    remembered.push(await remember(system, '/red.png', '/moved.png', '/missing.png', '/inside.png'));
  await worker(true)();
  for (const [at, { system, companyId }] of shops.entries()) {
    const ids = [...(remembered[at]?.values() ?? [])];
    const found = await views(system, ids);
    const [red, moved, missing, inside] = ids.map((id) => found.get(id));
    for (const file of [red, moved]) {
      expect(file).toMatchObject({
        status: 'ready',
        contentType: 'image/png',
        picture: { width: 700, height: 350, widths: [160, 320, 640, 700] },
      });
    }
    expect(missing).toMatchObject({ status: 'failed', failure: 'The server there answered 404 instead of a picture.' });
    expect(inside).toMatchObject({ status: 'failed', failure: 'The address is not on the public internet.' });
    const place = path.join(folder, companyId.slice(4), 'image');
    const [first = ''] = await readdir(place);
    expect((await readdir(path.join(place, first))).sort()).toEqual(
      ['160', '320', '640', '700']
        .flatMap((width) => [`${width}.avif`, `${width}.webp`])
        .concat('original')
        .sort(),
    );
  }
});

test('without the allowance of development nothing is fetched from this machine', async () => {
  const { system } = await givenShop(db);
  const [id] = (await remember(system, '/red.png')).values();
  const before = asked;
  await worker(false)();
  expect([...(await views(system, id ? [id] : [])).values()]).toMatchObject([{ status: 'failed', picture: null }]);
  expect(asked).toBe(before);
});

test('once a day the sweeper takes what a crash left in the store, and nothing else', async () => {
  const { system, companyId } = await givenShop(db);
  const kept = await remember(system, '/red.png');
  await worker(true)();
  const store = storeOf();
  const lost = originalKey({ purpose: 'image', storageKey: newStorageKey(companyId, 'image') });
  async function* bytes() {
    yield Buffer.from('lost');
  }
  await store.put(lost, bytes(), { contentType: 'x', sizeMax: 10 });
  await age(path.join(folder, companyId.slice(4)));
  const sweep = (hour: number) =>
    new Sweeper({
      run: db.app.run,
      lookAround: db.relay.unscoped,
      store,
      log,
      now: () => new Date(Date.UTC(2026, 10, 21, hour)),
    }).round();
  for (let hour = 0; hour < 24; hour++) await sweep(hour);
  expect(await store.sizeOf(lost)).toBeUndefined();
  const [file] = (await views(system, kept.values())).values();
  const key = file?.picture?.url.split('/files/')[1] ?? '';
  expect(await store.sizeOf(key)).toBeGreaterThan(0);
});

/** Makes everything in a folder two days old. */
async function age(place: string): Promise<void> {
  const then = new Date(Date.now() - 2 * 86_400_000);
  for (const entry of await readdir(place, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await utimes(path.join(entry.parentPath, entry.name), then, then);
  }
}

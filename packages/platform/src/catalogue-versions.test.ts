import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { readCatalogueVersions } from '@souk/domain/kernel/catalogue-version-reader';
import { systemSession } from '@souk/domain/kernel/ctx';
import { openDatabase } from '@souk/domain/kernel/database';
import { DatabaseUnavailable } from '@souk/domain/kernel/errors';
import { type CompanyId, newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { expect, test } from 'vitest';
import { CatalogueVersions } from './catalogue-versions.ts';

const db = useDatabase();
const [a, b]: [CompanyId, CompanyId] = [newId('com'), newId('com')];

/** A look-up that ends when it is told to. */
function held() {
  const asked: { companies: CompanyId[]; answer(version: number): void; fail(): void }[] = [];
  const versions = new CatalogueVersions((companies) => {
    const list = [...companies];
    return new Promise((resolve, reject) => {
      asked.push({
        companies: list,
        answer: (version) => resolve(new Map(list.map((companyId) => [companyId, version]))),
        fail: () => reject(new Error('away')),
      });
    });
  });
  return { versions, asked };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('all who ask together share one look-up, whatever their company', async () => {
  const { versions, asked } = held();
  const answers = Promise.all([versions.of(a), versions.of(b), versions.of(a)]);
  await turn();
  expect(asked.map(({ companies }) => companies)).toEqual([[a, b]]);
  asked[0]?.answer(7);
  expect(await answers).toEqual([7, 7, 7]);
});

test('who comes while a look-up is under way waits for the next one: it may have missed what was saved meanwhile', async () => {
  const { versions, asked } = held();
  const early = versions.of(a);
  await turn();
  const late = versions.of(a);
  await turn();
  expect(asked).toHaveLength(1);
  asked[0]?.answer(1);
  expect(await early).toBe(1);
  await turn();
  asked[1]?.answer(2);
  expect(await late).toBe(2);
});

test('a look-up that fails says so to those who waited for it, and the next one works', async () => {
  const { versions, asked } = held();
  const failed = versions.of(a);
  await turn();
  asked[0]?.fail();
  await expect(failed).rejects.toThrow('away');
  const next = versions.of(a);
  await turn();
  asked[1]?.answer(3);
  expect(await next).toBe(3);
});

test('the number rises with each commit that changed the catalogue, once, for its company alone', async () => {
  const versions = new CatalogueVersions((companies) => readCatalogueVersions(db.app.pool, companies));
  const change = (companyId: CompanyId) =>
    db.app.run(systemSession(companyId, 'test'), async (ctx) => {
      ctx.catalogueChanged();
      ctx.catalogueChanged();
    });
  expect(await versions.of(a)).toBe(0);
  await change(a);
  expect([await versions.of(a), await versions.of(b)]).toEqual([1, 0]);
  await Promise.all(Array.from({ length: 10 }, () => change(a)));
  expect([await versions.of(a), await versions.of(b)]).toEqual([11, 0]);
});

/** The database behind a wire that can fall silent: nothing is closed, nothing arrives any more. */
async function behindWire() {
  const { hostname, port } = new URL(db.urls.app);
  const sockets: Socket[] = [];
  const wires: (() => void)[] = [];
  const server = createServer((socket) => {
    const behind = connect(Number(port), hostname);
    for (const end of [socket, behind]) end.on('error', () => undefined);
    socket.pipe(behind).pipe(socket);
    wires.push(() => {
      socket.unpipe(behind);
      behind.unpipe(socket);
    });
    sockets.push(socket, behind);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(db.urls.app);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`; // of a TCP server it is one
  const { pool } = openDatabase({ url: url.href, size: 2 });
  return {
    pool,
    silence: () => {
      for (const cut of wires) cut();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await pool.close();
    },
  };
}

const LIMIT_MS = 200;

test('a connection that falls silent does not hold up the reads: the look-up is asked again on another one', async () => {
  const wire = await behindWire();
  const versions = new CatalogueVersions((companies) => readCatalogueVersions(wire.pool, companies, LIMIT_MS));
  const before = await versions.of(b);
  wire.silence();
  expect(await versions.of(b)).toBe(before);
  expect(wire.pool.stats()).toEqual({ open: 1, idle: 1, waiting: 0 });
  await wire.close();
});

test('where every connection is silent, who waits is told so, and gives the connections back', async () => {
  const wire = await behindWire();
  const versions = new CatalogueVersions((companies) => readCatalogueVersions(wire.pool, companies, LIMIT_MS));
  const held = await Promise.all([wire.pool.acquire('a'), wire.pool.acquire('b')]);
  wire.pool.release(held[0], 'a');
  wire.pool.release(held[1], 'b');
  wire.silence();
  await expect(versions.of(b)).rejects.toBeInstanceOf(DatabaseUnavailable);
  expect(wire.pool.stats()).toEqual({ open: 0, idle: 0, waiting: 0 });
  await wire.close();
});

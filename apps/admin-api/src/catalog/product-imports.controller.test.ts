import { readFile } from 'node:fs/promises';
import { ImportRunner } from '@souk/domain/catalog/product-import/import-run.flow';
import { exportNext } from '@souk/domain/catalog/product-import/product-export.flow';
import { systemSession } from '@souk/domain/kernel/ctx';
import type { CompanyId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { beforeAll, expect, test } from 'vitest';
import { bootAdmin, register } from '../testing/boot-admin.ts';

const db = useDatabase();
const admin = bootAdmin(db);
const FIXTURE = await readFile(
  new URL('../../../../packages/domain/src/catalog/product-import/fixtures/shopify-products.csv', import.meta.url),
  'utf8',
);

interface Import {
  id: string;
  status: string;
  format: string;
  rowsTotal: number | null;
  rowsDone: number;
  counts: { products: { created: number; failed: number } };
  errors: { row: number; column: string | null; handle: string | null }[];
}

let address = '';
beforeAll(async () => {
  await admin.app.listen(0, '127.0.0.1');
  address = await admin.app.getUrl();
});

/** A company, and a worker for it that is there when it is called. */
async function givenCompany() {
  const { company, tokens } = await register(admin);
  const system = systemSession(company.id as CompanyId, 'product-imports'); // the id came from our own API
  const report = (error: unknown) => {
    throw error;
  };
  const { store } = admin.parts.files;
  const runner = new ImportRunner(db.app.run, { store, report });
  return {
    token: tokens.accessToken,
    work: async () => {
      while (await runner.share(system));
    },
    workOnExports: () => exportNext(db.app.run, { store, report }, system),
  };
}

/** Sends a file as a form, over a socket. */
async function send(
  token: string,
  csv: string,
  fields: Record<string, string> = {},
  headers: Record<string, string> = {},
) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([csv], { type: 'text/csv' }), 'products_export.csv');
  const answer = await fetch(`${address}/v1/product-imports`, {
    method: 'POST',
    body: form,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  return { status: answer.status, body: (await answer.json()) as Import & { code?: string; errors: unknown[] } };
}

test('a file is sent, imported, and reported with what was refused', async () => {
  const { token, work } = await givenCompany();
  const sent = await send(token, `${FIXTURE}voucher,Voucher,,,,,true,Title,Default Title,,,,,,,,,,,ten\r\n`);
  expect(sent.status).toBe(202);
  expect(sent.body).toMatchObject({ status: 'queued', format: 'shopify', rowsTotal: null });
  await work();
  const path = `/v1/product-imports/${sent.body.id}`;
  const done = await admin.call<Import>('GET', path, { token });
  expect(done.body).toMatchObject({ status: 'completed', rowsTotal: 34, rowsDone: 34 });
  expect(done.body.counts.products).toMatchObject({ created: 8, failed: 1 });
  expect(done.body.errors).toMatchObject([{ row: 35, column: 'Variant Price', handle: 'voucher' }]);
  const csv = await admin.call('GET', `${path}/errors.csv`, { token });
  expect([csv.status, csv.headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8; header=present']);
  expect(csv.text).toMatch(/^row,column,code,message,handle\r\n35,Variant Price,.*,voucher\r\n$/);
  const list = await admin.call<{ data: Import[] }>('GET', '/v1/product-imports?status=completed', { token });
  expect(list.body.data.map(({ id }) => id)).toEqual([sent.body.id]);
});

test('its progress is told as it comes, and the end at last', async () => {
  const { token, work } = await givenCompany();
  const { body } = await send(token, FIXTURE);
  const answer = await fetch(`${address}/v1/product-imports/${body.id}/events`, {
    headers: { authorization: `Bearer ${token}`, 'last-event-id': 'running-12' },
  });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let told = '';
  const readUntil = async (what: string) => {
    while (!told.includes(what)) {
      const piece = await reader?.read();
      if (!piece || piece.done) break;
      told += piece.value;
    }
  };
  await readUntil('event: progress');
  expect(told).toContain('"status":"queued"');
  await work();
  await readUntil('event: end');
  const events = told.split('\n\n').filter((event) => event.includes('data: '));
  const last = events.at(-1) ?? '';
  expect(last).toContain('event: end');
  expect(JSON.parse(last.slice(last.indexOf('data: ') + 6))).toMatchObject({
    id: body.id,
    status: 'completed',
    rowsDone: 33,
  });
  expect((await reader?.read())?.done).toBe(true);

  // Whoever comes late or again is told how it ended, and no more.
  const again = await fetch(`${address}/v1/product-imports/${body.id}/events`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(await again.text()).toMatch(/^retry: \d+\n\nid: completed-33\nevent: end\ndata: .*\n\n$/);
});

test('a file is exported and downloaded under the address that is given out', async () => {
  const { token, work, workOnExports } = await givenCompany();
  await send(token, FIXTURE);
  await work();
  const begun = await admin.call<{ id: string }>('POST', '/v1/product-exports', { token, body: { format: 'souk' } });
  expect(begun.status).toBe(202);
  const path = `/v1/product-exports/${begun.body.id}`;
  expect((await admin.call('GET', path, { token })).body).toMatchObject({ status: 'queued', download: null });
  await workOnExports();
  const done = await admin.call<{ download: { url: string } }>('GET', path, { token });
  expect(done.body).toMatchObject({ status: 'completed', productsDone: 8 });
  const { pathname, search } = new URL(done.body.download.url);
  const file = await fetch(`${address}${pathname}${search}`);
  expect(file.status).toBe(200);
  expect((await file.text()).split('\r\n')[0]).toMatch(/^handle,title,/);
});

test('the same request again, by its key, is the same import; with another file it is refused', async () => {
  const { token } = await givenCompany();
  const key = { 'idempotency-key': 'import-1' };
  const first = await send(token, FIXTURE, {}, key);
  const again = await send(token, FIXTURE, {}, key);
  expect([first.status, again.status, again.body.id]).toEqual([202, 202, first.body.id]);
  expect((await send(token, `${FIXTURE}\r\n`, {}, key)).status).toBe(422);
  const list = await admin.call<{ data: Import[] }>('GET', '/v1/product-imports', { token });
  expect(list.body.data).toHaveLength(1);
});

test('a form that is not as it should be stores nothing', async () => {
  const { token } = await givenCompany();
  expect(await send(token, FIXTURE, { format: 'excel' })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/format' }] },
  });
  expect(await send(token, FIXTURE, { currency: 'NAIRA' })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/currency' }] },
  });
  expect((await send(token, FIXTURE, { colour: 'red' })).status).toBe(400);
  const list = await admin.call<{ data: Import[] }>('GET', '/v1/product-imports', { token });
  expect(list.body.data).toEqual([]);
});

test("another company's import and export are like ones that are not there", async () => {
  const [mine, theirs] = [await givenCompany(), await givenCompany()];
  const { body } = await send(theirs.token, FIXTURE);
  const { body: out } = await admin.call<{ id: string }>('POST', '/v1/product-exports', {
    token: theirs.token,
    body: {},
  });
  const none = body.id.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  const strip = (text: string) => text.replace(/"requestId":"[^"]*"/, '');
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/errors.csv'],
    ['GET', '/events'],
    ['POST', '/cancellation'],
  ] as const) {
    const [foreign, missing] = await Promise.all(
      [body.id, none].map((id) => admin.call(method, `/v1/product-imports/${id}${path}`, { token: mine.token })),
    );
    expect([foreign?.status, strip(foreign?.text ?? '')]).toEqual([404, strip(missing?.text ?? '-')]);
  }
  expect((await admin.call('GET', `/v1/product-exports/${out.id}`, { token: mine.token })).status).toBe(404);
});

import type { AddressInfo } from 'node:net';
import { newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { beforeAll, expect, test } from 'vitest';
import { bootAdmin, register } from '../testing/boot-admin.ts';

// The smallest pictures there are: one pixel each.
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const GIF = Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64');

const db = useDatabase();
let origin = '';
const admin = bootAdmin(db);
beforeAll(async () => {
  await admin.app.listen({ port: 0, host: '127.0.0.1' });
  origin = `http://127.0.0.1:${(admin.app.getHttpServer().address() as AddressInfo).port}`; // a TCP server's address is an object
});

interface File {
  id: string;
  status: string;
  name: string;
  contentType: string;
  code?: string;
}
const owner = async () => (await register(admin)).tokens.accessToken;
async function send(token: string, bytes: Buffer, fileName: string, fields: Record<string, string> = {}, headers = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([new Uint8Array(bytes)]), fileName);
  const answer = await fetch(`${origin}/v1/files`, {
    method: 'POST',
    body: form,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  return {
    status: answer.status,
    body: (await answer.json()) as File,
    replayed: answer.headers.get('idempotency-replayed'),
  };
}
const begin = (token: string, body: object) =>
  admin.call<{ file: File; upload: { url: string; headers: Record<string, string> } }>('POST', '/v1/file-uploads', {
    token,
    body,
  });
/** The address leads to the usual port; the API of this test listens elsewhere. */
const here = (url: string) => url.replace('http://localhost:4000', origin);

test('a picture is sent as a form, told by its bytes, listed, shown and deleted', async () => {
  const token = await owner();
  const { status, body } = await send(token, PNG, 'photo.jpg', { name: 'A photo' });
  expect([status, body]).toMatchObject([
    201,
    { status: 'stored', name: 'A photo', contentType: 'image/png', picture: null },
  ]);
  const list = await admin.call<{ data: File[] }>('GET', '/v1/files?status=stored', { token });
  expect(list.body.data.map(({ id }) => id)).toEqual([body.id]);
  expect((await admin.call('GET', `/v1/files/${body.id}`, { token })).body).toEqual(body);
  expect((await admin.call('DELETE', `/v1/files/${body.id}`, { token })).status).toBe(204);
  expect((await admin.call('GET', `/v1/files/${body.id}`, { token })).status).toBe(404);
});

test('the same bytes under another name are the same file; under the same Idempotency-Key the same answer', async () => {
  const token = await owner();
  const first = await send(token, PNG, 'a.png', {}, { 'idempotency-key': 'file-1' });
  const same = await send(token, PNG, 'b.png');
  const again = await send(token, PNG, 'a.png', {}, { 'idempotency-key': 'file-1' });
  expect([same.body.id, again.body.id, again.replayed]).toEqual([first.body.id, first.body.id, 'true']);
  expect((await send(token, GIF, 'a.png', {}, { 'idempotency-key': 'file-1' })).body.code).toBe(
    'idempotency_key_reused',
  );
  expect((await admin.call<{ data: File[] }>('GET', '/v1/files', { token })).body.data).toHaveLength(1);
});

test('what is no picture is refused with its name and the way out', async () => {
  const token = await owner();
  const svg = await send(token, Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'), 'logo.png');
  expect([svg.status, svg.body.code]).toEqual([422, 'not_an_image']);
  const html = await send(token, Buffer.from('<!doctype html><script>alert(1)</script>'), 'a.png');
  expect([html.status, html.body.code]).toEqual([422, 'not_an_image']);
});

test('a picture sent to a signed address: exactly as announced, once, and then completed', async () => {
  const token = await owner();
  const announced = { name: 'a.png', contentType: 'image/png', sizeBytes: PNG.length };
  const { status, body } = await begin(token, announced);
  expect([status, body.file.status]).toEqual([201, 'awaiting_upload']);
  const early = await admin.call<File>('POST', `/v1/files/${body.file.id}/completion`, { token });
  expect([early.status, early.body.code]).toEqual([409, 'upload_incomplete']);

  const url = here(body.upload.url);
  const put = async (to: string, bytes: Buffer, headers: Record<string, string> = body.upload.headers) =>
    (await fetch(to, { method: 'PUT', headers, body: new Uint8Array(bytes) })).status;
  expect(await put(url, Buffer.concat([PNG, PNG]))).toBe(422);
  expect(await put(url, PNG.subarray(1))).toBe(422);
  expect(await put(url, PNG, { 'content-type': 'image/jpeg' })).toBe(422);
  expect(await put(url.replace('size=', 'size=9'), PNG)).toBe(404);
  expect(await put(url.replace('image%2Fpng', 'text%2Fhtml'), PNG)).toBe(404);
  expect(await put(url.replace(/key=[^%]*/, 'key=other'), PNG)).toBe(404);
  expect(await put(url.replace(/expires=\d/, 'expires=9'), PNG)).toBe(404);
  expect(await put(url, PNG)).toBe(204);
  expect(await put(url, PNG)).toBe(404);

  const done = await admin.call<File>('POST', `/v1/files/${body.file.id}/completion`, { token });
  expect([done.status, done.body]).toMatchObject([
    200,
    { id: body.file.id, status: 'stored', contentType: 'image/png' },
  ]);
});

test('a picture of megabytes comes both ways: the limits of other bodies are not its', async () => {
  const token = await owner();
  const large = Buffer.concat([PNG, Buffer.alloc(3_000_000, 'x')]);
  expect((await send(token, large, 'large.png')).status).toBe(201);
  const other = Buffer.concat([large, Buffer.from('y')]);
  const { body } = await begin(token, { name: 'a.png', contentType: 'image/png', sizeBytes: other.length });
  const { url, headers } = body.upload;
  const sent = await fetch(here(url), { method: 'PUT', headers, body: new Uint8Array(other) });
  expect(sent.status).toBe(204);
  const done = await admin.call<File>('POST', `/v1/files/${body.file.id}/completion`, { token });
  expect([done.status, done.body.status]).toEqual([200, 'stored']);
});

test('an address for uploads is none for downloads, and nobody reads another file with it', async () => {
  const token = await owner();
  const { body } = await begin(token, { name: 'a.png', contentType: 'image/png', sizeBytes: PNG.length });
  await fetch(here(body.upload.url), { method: 'PUT', headers: body.upload.headers, body: new Uint8Array(PNG) });
  const got = await fetch(here(body.upload.url));
  expect([got.status, ((await got.json()) as File).code]).toEqual([404, 'address_not_good']);
  for (const key of ['../../../etc/passwd', '/etc/passwd', 'x/../../y', 'a%00b']) {
    const url = new URL(here(body.upload.url));
    url.searchParams.set('key', key);
    expect((await fetch(url)).status).toBe(404);
  }
});

test('a private file comes as an attachment that no browser shows, and no longer than its address lives', async () => {
  const { store } = admin.parts.files;
  async function* csv() {
    yield Buffer.from('a,b\n1,2\n');
  }
  await store.put('c1/export/a', csv(), { contentType: 'text/csv', sizeMax: 100 });
  const address = (seconds: number) =>
    store.signDownload('c1/export/a', { fileName: 'kä"s.csv', contentType: 'text/csv', expiresInSeconds: seconds });
  const got = await fetch(here((await address(60)).url));
  expect([got.status, await got.text()]).toEqual([200, 'a,b\n1,2\n']);
  expect(Object.fromEntries(got.headers)).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="k__s.csv"; filename*=UTF-8''k%C3%A4%22s.csv`,
    'content-length': '8',
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  expect((await fetch(here((await address(0)).url))).status).toBe(404);
  expect((await fetch(here((await address(60)).url.replace('name=', 'name=x')))).status).toBe(404);
});

test('more than the company may keep is refused with what is used and allowed', async () => {
  const { company, tokens } = await register(admin);
  await db.admin`insert into file_usage (company_id, used_bytes, quota_bytes) values (${company.id}, 100, 110)`;
  const { status, body } = await send(tokens.accessToken, PNG, 'a.png');
  expect([status, body.code]).toEqual([422, 'file_quota_spent']);
  const announced = { name: 'a.png', contentType: 'image/png', sizeBytes: 50 };
  expect((await begin(tokens.accessToken, announced)).status).toBe(422);
});

test("another company's picture is exactly like a missing one", async () => {
  const [mine, theirs] = [await owner(), await owner()];
  const { body } = await send(theirs, PNG, 'a.png');
  const missing = newId('file');
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/completion'],
  ] as const) {
    const [other, none] = await Promise.all(
      [body.id, missing].map((id) =>
        admin.call<{ requestId?: string }>(method, `/v1/files/${id}${path}`, { token: mine }),
      ),
    );
    delete other?.body.requestId;
    delete none?.body.requestId;
    expect([method, other?.status, other?.body]).toEqual([method, 404, none?.body]);
  }
});

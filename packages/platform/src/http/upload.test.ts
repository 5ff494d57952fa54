import { createHash } from 'node:crypto';
import { type AddressInfo, connect } from 'node:net';
import { Controller, Inject, Post } from '@nestjs/common';
import { can } from '@souk/domain/company/companies/companies.access';
import type { Run } from '@souk/domain/kernel/ctx';
import { DomainError } from '@souk/domain/kernel/errors';
import { useDatabase } from '@souk/domain/testing/database';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { useApi } from '../testing/app.ts';
import { ThingsController } from '../testing/door-fixture.ts';
import { givenShopAtDoor } from '../testing/given-keys.ts';
import { RUN } from '../tokens.ts';
import { Allow } from './allow.ts';
import { dtoOf, ZodResponse } from './contract-class.ts';
import { type IncomingUpload, TakesUpload, Upload } from './upload.ts';

const SIZE_MAX = 100_000;
const fields = z.strictObject({ colour: z.enum(['red', 'blue']), note: z.string().max(20).optional() });
class FieldsDto extends dtoOf(fields) {}
class GotDto extends dtoOf(z.object({ colour: z.string(), name: z.string(), sizeBytes: z.int() })) {}

class TooBig extends DomainError {
  readonly code = 'file_too_large';
  readonly status = 413;
}

let stored: string[] = [];
let undone: string[] = [];
let begun = 0;
beforeEach(() => {
  begun = 0;
  stored = [];
  undone = [];
});

@Controller('v1/boxes')
class BoxesController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Post()
  @Allow(can.write)
  @TakesUpload({ fields: FieldsDto, file: 'Anything.' })
  @ZodResponse({ status: 201, type: GotDto })
  async add(@Upload() upload: IncomingUpload) {
    const got = await upload.read({
      fields,
      sizeMax: SIZE_MAX,
      onFile: async (content, name) => {
        begun += 1;
        const hash = createHash('sha256');
        let sizeBytes = 0;
        for await (const piece of content) {
          sizeBytes += piece.length;
          if (sizeBytes > SIZE_MAX) throw new TooBig('too big');
          hash.update(piece);
        }
        stored.push(name);
        return { name, sizeBytes, sha256: hash.digest('hex') };
      },
      onUndone: async ({ name }) => void undone.push(name),
    });
    return this.run(got.session, async () => ({ ...got.stored, colour: got.fields.colour }));
  }
}

const db = useDatabase();
const admin = useApi({ name: 'admin', controllers: [BoxesController, ThingsController] }, db);
let token = '';
let port = 0;
beforeAll(async () => {
  token = (await (await givenShopAtDoor(db, admin)).loggedIn('owner')).token;
  await admin.app.listen({ port: 0, host: '127.0.0.1' });
  port = (admin.app.getHttpServer().address() as AddressInfo).port; // a TCP server's address is an object
});

interface Answered {
  status: number;
  body: { code?: string; errors?: { pointer: string }[]; colour?: string; name?: string; sizeBytes?: number };
  replayed: string | null;
}
async function send(form: FormData, headers: Record<string, string> = {}, path = '/v1/boxes'): Promise<Answered> {
  const authorization = `Bearer ${token}`;
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    body: form,
    headers: { authorization, ...headers },
  });
  return {
    status: answer.status,
    body: (await answer.json()) as Answered['body'],
    replayed: answer.headers.get('idempotency-replayed'),
  };
}
function formOf(parts: [name: string, value: string | Blob, fileName?: string][]): FormData {
  const form = new FormData();
  for (const [name, value, fileName] of parts) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, fileName);
  }
  return form;
}
const box = (size: number) => new Blob(['x'.repeat(size)]);

test('a form is read whatever the order of its parts', async () => {
  const first = await send(
    formOf([
      ['colour', 'red'],
      ['file', box(50_000), 'a.txt'],
    ]),
  );
  const last = await send(
    formOf([
      ['file', box(SIZE_MAX), 'b.txt'],
      ['colour', 'blue'],
      ['note', 'hm'],
    ]),
  );
  expect(first).toMatchObject({ status: 201, body: { colour: 'red', name: 'a.txt', sizeBytes: 50_000 } });
  expect(last).toMatchObject({ status: 201, body: { colour: 'blue', name: 'b.txt', sizeBytes: SIZE_MAX } });
  expect(undone).toEqual([]);
});

test('the name of a file is its last part, without what cannot be shown', async () => {
  const { body } = await send(
    formOf([
      ['colour', 'red'],
      ['file', box(1), '../../etc/\u202epa\u0007ss'],
    ]),
  );
  expect(body.name).toBe('pass');
});

test('what is wrong beside the file is told by field, and the stored file is let go of', async () => {
  const cases: [parts: Parameters<typeof formOf>[0], pointer: string][] = [
    [
      [
        ['file', box(5), 'a'],
        ['colour', 'green'],
      ],
      '/colour',
    ],
    [[['file', box(5), 'a']], '/colour'],
    [
      [
        ['file', box(5), 'a'],
        ['colour', 'red'],
        ['size', '5'],
      ],
      '/size',
    ],
    [
      [
        ['file', box(5), 'a'],
        ['colour', 'red'],
        ['colour', 'blue'],
      ],
      '/colour',
    ],
    [
      [
        ['file', box(5), 'a'],
        ['file', box(5), 'b'],
        ['colour', 'red'],
      ],
      '',
    ],
    [
      [
        ['other', box(5), 'a'],
        ['colour', 'red'],
      ],
      '/other',
    ],
    [[['colour', 'red']], '/file'],
    [
      [
        ['file', 'text'],
        ['colour', 'red'],
      ],
      '/file',
    ],
  ];
  for (const [parts, pointer] of cases) {
    stored = [];
    undone = [];
    const { status, body } = await send(formOf(parts));
    expect([pointer, status, body.code, body.errors?.[0]?.pointer]).toEqual([pointer, 400, 'invalid_input', pointer]);
    expect(undone).toEqual(stored);
  }
});

test('one byte too many is refused with the words of whoever stores it, and the sender gets to read them', async () => {
  const { status, body } = await send(
    formOf([
      ['colour', 'red'],
      ['file', box(5_000_000), 'a'],
    ]),
  );
  expect([status, body.code, stored]).toEqual([413, 'file_too_large', []]);
});

test('a fault before a file is answered at once, and nobody begins to store what will never come to its end', async () => {
  const { status, body } = await send(
    formOf([
      ['colour', 'red'],
      ['colour', 'blue'],
      ['file', box(200_000), 'a'],
    ]),
  );
  expect([status, body.errors?.[0]?.pointer, begun, stored]).toEqual([400, '/colour', 0, []]);
});

test('too many fields, and fields without end, are refused', async () => {
  const many = Array.from({ length: 30 }, (_, i): [string, string] => [`f${i}`, 'x']);
  expect((await send(formOf([...many, ['file', box(1), 'a']]))).status).toBe(400);
  expect(
    (
      await send(
        formOf([
          ['colour', 'r'.repeat(50_000)],
          ['file', box(1), 'a'],
        ]),
      )
    ).status,
  ).toBe(400);
});

test('a form that ends before its end, or has none, is refused and leaves nothing', async () => {
  const head = (length: number, type: string) =>
    `POST /v1/boxes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
  const part = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf of it';
  const form = 'multipart/form-data; boundary=b';
  expect(await raw(head(part.length, form) + part)).toContain(' 400 ');
  expect(await raw(`${head(3, 'multipart/form-data')}abc`)).toContain(' 400 ');
  expect(await raw(head(0, form))).toContain(' 400 ');
  await raw(head(10_000, form) + part, true);
  expect(stored.length).toBe(undone.length);
});

test('only routes that say so take forms, and only forms', async () => {
  expect((await send(formOf([['name', 'x']]), {}, '/v1/things')).status).toBe(415);
  const json = await admin.call('POST', '/v1/boxes', { token, body: { colour: 'red' } });
  expect(json.status).toBe(415);
  expect((await admin.call('POST', '/v1/boxes', { token })).status).toBe(415);
  const text = await admin.call('POST', '/v1/boxes', { token, body: 'x', headers: { 'content-type': 'text/plain' } });
  expect(text.status).toBe(415);
});

test('nobody is asked for a file before they have said who they are', async () => {
  const form = formOf([
    ['colour', 'red'],
    ['file', box(10), 'a'],
  ]);
  expect((await send(form, { authorization: 'Bearer nonsense' })).status).toBe(401);
  expect(stored).toEqual([]);
});

test('an Idempotency-Key stands for the fields and the file', async () => {
  const key = { 'idempotency-key': 'box-1' };
  const sent = () =>
    formOf([
      ['colour', 'red'],
      ['file', box(10), 'a'],
    ]);
  const first = await send(sent(), key);
  const again = await send(sent(), key);
  expect([first.status, again.status, again.replayed, again.body]).toEqual([201, 201, 'true', first.body]);
  const otherFile = formOf([
    ['colour', 'red'],
    ['file', box(11), 'a'],
  ]);
  const otherField = formOf([
    ['colour', 'blue'],
    ['file', box(10), 'a'],
  ]);
  for (const other of [otherFile, otherField])
    expect((await send(other, key)).body.code).toBe('idempotency_key_reused');
});

/** Sends bytes as they are and reads what comes back; `cut` hangs up in between. */
function raw(text: string, cut = false): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text);
      if (cut) setTimeout(() => socket.destroy(), 50);
    });
    let answer = '';
    socket.on('data', (piece) => {
      answer += piece;
      if (answer.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', () => undefined);
  });
}

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer as createWebServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsWebServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { NotDelivered } from '@souk/domain/reach/webhooks/webhook-sender';
import { afterEach, expect, test } from 'vitest';
import type { Resolve } from './public-names.ts';
import { selfSigned } from './testing/self-signed.ts';
import { guardedWebhookSender } from './webhook-sender.ts';

const TIMEOUT_MS = 700;
/** What may pass between the time-out and the end of an attempt, on a machine that is busy. */
const SLACK_MS = 2_000;
const KIB = 1_024;
/** Whatever a server does: the body, the headers, and what a piece needs to say its length. */
const WIRE_BYTES_MAX = 320 * KIB;

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server): Promise<string> {
  servers.push(server);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}
const web = async (answer: (request: IncomingMessage, response: ServerResponse) => void) =>
  `http://${await listening(createWebServer(answer))}/hooks`;
/** A server that speaks bytes, once a request has begun to arrive. */
const raw = async (speak: (socket: Socket) => void) =>
  `http://${await listening(createServer((socket) => socket.once('data', () => speak(socket))))}/hooks`;
/** Writes it again and again, as fast as it is taken. */
function flood(socket: Socket, piece: Buffer | string): void {
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
    if (!socket.destroyed) socket.once('drain', more);
  };
  more();
}

const sender = guardedWebhookSender({ allowLoopback: true, timeoutMs: TIMEOUT_MS });
/** For what ends long before its time, unless the machine is busy. */
const patient = guardedWebhookSender({ allowLoopback: true });
const asWebhook = (url: string) => ({ url, headers: { 'webhook-id': 'evt_1' }, body: '{"a":"ü"}' });
const send = (url: string) => sender.send(asWebhook(url));
const refusalOf = (url: string, by = sender) =>
  by.send(asWebhook(url)).then(
    (answer) => `delivered ${answer.statusCode}`,
    (error: unknown) => (error instanceof NotDelivered ? error.message : `fault ${String(error)}`),
  );

test('a webhook is one POST of exactly these bytes, with our name and a type', async () => {
  const got: unknown[] = [];
  const url = await web((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      got.push([request.method, request.headers, Buffer.concat(pieces).toString()]);
      response.writeHead(204).end();
    });
  });
  const answer = await sender.send({
    url,
    headers: { 'webhook-id': 'evt_1', 'User-Agent': 'theirs', 'Content-Type': 'text/x', 'X-Token': 'abc' },
    body: '{"a":"ü"}',
  });
  expect(answer).toEqual({ statusCode: 204, retryAfterSeconds: undefined, body: '' });
  expect(got).toEqual([
    [
      'POST',
      expect.objectContaining({
        'content-type': 'application/json',
        'content-length': '10',
        'user-agent': expect.stringContaining('Souk'),
        'accept-encoding': 'identity',
        'webhook-id': 'evt_1',
        'x-token': 'abc',
      }),
      '{"a":"ü"}',
    ],
  ]);
});

test('every status is an answer, and a redirect is not followed', async () => {
  let asked = 0;
  let status = 200;
  const url = await web((_request, response) => {
    asked += 1;
    response.writeHead(status, { location: '/elsewhere' }).end('words');
  });
  for (status of [200, 201, 301, 302, 303, 307, 308, 400, 404, 410, 429, 500, 503]) {
    asked = 0;
    expect(await send(url)).toMatchObject({ statusCode: status, body: 'words' });
    expect(asked).toBe(1);
  }
});

test('Retry-After is told in seconds, whichever way it is said', async () => {
  let value = '';
  const url = await web((_request, response) => response.writeHead(503, { 'retry-after': value }).end());
  const told = async (header: string) => {
    value = header;
    return (await send(url)).retryAfterSeconds;
  };
  expect(await told('120')).toBe(120);
  expect(await told('0')).toBe(0);
  const soon = await told(new Date(Date.now() + 60_000).toUTCString());
  expect(soon).toBeGreaterThan(55);
  expect(soon).toBeLessThanOrEqual(60);
  expect(await told('Wed, 21 Oct 2015 07:28:00 GMT')).toBe(0);
  expect(await told('Wednesday, 21-Oct-15 07:28:00 GMT')).toBe(0);
  expect(await told('Wed Oct 21 07:28:00 2015')).toBe(0);
  for (const odd of ['-1', '1.5', 'soon', '1e9', '2015-10-21', ''])
    expect([odd, await told(odd)]).toEqual([odd, undefined]);
});

test('of an answer the first 4 KiB are kept, as text that every log can hold', async () => {
  let body: Buffer | string = '';
  let headers = {};
  const url = await web((_request, response) => response.writeHead(200, headers).end(body));
  body = `${'x'.repeat(4_095)}ü and more`;
  expect((await send(url)).body).toBe('x'.repeat(4_095));
  body = Buffer.from([0, 1, 2, 65, 10, 9, 255, 254, 0xc3, 0x28, 127, 66]);
  const { body: binary } = await send(url);
  expect([...binary].filter((one) => (one < ' ' && !'\n\t'.includes(one)) || one === '\u007f')).toEqual([]);
  expect(binary).toContain('A\n\t');
  body = gzipSync('secret words');
  headers = { 'content-encoding': 'gzip' };
  expect((await send(url)).body).toBe('(packed as gzip though it was not asked for, so not shown)');
});

test('what is wrong with an address is told in words for the merchant', async () => {
  const missing: Resolve = (_host, _options, done) =>
    done(Object.assign(new Error('queryA ENOTFOUND shop.example'), { code: 'ENOTFOUND' }), []);
  const failure = (url: string, resolve?: Resolve) =>
    guardedWebhookSender({ allowLoopback: true, timeoutMs: TIMEOUT_MS, ...(resolve && { resolve }) })
      .send(asWebhook(url))
      .then(String, (error: unknown) => (error instanceof NotDelivered ? error.message : `fault ${String(error)}`));
  expect(await failure('http://127.0.0.1:1/')).toBe('Nothing listens at this address.');
  expect(await failure('https://shop.example/', missing)).toBe('The host name has no address.');
  expect(await failure('https://10.0.0.1/')).toBe('The address is not on the public internet.');
  expect(
    await failure('https://shop.example/', (_host, _options, done) => done(null, [{ address: '10.0.0.1', family: 4 }])),
  ).toBe('The address is not on the public internet.');
  expect(await failure('https://shop.example/', () => undefined)).toBe('There was no whole answer within 0.7 s.');
  expect(await refusalOf(await raw((socket) => socket.resetAndDestroy()))).toBe('The server broke the connection off.');
  expect(await refusalOf(await raw((socket) => socket.end()))).toBe('The server broke the connection off.');
  expect(await refusalOf(await raw((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')))).toBe(
    'What came back is not HTTP.',
  );
});

test('troubles with TLS are named', async () => {
  const day = 86_400_000;
  const at = (days: number) => new Date(Date.now() + days * day);
  const served = async (from: Date, until: Date) =>
    `https://${await listening(createTlsWebServer(selfSigned('localhost', from, until), (_request, response) => response.end()))}/`;
  expect(await refusalOf(await served(at(-1), at(1)))).toContain('self-signed');
  expect(await refusalOf(await served(at(-9), at(-3)))).toMatch(/self-signed|expired/);
  const plain = (await web((_request, response) => response.end())).replace('http:', 'https:');
  expect(await refusalOf(plain)).toContain('does not speak TLS');
});

test('certificates are looked at whatever the environment says', async () => {
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  try {
    const pair = selfSigned('localhost', new Date(Date.now() - 1_000), new Date(Date.now() + 100_000));
    const url = `https://${await listening(createTlsWebServer(pair, (_request, response) => response.end()))}/`;
    expect(await refusalOf(url)).toContain('self-signed');
  } finally {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
  }
});

const TOO_SLOW = 'There was no whole answer within 0.7 s.';
/** What each of these does to us, and how it ends. */
const HOSTILE: [string, string, (socket: Socket) => void][] = [
  ['says nothing', TOO_SLOW, () => undefined],
  ['drips its headers', TOO_SLOW, (socket) => drip(socket, `HTTP/1.1 200 OK\r\nx-a: ${'b'.repeat(10_000)}`)],
  [
    'drips its body',
    TOO_SLOW,
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n');
      drip(socket, 'x'.repeat(9_999));
    },
  ],
  [
    'never says that it is done',
    TOO_SLOW,
    (socket) => socket.write('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nthanks'),
  ],
  [
    'sends a body without end',
    'delivered 200',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      flood(socket, Buffer.alloc(65_536, 'x'));
    },
  ],
  [
    'announces ten gigabytes',
    'delivered 200',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n');
      flood(socket, Buffer.alloc(65_536, 'x'));
    },
  ],
  [
    'sends pieces without end',
    'delivered 200',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      flood(socket, '1\r\nx\r\n'.repeat(1_000));
    },
  ],
  [
    'hides megabytes in what describes a piece',
    'delivered 200',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;a=');
      flood(socket, 'b'.repeat(10_000));
    },
  ],
  [
    'sends a packed bomb',
    'delivered 200',
    (socket) => {
      const bomb = gzipSync(Buffer.alloc(20_000_000));
      socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.byteLength}\r\n\r\n`);
      socket.write(bomb);
    },
  ],
  [
    'sends 100,000 headers',
    'The headers of the answer are too large.',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      socket.write(Array.from({ length: 100_000 }, (_, header) => `x-${header}: y\r\n`).join(''));
      socket.write('\r\n');
    },
  ],
  [
    'sends one header without end',
    'The headers of the answer are too large.',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nx-a: ');
      flood(socket, 'b'.repeat(10_000));
    },
  ],
  [
    'sends trailers without end',
    'The headers of the answer are too large.',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n');
      flood(socket, 'x-a: b\r\n'.repeat(1_000));
    },
  ],
  [
    'says "wait" without end',
    'The server sent too much before its answer began.',
    (socket) => flood(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(10)),
  ],
  [
    'says "go on" without end',
    'The server broke the connection off.',
    (socket) => flood(socket, 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(10)),
  ],
  [
    'wants another protocol',
    'The server broke the connection off.',
    (socket) => void socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  ],
  ['sends noise', 'What came back is not HTTP.', (socket) => flood(socket, Buffer.alloc(65_536, 7))],
  [
    'resets in the middle',
    'The server broke the connection off.',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf');
      setTimeout(() => socket.resetAndDestroy(), 50);
    },
  ],
  [
    'ends in the middle',
    'The server broke the connection off.',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf');
      setTimeout(() => socket.end(), 50);
    },
  ],
];
function drip(socket: Socket, text: string): void {
  let next = 0;
  const drop = setInterval(() => socket.write(text[next++] ?? ''), 20);
  socket.on('close', () => clearInterval(drop));
}

test.each(HOSTILE)('a server that %s is left in time, with little read', async (_what, outcome, speak) => {
  const client: Socket[] = [];
  const onConnected = (message: unknown) => {
    // As Node's channel describes it; every connection of this process passes here.
    client.push((message as { socket: Socket }).socket);
  };
  const url = await raw(speak);
  subscribe('net.client.socket', onConnected);
  const began = performance.now();
  try {
    expect(await refusalOf(url, outcome === TOO_SLOW ? sender : patient)).toBe(outcome);
  } finally {
    unsubscribe('net.client.socket', onConnected);
  }
  if (outcome === TOO_SLOW) expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + SLACK_MS);
  expect(client).toHaveLength(1);
  expect(client[0]?.bytesRead).toBeLessThan(WIRE_BYTES_MAX);
  // Nothing is left behind that could go on.
  await expect.poll(() => client[0]?.destroyed).toBe(true);
});

test('a server that takes the connection and never speaks TLS is left in time', async () => {
  const at = await listening(createServer((socket) => socket.resume()));
  const began = performance.now();
  expect(await refusalOf(`https://${at}/`)).toBe('There was no whole answer within 0.7 s.');
  expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + SLACK_MS);
  await expect.poll(() => sockets.size).toBe(0);
});

test('a server that does not read what is sent to it is left in time', async () => {
  const at = await listening(createServer((socket) => socket.pause()));
  const began = performance.now();
  const large = { url: `http://${at}/`, headers: {}, body: 'x'.repeat(20_000_000) };
  await expect(sender.send(large)).rejects.toThrow('There was no whole answer within 0.7 s.');
  expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + SLACK_MS);
});

test('what a server says of itself never gets into our words', async () => {
  const url = await raw((socket) => socket.end('HTTP/1.1 600 <script>\r\n\u0000\r\n\r\n'));
  expect(await refusalOf(url)).toMatch(/^[A-Z][\w ,]+\.$/);
});

test('a session sends one after the other over one connection, each in its own time', async () => {
  const ports = new Set<number | undefined>();
  let atOnce = 0;
  let most = 0;
  const url = await web((request, response) => {
    ports.add(request.socket.remotePort);
    atOnce += 1;
    most = Math.max(most, atOnce);
    setTimeout(() => {
      atOnce -= 1;
      response.end('fine');
    }, 100);
  });
  const session = sender.session();
  const answers = await Promise.all(Array.from({ length: 12 }, () => session.send(asWebhook(url))));
  session.close();
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(12).fill(200));
  expect([ports.size, most]).toEqual([1, 1]);
  await expect.poll(() => sockets.size).toBe(0);
});

test('a session outlives servers that hang up, hang, flood or fail', async () => {
  let turn = 0;
  const url = await raw((socket) => {
    const speak = [
      () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok'),
      () => undefined,
      () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        flood(socket, Buffer.alloc(65_536, 'x'));
      },
      () => socket.resetAndDestroy(),
      // Stays open for the next, and closes just when that is on its way.
      () => {
        socket.write('HTTP/1.1 201 OK\r\ncontent-length: 2\r\n\r\nok');
        socket.once('data', () => socket.resetAndDestroy());
      },
      () => socket.end('HTTP/1.1 202 OK\r\ncontent-length: 2\r\n\r\nok'),
    ];
    speak[turn++]?.();
  });
  const session = sender.session();
  const outcomes: unknown[] = [];
  for (let attempt = 0; attempt < 7; attempt++) {
    outcomes.push(
      await session.send(asWebhook(url)).then(
        ({ statusCode }) => statusCode,
        (error: unknown) => String(error),
      ),
    );
  }
  session.close();
  expect(outcomes).toEqual([
    200,
    'NotDelivered: There was no whole answer within 0.7 s.',
    200,
    'NotDelivered: The server broke the connection off.',
    201,
    'NotDelivered: The server broke the connection off.',
    202,
  ]);
});

test('on a connection that was kept nothing is sent twice, though the server takes it and hangs up', async () => {
  const taken: string[] = [];
  const server = createServer((socket) => {
    socket.on('data', (piece) => {
      taken.push(...(String(piece).match(/webhook-id: \S+/g) ?? []));
      if (taken.length === 2) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
  });
  const url = `http://${await listening(server)}/hooks`;
  const session = sender.session();
  const outcomes: unknown[] = [];
  for (const id of ['evt_1', 'evt_2', 'evt_3', 'evt_4']) {
    const webhook = { ...asWebhook(url), headers: { 'webhook-id': id } };
    outcomes.push(await session.send(webhook).then(({ statusCode }) => statusCode, String));
  }
  session.close();
  expect(outcomes).toEqual([200, 'NotDelivered: The server broke the connection off.', 200, 200]);
  expect(taken).toEqual(['evt_1', 'evt_2', 'evt_3', 'evt_4'].map((id) => `webhook-id: ${id}`));
});

test('a server that closes each connection after its answer, without a word, is delivered to', async () => {
  const url = await raw((socket) => {
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
  });
  const session = sender.session();
  const statuses: number[] = [];
  for (let at = 0; at < 5; at++) statuses.push((await session.send(asWebhook(url))).statusCode);
  session.close();
  expect(statuses).toEqual([200, 200, 200, 200, 200]);
});

test('a session looks at every address anew', async () => {
  const names: Resolve = (_host, _options, done) => done(null, [{ address: '10.0.0.1', family: 4 }]);
  const url = await web((_request, response) => response.end());
  const session = guardedWebhookSender({ allowLoopback: true, timeoutMs: TIMEOUT_MS, resolve: names }).session();
  expect((await session.send(asWebhook(url))).statusCode).toBe(200);
  await expect(session.send(asWebhook('https://shop.example/'))).rejects.toThrow('not on the public internet');
  expect((await session.send(asWebhook(url))).statusCode).toBe(200);
  session.close();
});

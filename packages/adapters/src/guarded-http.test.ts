import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RemoteFailed, RemoteRefused } from '@souk/domain/catalog/files/remote-fetch';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { AnswerTooLarge } from './guarded-connection.ts';
import { AnswerTooSlow, guardedHttp, Unreachable } from './guarded-http.ts';
import { AddressRefused } from './guarded-url.ts';
import type { Resolve } from './public-names.ts';
import { remotePictures } from './remote-pictures.ts';

let server: Server;
let origin = '';
let port = 0;
let asked: string[] = [];
let answer: RequestListener = (_request, response) => response.end('fine');

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.headers.host} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port; // a TCP server's address is an object
  origin = `http://127.0.0.1:${port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  answer = (_request, response) => response.end('fine');
});

const limits = { timeoutMs: 2_000, bytesMax: 10_000 };
const local = guardedHttp({ allowLoopback: true });
const strict = guardedHttp();
const resolvingTo = (...rounds: string[][]): { resolve: Resolve; asked: () => number } => {
  let round = 0;
  const resolve: Resolve = (_host, _options, done) => {
    const addresses = rounds[Math.min(round++, rounds.length - 1)] ?? [];
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { resolve, asked: () => round };
};
async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

test('an answer comes with its status, headers and body', async () => {
  answer = (request, response) => {
    const sent: Buffer[] = [];
    request.on('data', (piece: Buffer) => sent.push(piece));
    request.on('end', () =>
      response.writeHead(201, { 'x-a': 'b' }).end(`${request.headers['x-c']} ${Buffer.concat(sent)}`),
    );
  };
  const got = await local.send({
    ...limits,
    url: `${origin}/a?b`,
    method: 'POST',
    headers: { 'x-c': 'd' },
    body: 'hello',
  });
  expect([got.status, got.headers['x-a'], await text(got.body)]).toEqual([201, 'b', 'd hello']);
  expect(asked).toEqual([`POST 127.0.0.1:${port} /a?b`]);
});

test('this machine is closed unless development says otherwise', async () => {
  const closed = [
    'http://127.0.0.1/',
    'http://localhost/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://0.0.0.0/',
  ];
  for (const url of closed) await expect(strict.send({ ...limits, url }), url).rejects.toThrow(AddressRefused);
  await expect(local.send({ ...limits, url: 'http://10.0.0.1/' })).rejects.toThrow(AddressRefused);
  await expect(local.send({ ...limits, url: 'http://169.254.169.254/' })).rejects.toThrow(AddressRefused);
  expect(asked).toEqual([]);
});

test('odd addresses are refused before anything is looked up', async () => {
  const names = resolvingTo(['93.184.216.34']);
  const http = guardedHttp({ resolve: names.resolve });
  const odd = [
    'ftp://example.com/',
    'file:///etc/passwd',
    'gopher://example.com/',
    'http://user@example.com/',
    'http://user:pass@example.com/',
    'http://example.com:22/',
    'http://example.com:6379/',
    'http://example.com./',
    'http://0x7f.0.0.1/',
    'http://2130706433/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://0x08080808/',
    'http://[fe80::1%25eth0]/',
    'http://',
    'nonsense',
    '//example.com',
  ];
  for (const url of odd) await expect(http.send({ ...limits, url }), url).rejects.toThrow(AddressRefused);
  expect(names.asked()).toBe(0);
});

test('one closed address among those of a name is enough to refuse it', async () => {
  const closed = [['10.0.0.1'], ['93.184.216.34', '10.0.0.1'], ['2606:4700::1', '::1'], ['fd00:ec2::254'], []];
  for (const addresses of closed) {
    const http = guardedHttp({ resolve: resolvingTo(addresses).resolve });
    await expect(http.send({ ...limits, url: 'http://shop.example/' }), String(addresses)).rejects.toThrow(
      AddressRefused,
    );
  }
});

test('a name is looked up once, and the connection goes where that look-up said, whatever a second one would say', async () => {
  const names = resolvingTo(['127.0.0.1'], ['10.0.0.1'], ['10.0.0.1']);
  const http = guardedHttp({ allowLoopback: true, resolve: names.resolve });
  // The name is one of this machine only for our own look-up, so an allowed port is asked on purpose.
  await expect(http.send({ ...limits, url: 'http://rebinding.example:8080/' })).rejects.toThrow(Unreachable);
  expect(names.asked()).toBe(1);
  const turned = resolvingTo(['93.184.216.34'], ['127.0.0.1']);
  const strictAgain = guardedHttp({ resolve: turned.resolve });
  await strictAgain.send({ ...limits, timeoutMs: 300, url: 'http://rebinding.example/' }).catch(() => undefined);
  expect(turned.asked()).toBe(1);
  expect(asked).toEqual([]);
});

test('the Host header keeps the name while the connection goes to the address', async () => {
  const http = guardedHttp({ allowLoopback: true, resolve: resolvingTo(['127.0.0.1']).resolve });
  const got = await http.send({ ...limits, url: `http://localhost:${port}/x` });
  await text(got.body);
  expect(asked).toEqual([`GET localhost:${port} /x`]);
});

test('a redirect is an answer like any other, unless some are to be followed', async () => {
  answer = (request, response) =>
    request.url === '/end' ? response.end('there') : response.writeHead(302, { location: '/end' }).end();
  const first = await local.send({ ...limits, url: `${origin}/start` });
  await text(first.body);
  expect([first.status, asked.length]).toEqual([302, 1]);
  const followed = await local.send({ ...limits, url: `${origin}/start`, redirectsMax: 3 });
  expect([followed.status, await text(followed.body)]).toEqual([200, 'there']);
});

test('every redirect is looked at anew: none leads inside, to another scheme or port, or on for ever', async () => {
  const bad = [
    'http://10.0.0.1/',
    'http://169.254.169.254/latest/meta-data',
    'http://[fd00:ec2::254]/',
    'http://example.com:6379/',
    'http://user@example.com/',
    'http://0x7f.1/',
    'file:///etc/passwd',
  ];
  for (const location of bad) {
    answer = (_request, response) => response.writeHead(301, { location }).end();
    await expect(local.send({ ...limits, url: origin, redirectsMax: 3 }), location).rejects.toThrow(AddressRefused);
  }
  asked = [];
  answer = (_request, response) => response.writeHead(302, { location: '/again' }).end();
  const last = await local.send({ ...limits, url: `${origin}/`, redirectsMax: 3 });
  await text(last.body);
  expect([last.status, asked.length]).toEqual([302, 4]);
});

test('a redirect to this machine is refused', async () => {
  // The first address is let through as if it were public; what it redirects to is this machine by another name.
  const resolve: Resolve = (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);
  const http = guardedHttp({ allowLoopback: true, resolve });
  answer = (_request, response) => response.writeHead(302, { location: 'http://10.1.2.3/admin' }).end();
  await expect(http.send({ ...limits, url: origin, redirectsMax: 1 })).rejects.toThrow(AddressRefused);
  expect(asked).toEqual([`GET 127.0.0.1:${port} /`]);
  await expect(strict.send({ ...limits, url: `${origin}/admin` })).rejects.toThrow(AddressRefused);
  expect(asked).toHaveLength(1);
});

test('hanging up without reading lets the connection go', async () => {
  let closed = 0;
  answer = (_request, response) => {
    response.on('close', () => (closed += 1));
    response.writeHead(200);
    response.write('begin');
  };
  const got = await local.send({ ...limits, url: origin });
  await got.end();
  await expect.poll(() => closed).toBe(1);
});

test('an endless body ends at the limit, whether it says its length or not', async () => {
  answer = (_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(4_096))) {
        // as long as the socket takes it
      }
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  };
  const endless = await local.send({ ...limits, url: origin });
  await expect(text(endless.body)).rejects.toThrow(AnswerTooLarge);
  answer = (_request, response) => response.writeHead(200, { 'content-length': '10001' }).end('x'.repeat(10_001));
  const said = await local.send({ ...limits, url: origin });
  await expect(text(said.body)).rejects.toThrow(AnswerTooLarge);
  answer = (_request, response) => response.end('x'.repeat(10_000));
  expect((await text((await local.send({ ...limits, url: origin })).body)).length).toBe(10_000);
});

test('an answer that says it is too large is hung up on before its first byte is read', async () => {
  let closed = 0;
  answer = (_request, response) => {
    response.on('close', () => (closed += 1));
    response.writeHead(200, { 'content-length': '10001' }).flushHeaders();
  };
  const said = await local.send({ ...limits, url: origin });
  // No byte of it ever comes: only what the header says can tell.
  await expect(text(said.body)).rejects.toThrow(AnswerTooLarge);
  await expect.poll(() => closed).toBe(1);
});

test('an answer is asked for as it is, for what is packed could be unpacked to any size', async () => {
  let encoding: string | undefined;
  answer = (request, response) => {
    encoding = request.headers['accept-encoding'];
    response.end();
  };
  await text((await local.send({ ...limits, url: origin })).body);
  expect(encoding).toBe('identity');
});

test('a connection that led elsewhere than the look-up said is cut before anything is sent', async ({ skip }) => {
  const inside = createServer((request, response) => {
    asked.push(String(request.headers.host));
    response.end();
  });
  const allowedPort = await firstFree(inside, [8_080, 8_443]);
  if (allowedPort === undefined) return skip('The ports 8080 and 8443 are taken.');
  const resolve: Resolve = (_host, _options, done) => {
    let reads = 0;
    // Whoever looks at it reads a public address, whoever connects reads another.
    const turning = {
      family: 4,
      get address() {
        return reads++ === 0 ? '93.184.216.34' : '127.0.0.1';
      },
    };
    done(null, [turning]);
  };
  try {
    const url = `http://turning.example:${allowedPort}/`;
    await expect(guardedHttp({ resolve }).send({ ...limits, url })).rejects.toThrow(AddressRefused);
    expect(asked).toEqual([]);
  } finally {
    inside.closeAllConnections();
    inside.close();
  }
});

/** Listens on the first of these ports that is free; undefined if none is. */
async function firstFree(on: Server, ports: number[]): Promise<number | undefined> {
  for (const one of ports) {
    const isFree = await new Promise<boolean>((resolve) => {
      on.once('error', () => resolve(false));
      on.listen(one, '127.0.0.1', () => resolve(true));
    });
    if (isFree) return one;
  }
  return undefined;
}

test('a body that drips, and a server that says nothing, end at the time', async () => {
  answer = (_request, response) => {
    response.writeHead(200);
    const drip = setInterval(() => response.write('.'), 20);
    response.on('close', () => clearInterval(drip));
  };
  const dripping = await local.send({ ...limits, timeoutMs: 200, url: origin });
  await expect(text(dripping.body)).rejects.toThrow(AnswerTooSlow);
  answer = () => undefined;
  await expect(local.send({ ...limits, timeoutMs: 200, url: origin })).rejects.toThrow(AnswerTooSlow);
});

test('a connection that breaks is told as such', async () => {
  answer = (_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half');
    setTimeout(() => response.destroy(), 20);
  };
  const half = await local.send({ ...limits, url: origin });
  await expect(text(half.body)).rejects.toThrow(Unreachable);
  await expect(local.send({ ...limits, url: 'http://127.0.0.1:1/' })).rejects.toThrow(Unreachable);
});

test('proxies of the environment are not used', async () => {
  process.env['HTTP_PROXY'] = 'http://127.0.0.1:1';
  process.env['http_proxy'] = 'http://127.0.0.1:1';
  try {
    expect((await local.send({ ...limits, url: origin })).status).toBe(200);
  } finally {
    delete process.env['HTTP_PROXY'];
    delete process.env['http_proxy'];
  }
});

test('a picture that is not to be had is final, one that is not to be had now is not', async () => {
  const fetch = remotePictures(local).fetch;
  const outcome = async (status: number) => {
    answer = (_request, response) => response.writeHead(status).end();
    return fetch(`${origin}/p.jpg`, limits).then(
      () => 'picture',
      (error: unknown) =>
        error instanceof RemoteRefused ? 'never' : error instanceof RemoteFailed ? 'later' : 'fault',
    );
  };
  expect(await outcome(200)).toBe('picture');
  for (const status of [204, 301, 400, 401, 403, 404, 410])
    expect([status, await outcome(status)]).toEqual([status, 'never']);
  for (const status of [408, 425, 429, 500, 502, 503])
    expect([status, await outcome(status)]).toEqual([status, 'later']);
  await expect(remotePictures(strict).fetch(`${origin}/`, limits)).rejects.toThrow(RemoteRefused);
  await expect(fetch('http://127.0.0.1:1/', limits)).rejects.toThrow(RemoteFailed);
  answer = (_request, response) => response.end('x'.repeat(10_001));
  const { content } = await fetch(origin, limits);
  await expect(text(content)).rejects.toThrow(RemoteRefused);
});

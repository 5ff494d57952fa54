import { type AddressInfo, connect } from 'node:net';
import { fastify } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hurried } from './slow-bodies.ts';

const TIMEOUT_MS = 150;
const server = fastify();
let port = 0;
beforeAll(async () => {
  server.post('/', { preParsing: hurried(TIMEOUT_MS) }, async (request) => ({ got: request.body }));
  server.setErrorHandler((_error, _request, reply) => reply.code(400).send());
  await server.listen({ port: 0, host: '127.0.0.1' });
  port = (server.server.address() as AddressInfo).port; // a TCP server's address is an object
});
afterAll(() => server.close());

const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n';

/** On the same connection, after the time for a body has passed. */
const later = [...Array.from({ length: 12 }, () => ''), `${HEAD}{}`];

function send(...pieces: string[]): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => {
      for (const [at, piece] of pieces.entries()) setTimeout(() => socket.write(piece), at * 20);
    });
    socket.on('data', (piece) => {
      answer += piece;
      if (/\}$/.test(answer)) socket.end();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', () => undefined);
  });
}

test('a body that does not come is answered with 408, and the connection ends', async () => {
  const answer = await send(HEAD, '{');
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(answer).toContain('"code":"request_timeout"');
});

test('a body that comes in pieces and in time is taken, and so is one that comes at once', async () => {
  expect(await send(HEAD, '{', '}')).toMatch(/^HTTP\/1\.1 200 /);
  expect(await send(`${HEAD}{}`)).toMatch(/^HTTP\/1\.1 200 /);
});

test('a connection whose request was answered without its body is left alone', async () => {
  const answer = await send(
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: x/y\r\nContent-Length: 2\r\n\r\n',
    'ab',
    ...later,
  );
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 200']);
});

test('an answer that takes longer than a body may is not cut off', async () => {
  const slow = fastify();
  slow.post('/', { preParsing: hurried(50) }, async () => {
    await new Promise((resolve) => setTimeout(resolve, 150));
    return { done: true };
  });
  await slow.listen({ port: 0, host: '127.0.0.1' });
  const answer = await fetch(`http://127.0.0.1:${(slow.server.address() as AddressInfo).port}/`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  expect(answer.status).toBe(200);
  await slow.close();
});

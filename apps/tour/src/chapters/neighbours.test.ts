import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Api } from '../http.ts';
import { askTwice } from './neighbours.ts';

const REAL = 'ord_01h455vb4pex5vsknk084sn02q';
const notFound = (requestId: string) =>
  JSON.stringify({ status: 404, code: 'not_found', detail: 'There is no such thing here.', requestId });

/** Asks an API that answers the real id with `status` and `text`, and every other with the plain 404. */
async function ask(ofReal: { status: number; text: (requestId: string) => string }): Promise<void> {
  let requests = 0;
  const server = createServer((request, response) => {
    const requestId = `request-${++requests}`;
    const answer = request.url?.endsWith(REAL) ? ofReal : { status: 404, text: notFound };
    const headers = { 'content-type': 'application/problem+json', 'x-request-id': requestId };
    response.writeHead(answer.status, headers).end(answer.text(requestId));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  // A server that listens on TCP has an AddressInfo.
  const api = new Api(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { requests: 0 });
  await askTwice({ api, method: 'GET', path: '/v1/orders/:id', id: REAL });
  expect(requests).toBe(2);
}

test('the same 404 for a real id and for nonsense passes; request ids may differ', async () => {
  await ask({ status: 404, text: notFound });
});

test('an answer with the row is a surprise', async () => {
  await expect(ask({ status: 200, text: () => '{}' })).rejects.toThrow(/expected 404; seen: 200/);
});

test('a 404 that says one word more than that for nonsense is a surprise', async () => {
  const telling = (requestId: string) => notFound(requestId).replace('here', 'of yours');
  await expect(ask({ status: 404, text: telling })).rejects.toThrow(/of yours/);
});

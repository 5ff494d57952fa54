import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An API whose answers are changed on their way: what the tour must not overlook. */
export async function lyingApi(
  base: string,
  lie: (path: string, text: string) => string,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers;
    const told = await fetch(`${base}${request.url}`, {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>, // no header the tour sends is there twice
      ...(pieces.length > 0 ? { body: Buffer.concat(pieces) } : {}),
    });
    const kept = ['content-type', 'x-request-id', 'idempotency-replayed'];
    const own = Object.fromEntries([...told.headers].filter(([name]) => kept.includes(name)));
    response.writeHead(told.status, own).end(lie(request.url ?? '', await told.text()));
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // A server that listens on TCP has an AddressInfo.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

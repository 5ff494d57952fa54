import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

const LATENCY_MS = 150;
const BIG_BYTES = 5_000_000;

let echo: Server;
let proxy: FaultProxy;
const portOf = (server: Server) => (server.address() as AddressInfo).port; // it listens on TCP

beforeAll(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
});
beforeEach(async () => {
  proxy = await startFaultProxy(portOf(echo));
});
afterEach(() => proxy.close());
afterAll(() => {
  echo.close();
});

async function opened(port = proxy.port): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** What comes back until the other side is done. */
async function heard(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer); // no encoding is set
  return Buffer.concat(chunks);
}

/** How a connection ended: the code of its error, or nothing. */
const lost = (socket: Socket) =>
  new Promise<string | undefined>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    socket.on('close', () => resolve(undefined));
  });

test.each([{}, { sliceBytes: 1_000 }, { latencyMs: 20, sliceBytes: 50_000 }])(
  'what goes through arrives whole and in order: %j',
  async (faults) => {
    proxy.set(faults);
    const sent = Buffer.from(Array.from({ length: BIG_BYTES / 4 }, (_, at) => at % 251));
    const socket = await opened();
    socket.end(sent);
    expect((await heard(socket)).equals(sent)).toBe(true);
  },
);

test('latency delays both directions', async () => {
  proxy.set({ latencyMs: LATENCY_MS });
  const socket = await opened();
  const begun = performance.now();
  socket.write('x');
  await once(socket, 'data');
  expect(performance.now() - begun).toBeGreaterThanOrEqual(2 * LATENCY_MS - 2);
  socket.destroy();
});

test('a line that stands takes connections, says nothing, and goes on where it stood', async () => {
  proxy.set({ isHung: true });
  const socket = await opened();
  socket.end('hello');
  const answer = heard(socket);
  expect(await Promise.race([answer, pause(200, 'silence')])).toBe('silence');
  proxy.set({});
  expect((await answer).toString()).toBe('hello');
});

test('a cut is heard at once, and the next connection works', async () => {
  const socket = await opened();
  socket.write('x');
  await once(socket, 'data');
  const end = lost(socket);
  expect(proxy.cut()).toBe(1);
  expect(await end).toBe('ECONNRESET');
  expect(proxy.connections()).toBe(0);
  const next = await opened();
  next.end('again');
  expect((await heard(next)).toString()).toBe('again');
});

test('a line that refuses is refused, and opens again at the same port', async () => {
  const { port } = proxy;
  await proxy.refuse();
  expect(await lost(connect({ host: '127.0.0.1', port }))).toBe('ECONNREFUSED');
  await proxy.accept();
  const socket = await opened(port);
  socket.end('here');
  expect((await heard(socket)).toString()).toBe('here');
});

test('it is aimed elsewhere, and who finds nobody there is hung up on', async () => {
  const other = createServer((socket) => socket.end('other'));
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  proxy.aim(portOf(other));
  expect((await heard(await opened())).toString()).toBe('other');
  other.close();
  await once(other, 'close');
  const nobody = connect({ host: '127.0.0.1', port: proxy.port });
  expect(await lost(nobody)).toBe('ECONNRESET');
});

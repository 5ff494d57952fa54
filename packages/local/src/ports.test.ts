import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { freePort, isPortFree, nextFreePort } from './ports.ts';

const servers: Server[] = [];

async function occupy(port: number, host: string): Promise<void> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, resolve);
  });
}

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

test('a preferred port is taken when it is free, another when it is not', async () => {
  const port = await freePort();
  expect(await freePort(port)).toBe(port);
  await occupy(port, '127.0.0.1');
  expect(await freePort(port)).not.toBe(port);
});

test.each(['127.0.0.1', '0.0.0.0'])(
  'a port is busy when somebody listens on %s, and the next one is offered',
  async (host) => {
    const port = await freePort();
    await occupy(port, host);
    expect(await isPortFree(port)).toBe(false);
    expect(await nextFreePort(port)).toBeGreaterThan(port);
  },
);

test('finding no free port is an error that names the range', async () => {
  const port = await freePort();
  await occupy(port, '127.0.0.1');
  await expect(nextFreePort(port, 1)).rejects.toThrow(`No free port between ${port} and ${port}`);
});

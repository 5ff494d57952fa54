import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { openRedis, staySubscribed } from './redis.ts';

const CHANNEL = 'souk:test';
const log = pino({ level: 'silent' });
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** As much of a Redis as a subscriber needs. Of its connections those that `isDumb` says do not answer SUBSCRIBE. */
async function startRedisLike(isDumb: (connection: number) => boolean): Promise<{ url: string; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const answers: Record<string, string> = {
    info: '$19\r\nredis_version:7.0.0\r\n',
    client: '+OK\r\n',
    subscribe: `*3\r\n$9\r\nsubscribe\r\n$${CHANNEL.length}\r\n${CHANNEL}\r\n:1\r\n`,
  };
  const server: Server = createServer((socket) => {
    const number = sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      for (const [, word = ''] of bytes.toString().matchAll(/^\*\d+\r\n\$\d+\r\n(\w+)/gm))
        if (word.toLowerCase() !== 'subscribe' || !isDumb(number))
          socket.write(answers[word.toLowerCase()] ?? '+OK\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets }; // it listens on TCP
}

test('a Redis that hangs just when a lost line is up again ends no process, and is subscribed to once it answers', async () => {
  const unhandled: unknown[] = [];
  const hear = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', hear);
  closing.push(() => process.off('unhandledRejection', hear));
  const { url, sockets } = await startRedisLike((connection) => connection === 2);
  const redis = openRedis(url, log, 'subscriber');
  closing.push(() => redis.disconnect());
  let times = 0;
  staySubscribed(redis, CHANNEL, () => (times += 1), log);
  await vi.waitFor(() => expect(times).toBe(1), { timeout: 5_000 });
  sockets[0]?.destroy();
  await vi.waitFor(() => expect(times).toBe(2), { timeout: 10_000 });
  expect(sockets.length).toBeGreaterThan(2);
  expect(unhandled).toEqual([]);
}, 30_000);

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findRedis } from './redis.ts';

// A stand-in for redis-server: reads its configuration as the real one does, and speaks AUTH and PING.
const STAND_IN = `#!${process.execPath}
if (process.argv[2] === '--version') {
  console.log('Redis server v=' + (process.env.STAND_IN_VERSION ?? '7.0.15') + ' sha=00000000:0 malloc=libc bits=64');
  process.exit(0);
}
if (process.env.STAND_IN_FAILS) { console.log('Fatal: out of luck'); process.exit(1); }
let config = '';
process.stdin.on('data', (chunk) => { config += chunk; });
process.stdin.on('end', () => {
  const value = (name) => new RegExp('^' + name + ' (.*)$', 'm').exec(config)?.[1];
  require('node:net').createServer((socket) => {
    let known = false;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const line of String(chunk).split('\\r\\n').filter(Boolean)) {
        if (line === 'CONFIG') socket.write(JSON.stringify(config) + '\\r\\n');
        else if (line.startsWith('AUTH')) {
          known = line.slice(5) === value('requirepass');
          socket.write(known ? '+OK\\r\\n' : '-WRONGPASS\\r\\n');
        } else socket.write(known ? '+PONG\\r\\n' : '-NOAUTH\\r\\n');
      }
    });
  }).listen(Number(value('port')), value('bind'));
});
`;

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'souk-redis-test-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function putOnPath(name: string, extra: NodeJS.ProcessEnv = {}): Promise<NodeJS.ProcessEnv> {
  const file = join(folder, name);
  await writeFile(file, STAND_IN);
  await chmod(file, 0o755);
  return { PATH: folder, ...extra };
}

function ask(url: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on('error', reject);
    socket.on('connect', () => socket.write(`${line}\r\n`));
    socket.on('data', (chunk) => {
      socket.destroy();
      resolve(chunk.toString('utf8'));
    });
  });
}

describe('findRedis', () => {
  test('takes REDIS_URL before anything else, and leaves that server alone', async () => {
    const env = { ...(await putOnPath('redis-server')), REDIS_URL: 'redis://elsewhere:6379' };
    const redis = await findRedis({ env });
    expect(redis).toMatchObject({ found: true, url: 'redis://elsewhere:6379', source: 'REDIS_URL' });
  });

  test.each(['redis-server', 'valkey-server'])('starts a private %s from the PATH and ends it', async (name) => {
    const redis = await findRedis({ env: await putOnPath(name) });
    if (!redis.found) throw new Error(redis.reason);
    expect(redis.source).toContain(join(folder, name));
    const { hostname, password } = new URL(redis.url);
    expect(hostname).toBe('127.0.0.1');
    const config = await ask(redis.url, 'CONFIG');
    expect(config).toContain('save \\"\\"');
    expect(config).toContain('maxmemory-policy noeviction');
    expect(config).toContain(`requirepass ${password}`);
    await redis.stop();
    await expect(ask(redis.url, 'PING')).rejects.toThrow('ECONNREFUSED');
  });

  test('passes over a version that BullMQ cannot use, and says so', async () => {
    const redis = await findRedis({ env: await putOnPath('redis-server', { STAND_IN_VERSION: '5.0.14' }) });
    expect(redis).toMatchObject({ found: false });
    expect(redis.found ? '' : redis.reason).toMatch(/redis-server is not usable \(5\.0\.14, and 6\.2 is the oldest/);
  });

  test('finding none is an answer that says how to have one', async () => {
    const redis = await findRedis({ env: { PATH: folder } });
    expect(redis.found ? '' : redis.reason).toMatch(
      /REDIS_URL is not set, no redis-server or valkey-server.*To have one:/,
    );
  });

  test('a server that does not start is an error with what it printed', async () => {
    const env = await putOnPath('redis-server', { STAND_IN_FAILS: '1' });
    await expect(findRedis({ env })).rejects.toThrow(/did not start[\s\S]*out of luck[\s\S]*REDIS_URL/);
  });
});

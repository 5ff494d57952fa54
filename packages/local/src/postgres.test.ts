import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { rolldown } from 'rolldown';
import { afterEach, describe, expect, test } from 'vitest';
import { type RunningPostgres, startPostgres, THROWAWAY_SETTINGS } from './postgres.ts';

const running: RunningPostgres[] = [];
const folders: string[] = [];

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'souk-postgres-test-'));
  folders.push(folder);
  return folder;
}

async function start(dataDir: string, settings: Record<string, string | number> = {}): Promise<RunningPostgres> {
  const server = await startPostgres({ dataDir, settings: { ...THROWAWAY_SETTINGS, ...settings } });
  running.push(server);
  return server;
}

async function query(server: RunningPostgres, text: string): Promise<Record<string, unknown>[]> {
  const sql = postgres(server.adminUrl, { max: 1, connect_timeout: 10 });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end();
  }
}

async function serverPid(server: RunningPostgres): Promise<number> {
  return Number.parseInt(await readFile(join(server.home, 'cluster', 'postmaster.pid'), 'utf8'), 10);
}

afterEach(async () => {
  for (const server of running.splice(0).reverse()) await server.destroy();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

describe('startPostgres', { timeout: 60_000 }, () => {
  test('serves PostgreSQL 18 with its settings from an empty folder, to the loopback only', async () => {
    const server = await start(await freshFolder(), { max_connections: 57, cluster_name: "it's quoted" });
    const [row] = await query(
      server,
      `select current_setting('server_version_num')::int / 10000 as major, current_setting('max_connections') as max,
              current_setting('cluster_name') as name, current_setting('listen_addresses') as listens,
              current_setting('fsync') as fsync`,
    );
    expect(row).toMatchObject({ major: 18, max: '57', name: "it's quoted", listens: '127.0.0.1', fsync: 'off' });
  });

  test('refuses a wrong password', async () => {
    const server = await start(await freshFolder());
    const sql = postgres(server.adminUrl.replace(/:[^:@]+@/, ':wrong@'), { max: 1 });
    await expect(sql`select 1`).rejects.toThrow('password authentication failed');
    await sql.end();
  });

  test('keeps data and port over a restart', async () => {
    const folder = await freshFolder();
    const first = await start(folder);
    await query(first, 'create table kept as select 42 as answer');
    await first.stop();
    const second = await start(folder);
    expect(await query(second, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(second.port).toBe(first.port);
    expect(second.adminUrl).toBe(first.adminUrl);
  });

  test('runs several servers at once, each on a port of its own', async () => {
    const folders = [await freshFolder(), await freshFolder()];
    const servers = await Promise.all(folders.map((folder) => start(folder)));
    expect(new Set(servers.map((server) => server.port)).size).toBe(2);
    for (const server of servers) expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('comes back with its committed data after the server was killed', async () => {
    const folder = await freshFolder();
    const first = await startPostgres({ dataDir: folder, settings: { fsync: 'on' } });
    running.push(first);
    await query(first, 'create table kept as select 7 as answer');
    process.kill(await serverPid(first), 'SIGKILL');
    const second = await start(folder);
    expect(await query(second, 'select answer from kept')).toEqual([{ answer: 7 }]);
  });

  test('stops a server left over on its folder before it starts its own', async () => {
    const folder = await freshFolder();
    const first = await start(folder);
    const firstPid = await serverPid(first);
    const second = await start(folder);
    expect(await serverPid(second)).not.toBe(firstPid);
    expect(await query(second, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('says what the server said when it cannot start', async () => {
    const folder = await freshFolder();
    await expect(start(folder, { shared_buffers: 'nonsense' })).rejects.toThrow(
      /invalid value for parameter "shared_buffers"[\s\S]*npm run reset/,
    );
  });

  test.runIf(process.getuid?.() === 0)(
    'as root, lives outside a folder that its account cannot enter, comes back to that place, and leaves nothing there',
    async () => {
      const folder = await freshFolder(); // mkdtemp makes it private to root.
      const dataDir = join(folder, 'postgres');
      const first = await start(dataDir);
      expect(first.home.startsWith(folder)).toBe(false);
      await query(first, 'create table kept as select 5 as answer');
      await first.stop();
      const second = await start(dataDir);
      expect(second.home).toBe(first.home);
      expect(await query(second, 'select answer from kept')).toEqual([{ answer: 5 }]);
      await second.destroy();
      await expect(stat(first.home)).rejects.toThrow('ENOENT');
    },
  );

  test('a throwaway server whose process is killed takes its data with it', async () => {
    const [folder, dataDir] = [await freshFolder(), await freshFolder()];
    const bundle = await rolldown({
      input: join(import.meta.dirname, 'postgres.ts'),
      platform: 'node',
      external: /^(?![./])/,
    });
    // Beside our packages, which it finds by walking up.
    const file = join(import.meta.dirname, '..', 'node_modules', `.throwaway-${process.pid}.mjs`);
    await bundle.write({ file, format: 'esm' });
    await bundle.close();
    const main = join(folder, 'main.mjs');
    await writeFile(
      main,
      `const { startPostgres } = await import(process.argv[2]);
       const { home } = await startPostgres({ dataDir: process.argv[3], settings: { fsync: 'off' }, isThrowaway: true });
       console.log(home);
       setInterval(() => {}, 1000);`,
    );
    try {
      const child = spawn(process.execPath, [main, file, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [home] = await once(child.stdout, 'data');
      expect(existsSync(join(String(home).trim(), 'cluster', 'postmaster.pid'))).toBe(true);
      child.kill('SIGKILL');
      await expect.poll(() => existsSync(dataDir) || existsSync(String(home).trim()), { timeout: 30_000 }).toBe(false);
    } finally {
      await rm(file, { force: true });
    }
  });

  test('stop may be called twice, and destroy leaves nothing behind', async () => {
    const folder = await freshFolder();
    const server = await start(folder);
    await server.stop();
    await server.stop();
    await server.destroy();
    await expect(readFile(join(server.home, 'server.json'))).rejects.toThrow('ENOENT');
    await expect(readFile(join(folder, 'server.json'))).rejects.toThrow('ENOENT');
  });
});

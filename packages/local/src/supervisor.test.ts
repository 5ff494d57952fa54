import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from './ports.ts';
import { type ProcessSpec, Supervisor } from './supervisor.ts';

const open: Supervisor[] = [];

function supervisor(patienceMs = 5_000): { all: Supervisor; lines: string[] } {
  const lines: string[] = [];
  const all = new Supervisor({ write: (line) => lines.push(line), colour: false, patienceMs, signals: false });
  open.push(all);
  return { all, lines };
}

function program(name: string, code: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
  return { name, command: process.execPath, args: ['-e', code], ...more };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const PATIENT = `process.on('SIGTERM', () => { console.log('leaving'); process.exit(0); }); setInterval(() => {}, 1000); console.log('up');`;

afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

describe('the supervisor', () => {
  test('shows every line with the name of its process, entries made readable', async () => {
    const { all, lines } = supervisor();
    all.start(program('worker', `console.log('{"level":30,"msg":"hello"}'); setInterval(() => {}, 1000)`));
    all.start(program('api', `console.error('to stderr'); setInterval(() => {}, 1000)`));
    await until(() => lines.length >= 2);
    expect([...lines].sort()).toEqual(['api    │ to stderr', 'worker │ info  hello']);
  });

  test('stops everything in the reverse order of its start, services included', async () => {
    const { all, lines } = supervisor();
    all.hold('database', async () => void lines.push('database stopped'));
    all.start(program('first', PATIENT));
    all.start(program('second', PATIENT));
    await until(() => lines.filter((line) => line.endsWith('up')).length === 2);
    await all.stop();
    expect(lines.slice(2)).toEqual(['second │ leaving', 'first  │ leaving', 'database stopped']);
    expect(await all.ended).toEqual({ exitCode: 0 });
  });

  test('when one dies, shows its last lines, stops the others and ends with 1', async () => {
    const { all, lines } = supervisor();
    all.start(program('steady', PATIENT));
    await until(() => lines.includes('steady │ up'));
    all.start(program('weak', `console.log('about to fall'); process.exitCode = 3`));
    expect(await all.ended).toEqual({ exitCode: 1 });
    const told = lines.join('\n');
    expect(told).toMatch(
      /weak ended by itself with exit code 3\. Its last lines:\n {2}about to fall\nStopping the rest\./,
    );
    expect(told).toContain('steady │ leaving');
  });

  test('kills what does not stop in time, and the children of what it stops', async () => {
    const { all, lines } = supervisor(200);
    const child = `setInterval(() => {}, 1000)`;
    const stubborn = `
      process.on('SIGTERM', () => {});
      const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]);
      console.log('child ' + child.pid);
      setInterval(() => {}, 1000);`;
    all.start(program('stubborn', stubborn));
    await until(() => lines.length > 0);
    const pid = Number(/child (\d+)/.exec(lines[0] ?? '')?.[1]);
    expect(isAlive(pid)).toBe(true);
    await all.stop();
    expect(lines.join('\n')).toContain('stubborn did not stop within 0.2 s and is killed.');
    await until(() => !isAlive(pid));
  });

  test('waits for readiness and tells the last answer while it waits', async () => {
    const { all } = supervisor();
    const port = await freePort();
    const server = `
      let asked = 0;
      require('node:http').createServer((request, response) => {
        response.statusCode = ++asked < 4 ? 503 : 200;
        response.end('not yet');
      }).listen(${port}, '127.0.0.1');`;
    const managed = all.start(program('api', server));
    await all.ready(managed, `http://127.0.0.1:${port}/readyz`);
    await expect(all.ready(managed, `http://127.0.0.1:${await freePort()}/readyz`, 300)).rejects.toThrow(
      /api was not ready after \d s: .* answered .*ECONNREFUSED/,
    );
  });

  test('does not wait for what has died', async () => {
    const { all } = supervisor();
    const managed = all.start(program('api', `process.exit(4)`));
    await expect(all.ready(managed, 'http://127.0.0.1:9/readyz')).rejects.toThrow(
      'api ended before it was ready with exit code 4.',
    );
  });

  test('runs a command to its end and hands over its output, or its last lines when it fails', async () => {
    const { all, lines } = supervisor();
    expect(await all.run(program('seed', `console.log('{"companies":[]}')`, { quiet: true }))).toBe(
      '{"companies":[]}\n',
    );
    await expect(
      all.run(program('migrate', `console.error('no such table'); process.exit(1)`, { quiet: true })),
    ).rejects.toThrow(/migrate failed with exit code 1\. It said:\n {4}no such table/);
    await expect(all.run({ name: 'gone', command: '/no/such/program', args: [] })).rejects.toThrow(
      /gone failed .*ENOENT/,
    );
    expect(lines).toEqual([]);
    expect(all.isStopping).toBe(false);
  });
});

/** Signals need a process of their own: it supervises one that refuses SIGTERM, or one that does not. */
describe('Ctrl-C', { timeout: 30_000 }, () => {
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'souk-supervisor-test-'));
    const bundle = await rolldown({ input: join(import.meta.dirname, 'supervisor.ts'), platform: 'node' });
    await bundle.write({ file: join(folder, 'supervisor.mjs'), format: 'esm' });
    await bundle.close();
    await writeFile(
      join(folder, 'main.mjs'),
      `import { Supervisor } from './supervisor.mjs';
       const all = new Supervisor();
       all.start({ name: 'app', command: process.execPath, args: ['-e', process.argv[2]] });
       process.exitCode = (await all.ended).exitCode;`,
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  function launch(code: string): { child: ReturnType<typeof spawn>; told: () => string } {
    const child = spawn(process.execPath, [join(folder, 'main.mjs'), code], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += String(chunk);
    });
    return { child, told: () => text };
  }

  test('stops cleanly with exit code 0, even when it arrives twice at once', async () => {
    const { child, told } = launch(PATIENT.replace('process.exit(0)', 'setTimeout(() => process.exit(0), 200)'));
    await until(() => told().includes('up'));
    child.kill('SIGINT');
    // Two signals that are both still waiting count as one for the system: the second comes when the first was heard.
    await until(() => told().includes('Stopping'));
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    expect(told().match(/leaving/g)).toHaveLength(1);
  });

  test('pressed again later, it kills at once', async () => {
    const { child, told } = launch(
      `process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1000); console.log('up ' + process.pid)`,
    );
    await until(() => told().includes('up'));
    const pid = Number(/up (\d+)/.exec(told())?.[1]);
    child.kill('SIGINT');
    await until(() => told().includes('no'));
    await new Promise((resolve) => setTimeout(resolve, 600));
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(130);
    await until(() => !isAlive(pid));
  });

  test('a supervisor that is killed takes its processes with it', async () => {
    const { child, told } = launch(`setInterval(() => {}, 1000); console.log('up ' + process.pid)`);
    await until(() => told().includes('up'));
    const pid = Number(/up (\d+)/.exec(told())?.[1]);
    child.kill('SIGKILL');
    await until(() => !isAlive(pid));
  });
});

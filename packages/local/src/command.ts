import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The operating-system account a command runs under; only root can choose one. */
export interface Account {
  uid: number;
  gid: number;
}

export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  account?: Account | undefined;
  /** The command is killed after this many milliseconds. */
  timeoutMs?: number;
}

export interface CommandResult {
  /** Exit code; null when a signal ended the command or it could not be started. */
  code: number | null;
  /** Standard output and standard error, in the order in which they arrived. */
  output: string;
}

/**
 * Runs a command to its end and keeps what it printed. Never throws: a command that cannot be started gives
 * code null and the reason as its output, so that callers have one place where they explain a failure.
 */
export function runCommand(command: string, args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options.account,
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    // Not spawn's own timeout: its timer outlives a command that could not be started, and holds the process open.
    const timer = options.timeoutMs ? setTimeout(() => child.kill('SIGKILL'), options.timeoutMs) : undefined;
    const settle = (result: CommandResult): void => {
      clearTimeout(timer);
      resolve(result);
    };
    child.once('error', (error) => settle({ code: null, output: `${output}${error.message}` }));
    child.once('close', (code) => settle({ code, output }));
  });
}

/** True when the file is there and we may execute it. */
export async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Every program of this name on the PATH of an environment, the one a shell would take first. Empty: there is none. */
export async function commandsOnPath(name: string, env: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  const found: string[] = [];
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const command = join(folder, name);
    if (await isExecutable(command)) found.push(command);
  }
  return found;
}

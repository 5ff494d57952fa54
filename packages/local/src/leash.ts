import { spawn } from 'node:child_process';
import type { Account } from './command.ts';

/**
 * Runs a shell script at the moment when this process ends without having released the leash: killed, crashed, or
 * out of memory. A small shell waits at the other end of a pipe, which the kernel closes for us however we go. This
 * is what keeps a killed test run from leaving servers behind.
 *
 * @param script POSIX shell; `$1`, `$2` … are the arguments
 */
export function leash(script: string, args: string[], account?: Account): { release(): void } {
  const watcher = spawn('/bin/sh', ['-c', `cat >/dev/null; ${script}`, 'leash', ...args], {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
    // A group of its own: the terminal's Ctrl-C must not end the watcher before us.
    detached: true,
    ...account,
  });
  watcher.on('error', () => {}); // No shell, no leash: a convenience is missing, nothing else.
  watcher.stdin.on('error', () => {});
  watcher.unref();
  // A child's pipe is a socket underneath, and would keep the event loop alive; the type does not show it.
  (watcher.stdin as typeof watcher.stdin & { unref?: () => void }).unref?.();
  return {
    release() {
      // The group, because the shell's `cat` would otherwise stay behind.
      if (watcher.pid === undefined || watcher.exitCode !== null) return;
      try {
        process.kill(-watcher.pid, 'SIGKILL');
      } catch {
        // Gone already.
      }
    },
  };
}

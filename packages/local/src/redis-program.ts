import { runCommand } from './command.ts';

/** What BullMQ asks for. */
const OLDEST_VERSION = [6, 2] as const;
const VERSION_TIMEOUT_MS = 10_000;

/** A program that can serve, and the environment it needs. */
export interface RedisProgram {
  command: string;
  env: NodeJS.ProcessEnv;
  source: string;
}

/** Reads `Redis server v=7.0.15 …` or `Valkey server v=8.1.1 …`. */
export async function redisVersion(
  command: string,
  env: NodeJS.ProcessEnv,
): Promise<{ usable: boolean; text: string }> {
  const result = await runCommand(command, ['--version'], { env, timeoutMs: VERSION_TIMEOUT_MS });
  const found = /v=((\d+)\.(\d+)[.\d]*)/.exec(result.output);
  if (result.code !== 0 || !found) return { usable: false, text: result.output.trim() || `exit code ${result.code}` };
  const [major, minor] = [Number(found[2]), Number(found[3])];
  const [oldestMajor, oldestMinor] = OLDEST_VERSION;
  const usable = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  return {
    usable,
    text: usable ? `${found[1]}` : `${found[1]}, and ${OLDEST_VERSION.join('.')} is the oldest that will do`,
  };
}

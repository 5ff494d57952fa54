import { CommanderError, InvalidArgumentError } from 'commander';
import { ApiRefused } from './http.ts';
import { soukProgram } from './program.ts';
import { sentenceOf } from './sentence.ts';

const FAILED = 1;
const WRONG_WORDS = 2;

/** Runs one command line and says what went wrong. Its exit code: 0 done, 1 refused or failed, 2 wrong words. */
export async function runSouk(words: readonly string[]): Promise<number> {
  const tell = (error: unknown) =>
    process.stderr.write(words.includes('--json') ? asJson(error) : `souk: ${sentenceOf(error)}\n`);
  try {
    await soukProgram().parseAsync([...words], { from: 'user' });
    return Number(process.exitCode ?? 0); // a command that answered, and found something wrong, has set it
  } catch (error) {
    // Wrong words that only the command itself could see; all others commander has told.
    if (error instanceof InvalidArgumentError) tell(error);
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_WORDS;
    tell(error);
    return FAILED;
  }
}

function asJson(error: unknown): string {
  const refused = error instanceof ApiRefused && { status: error.status, code: error.code, requestId: error.requestId };
  return `${JSON.stringify({ error: { message: sentenceOf(error), ...refused } })}\n`;
}

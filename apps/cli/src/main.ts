import { DomainError } from '@souk/domain/kernel/errors';
import { CommanderError } from 'commander';
import { ZodError } from 'zod';
import { soukProgram } from './program.ts';

/** The exit codes of `souk`: 0 done, 1 refused or failed, 2 wrong words on the command line. */
const FAILED = 1;
const WRONG_WORDS = 2;

try {
  await soukProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_WORDS; // commander has said what is wrong
  } else {
    process.stderr.write(`souk: ${sentenceOf(error)}\n`);
    process.exitCode = FAILED;
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof ZodError)
    return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n      ');
  if (error instanceof DomainError) return `${error.message} ${JSON.stringify(error.detail)}`;
  if (error instanceof Error) return [error.message, causeOf(error)].filter(Boolean).join(': ');
  return String(error);
}

// postgres.js and drizzle keep what really happened in `cause`; a refused connection comes as an AggregateError without words.
function causeOf(error: Error): string {
  const cause = error instanceof AggregateError ? error.errors[0] : error.cause;
  return cause instanceof Error ? cause.message : '';
}

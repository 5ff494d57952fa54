import { CommanderError } from 'commander';
import { soukProgram } from './program.ts';
import { sentenceOf } from './sentence.ts';

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

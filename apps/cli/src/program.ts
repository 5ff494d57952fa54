import { Command } from 'commander';
import { companyCommands } from './company.ts';
import { databaseCommands } from './database.ts';
import { demoCommands } from './demo.ts';
import { doctorCommands } from './doctor.ts';
import { eventCommands } from './events.ts';
import { importCommands } from './import.ts';
import { keyCommands } from './keys.ts';
import { listenCommands } from './listen.ts';
import { loginCommands } from './login.ts';
import { masterKeyCommands } from './master-keys.ts';
import { signingKeyCommands } from './signing-keys.ts';

const NOTES = `
Exit codes: 0 done; 1 refused, failed, or something found wrong; 2 wrong words on the command line.
With --json every command answers with one JSON document (souk listen: one a line), and tells errors as JSON on stderr.

Commands that take --url speak with the admin API as whoever comes first of: SOUK_API_KEY (a secret key), SOUK_TOKEN
(an access token of staff), what souk login keeps, SOUK_COMPANY with SOUK_EMAIL and SOUK_PASSWORD. All others work on
the database of the settings (DATABASE_URL …).`;

/** The `souk` command with all its parts. Throws `CommanderError` on wrong words, and after showing help. */
export function soukProgram(): Command {
  const program = new Command('souk')
    .description('Operate a Souk deployment: its database, its companies, its keys; listen to its events.')
    .showHelpAfterError('(souk --help lists the commands)')
    .addHelpText('after', NOTES)
    .exitOverride(); // before the parts: they inherit it
  databaseCommands(program);
  companyCommands(program);
  signingKeyCommands(program);
  masterKeyCommands(program);
  demoCommands(program);
  doctorCommands(program);
  loginCommands(program);
  keyCommands(program);
  importCommands(program);
  eventCommands(program);
  listenCommands(program);
  return program;
}

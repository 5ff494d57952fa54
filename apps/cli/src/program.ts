import { Command } from 'commander';
import { companyCommands } from './company.ts';
import { databaseCommands } from './database.ts';
import { demoCommands } from './demo.ts';
import { masterKeyCommands } from './master-keys.ts';
import { signingKeyCommands } from './signing-keys.ts';

/** The `souk` command with all its parts. Throws `CommanderError` on wrong words, and after showing help. */
export function soukProgram(): Command {
  const program = new Command('souk')
    .description('Operate a Souk deployment: its database, its companies, its keys.')
    .showHelpAfterError('(souk --help lists the commands)')
    .exitOverride(); // before the parts: they inherit it
  databaseCommands(program);
  companyCommands(program);
  signingKeyCommands(program);
  masterKeyCommands(program);
  demoCommands(program);
  return program;
}

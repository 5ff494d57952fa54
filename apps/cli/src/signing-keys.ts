import { rotateSigningKey } from '@souk/domain/identity/sessions/signing-keys.service';
import type { Command } from 'commander';
import { inDeployment } from './deployment.ts';
import { answer } from './output.ts';

/** `souk signing-keys rotate`. */
export function signingKeyCommands(program: Command): void {
  const keys = program.command('signing-keys').description('the keys that sign access tokens');
  keys
    .command('rotate')
    .description('sign with a new key from now on; tokens already given out stay good until they expire')
    .option('--json', 'answer as JSON')
    .action(async (options: { json?: boolean }) => {
      await inDeployment(({ app }) => app.unscoped((tx) => rotateSigningKey(tx, 'staff')));
      answer(options, { rotated: true }, ['A new key signs from now on.']);
    });
}

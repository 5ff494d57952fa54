import { rotateSigningKey } from '@souk/domain/identity/sessions/signing-keys.service';
import type { Command } from 'commander';
import { inDeployment } from './deployment.ts';
import { answer } from './output.ts';

/** `souk signing-keys rotate`. */
export function signingKeyCommands(program: Command): void {
  const keys = program.command('signing-keys').description('the keys that sign access tokens');
  keys
    .command('rotate')
    .description('make a new key, which signs in two minutes; tokens already given out stay good until they expire')
    .option('--json', 'answer as JSON')
    .action(async (options: { json?: boolean }) => {
      await inDeployment(async ({ app }) => {
        for (const audience of ['staff', 'customer'] as const)
          await app.unscoped((tx) => rotateSigningKey(tx, audience));
      });
      answer(options, { rotated: true }, ['A new key signs in two minutes, when every process knows it.']);
    });
}

import { companyIdByHandle } from '@souk/domain/company/companies/company-handles.service';
import { rotateDataKey } from '@souk/domain/company/secrets/secrets.service';
import { systemSession } from '@souk/domain/kernel/ctx';
import type { Command } from 'commander';
import { inDeployment } from './deployment.ts';
import { answer } from './output.ts';

/** `souk company rotate-data-key`. */
export function dataKeyCommand(company: Command): void {
  company
    .command('rotate-data-key')
    .description('give a company a new data key and seal all its credentials with it')
    .argument('<handle>')
    .option('--json', 'answer as JSON')
    .action(async (handle: string, options: { json?: boolean }) => {
      const rotated = await inDeployment(async ({ app }) => {
        const companyId = await app.unscoped((tx) => companyIdByHandle(tx, handle));
        if (!companyId) throw new Error(`No company goes by the handle "${handle}".`);
        return { companyId, resealed: await app.run(systemSession(companyId, 'operator'), rotateDataKey) };
      });
      answer(options, rotated, [`"${handle}" has a new data key; ${rotated.resealed} credentials are sealed with it.`]);
    });
}

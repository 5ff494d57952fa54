import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { companyIdByHandle } from '@souk/domain/company/companies/company-handles.service';
import { hashPassword } from '@souk/domain/identity/passwords/password-hash';
import { systemSession } from '@souk/domain/kernel/ctx';
import { newId } from '@souk/domain/kernel/ids';
import { DEMO_COMPANIES } from '@souk/domain/setup/demo/demo-companies';
import { foundCompany } from '@souk/domain/setup/registration/registration.service';
import '@souk/domain/setup/declarations/declarations';
import type { Command } from 'commander';
import { type Deployment, inDeployment } from './deployment.ts';
import { answer } from './output.ts';
import { needSettings } from './settings.ts';

interface DemoCompany {
  name: string;
  handle: string;
  owner: { email: string; password?: string };
  /** Left out, as the password is, when the company was found and the file that held both is gone. */
  apiKey?: string;
}

const PASSWORD_BYTES = 12;

/** `souk seed demo`: two companies to try things on. */
export function demoCommands(program: Command): void {
  const seed = program.command('seed').description('data to try things on');
  seed
    .command('demo')
    .description('make two demo companies; their passwords and keys are kept in the file SEED_STATE names')
    .option('--json', 'answer as JSON')
    .action(seedDemo);
}

async function seedDemo(options: { json?: boolean }) {
  if (process.env['NODE_ENV'] === 'production')
    throw new Error('Demo companies have no place in production (NODE_ENV).');
  const { SEED_STATE } = needSettings(['SEED_STATE']);
  const known = await readState(SEED_STATE);
  const companies = await inDeployment(async (deployment) => {
    const made: DemoCompany[] = [];
    for (const plan of DEMO_COMPANIES) {
      const kept = known.find(({ handle }) => handle === plan.company.handle);
      made.push(await findOrMake(deployment, plan, kept));
      // Written after each: a crash in between must not lose a key that is shown once.
      const keyed = made.filter(({ apiKey }) => apiKey !== undefined);
      await writeFile(
        SEED_STATE,
        JSON.stringify([...keyed, ...known.filter(({ handle }) => !made.some((one) => one.handle === handle))]),
        { mode: 0o600 },
      );
    }
    return made;
  });
  answer(options, { companies }, companies.map(lineOf));
}

const lineOf = ({ name, handle, owner, apiKey }: DemoCompany) =>
  apiKey === undefined
    ? `${name}: ${handle} / ${owner.email}, made earlier; the file with its password and key is gone`
    : `${name}: ${handle} / ${owner.email} / ${owner.password}, key ${apiKey}`;

async function findOrMake(
  { app }: Deployment,
  { company, owner }: (typeof DEMO_COMPANIES)[number],
  kept: DemoCompany | undefined,
): Promise<DemoCompany> {
  const existing = await app.unscoped((tx) => companyIdByHandle(tx, company.handle));
  if (existing && kept) return kept;
  // Both are stored as hashes only. The company may be in use, so it gets no new ones behind its owner's back.
  if (existing) return { name: company.name, handle: company.handle, owner: { email: owner.email } };
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  const passwordHash = await hashPassword(password);
  const { apiKey } = await app.run(systemSession(newId('com'), 'demo'), (ctx) =>
    foundCompany(ctx, company, { ...owner, passwordHash }),
  );
  return { name: company.name, handle: company.handle, owner: { email: owner.email, password }, apiKey: apiKey.key };
}

async function readState(file: string): Promise<DemoCompany[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isCatalogueEmpty } from '@souk/domain/catalog/product-import/export-batch.service';
import { importCatalogue } from '@souk/domain/catalog/product-import/import-pieces.flow';
import { companyIdByHandle } from '@souk/domain/company/companies/company-handles.service';
import { hashPassword } from '@souk/domain/identity/passwords/password-hash';
import { allPermissions } from '@souk/domain/kernel/access';
import { systemSession } from '@souk/domain/kernel/ctx';
import { type CompanyId, newId } from '@souk/domain/kernel/ids';
import { DEMO_COMPANIES } from '@souk/domain/setup/demo/demo-companies';
import { openDemoShop } from '@souk/domain/setup/demo/demo-shop.service';
import { foundCompany } from '@souk/domain/setup/registration/registration.service';
import '@souk/domain/setup/declarations/declarations';
import type { Command } from 'commander';
import { type Deployment, inDeployment } from './deployment.ts';
import { answer } from './output.ts';
import { needSettings } from './settings.ts';

type Plan = (typeof DEMO_COMPANIES)[number];

interface DemoCompany {
  name: string;
  handle: string;
  owner: { email: string; password?: string };
  /** Left out, as the password is, when the company was found and the file that held both is gone. */
  apiKey?: string;
}

const PASSWORD_BYTES = 12;
/** Beside `src` and `dist` alike. */
const CATALOGUES = path.join(import.meta.dirname, '../demo');

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
      const { demo, companyId } = await findOrMake(deployment, plan, kept);
      made.push(demo);
      // Written after each: a crash in between must not lose a key that is shown once.
      const keyed = made.filter(({ apiKey }) => apiKey !== undefined);
      await writeFile(
        SEED_STATE,
        JSON.stringify([...keyed, ...known.filter(({ handle }) => !made.some((one) => one.handle === handle))]),
        { mode: 0o600 },
      );
      await stock(deployment, companyId, plan);
      await deployment.app.run(demoSession(companyId), (ctx) => openDemoShop(ctx, plan.shop));
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
  { company, owner }: Plan,
  kept: DemoCompany | undefined,
): Promise<{ companyId: CompanyId; demo: DemoCompany }> {
  const existing = await app.unscoped((tx) => companyIdByHandle(tx, company.handle));
  if (existing && kept) return { companyId: existing, demo: kept };
  // Both are stored as hashes only. The company may be in use, so it gets no new ones behind its owner's back.
  if (existing)
    return { companyId: existing, demo: { name: company.name, handle: company.handle, owner: { email: owner.email } } };
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  const passwordHash = await hashPassword(password);
  const companyId = newId('com');
  const { apiKey } = await app.run(systemSession(companyId, 'demo'), (ctx) =>
    foundCompany(ctx, company, { ...owner, passwordHash }),
  );
  const { name, handle } = company;
  return { companyId, demo: { name, handle, owner: { email: owner.email, password }, apiKey: apiKey.key } };
}

/** Fills a demo company with the products of its file, unless it has some. */
async function stock({ app: { run } }: Deployment, companyId: CompanyId, { catalogue, company }: Plan): Promise<void> {
  const session = demoSession(companyId);
  if (!(await run(session, isCatalogueEmpty))) return;
  const file = createReadStream(path.join(CATALOGUES, catalogue));
  await importCatalogue(run, session, file, { format: 'souk', currency: company.currency });
}

const demoSession = (companyId: CompanyId) =>
  systemSession(
    companyId,
    'demo',
    allPermissions().map(({ name }) => name),
  );

async function readState(file: string): Promise<DemoCompany[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

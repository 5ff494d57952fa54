import type { CompanyView } from '@souk/domain/company/companies/companies.contract';
import { newCompany } from '@souk/domain/company/companies/companies.contract';
import { CompanyStatusConflict } from '@souk/domain/company/companies/companies.errors';
import { closeCompany, resumeCompany, suspendCompany } from '@souk/domain/company/companies/companies.service';
import { companyIdByHandle } from '@souk/domain/company/companies/company-handles.service';
import { hashPassword } from '@souk/domain/identity/passwords/password-hash';
import { refuseWeakPassword } from '@souk/domain/identity/passwords/password-rules';
import { type Ctx, systemSession } from '@souk/domain/kernel/ctx';
import { NotFound } from '@souk/domain/kernel/errors';
import { newId } from '@souk/domain/kernel/ids';
import { writeInvitation } from '@souk/domain/setup/registration/invitations';
import { registrationInput } from '@souk/domain/setup/registration/registration.contract';
import { foundCompany } from '@souk/domain/setup/registration/registration.service';
import '@souk/domain/setup/declarations/declarations';
import { sandboxIdOf } from '@souk/domain/setup/sandbox/sandbox-id';
import { type Command, InvalidArgumentError } from 'commander';
import { dataKeyCommand } from './data-key.ts';
import { inDeployment } from './deployment.ts';
import { answer } from './output.ts';

interface CreateOptions {
  name: string;
  handle: string;
  country: string;
  currency: string;
  timezone: string;
  ownerName: string;
  ownerEmail: string;
  json?: boolean;
}

/** `souk company create|invite|rotate-data-key|suspend|resume|close`: what the operator of a deployment does. */
export function companyCommands(program: Command): void {
  const company = program.command('company').description('the companies of this deployment');
  company
    .command('create')
    .description('create a company; the password of its owner is read from SOUK_OWNER_PASSWORD')
    .requiredOption('--name <name>')
    .requiredOption('--handle <handle>', 'what its staff type at login')
    .requiredOption('--country <code>', 'ISO 3166-1, like NG')
    .requiredOption('--currency <code>', 'ISO 4217, like NGN')
    .requiredOption('--timezone <zone>', 'IANA, like Africa/Lagos')
    .requiredOption('--owner-name <name>')
    .requiredOption('--owner-email <email>')
    .option('--json', 'answer as JSON')
    .action(create);
  company
    .command('invite')
    .description('write an invitation to register one company, for REGISTRATION=invite')
    .requiredOption('--handle <handle>', 'the handle it may take', validHandle)
    .requiredOption('--email <email>', 'the address its owner must use')
    .option('--json', 'answer as JSON')
    .action(invite);
  dataKeyCommand(company);
  for (const [verb, text, move] of MOVES) {
    const command = company.command(verb).description(text).argument('<handle>').option('--json', 'answer as JSON');
    if (verb === 'suspend') command.requiredOption('--reason <text>', 'kept in the audit log');
    command.action((handle: string, options: { json?: boolean; reason?: string }) => change(handle, options, move));
  }
}

const MOVES = [
  [
    'suspend',
    'stop a company selling; its staff can still read',
    (ctx: Ctx, reason: string) => suspendCompany(ctx, reason),
  ],
  ['resume', 'let a suspended company sell again', (ctx: Ctx) => resumeCompany(ctx)],
  ['close', 'close a company for good', (ctx: Ctx) => closeCompany(ctx)],
] as const;

async function create(options: CreateOptions) {
  const { company, owner } = registrationInput.parse({
    company: {
      name: options.name,
      handle: options.handle,
      country: options.country,
      currency: options.currency,
      timezone: options.timezone,
    },
    owner: { name: options.ownerName, email: options.ownerEmail, password: process.env['SOUK_OWNER_PASSWORD'] ?? '' },
  });
  refuseWeakPassword(owner.password, { handle: company.handle, email: owner.email }, 'SOUK_OWNER_PASSWORD');
  const founded = await inDeployment(async ({ app }) => {
    const passwordHash = await hashPassword(owner.password);
    return app.run(systemSession(newId('com'), 'operator'), (ctx) =>
      foundCompany(ctx, company, { name: owner.name, email: owner.email, passwordHash }),
    );
  });
  answer(options, founded, [
    `${founded.company.name} (${founded.company.id}) is there; its staff log in as "${founded.company.handle}".`,
    `Publishable key, shown this once: ${founded.apiKey.key}`,
  ]);
}

async function invite(options: { handle: string; email: string; json?: boolean }) {
  const invitation = await inDeployment(async () => writeInvitation(options, new Date()));
  answer(options, { invitation }, [
    `Send this to ${options.email}; it registers the handle "${options.handle}" for seven days:`,
    invitation,
  ]);
}

async function change(
  handle: string,
  options: { json?: boolean; reason?: string },
  move: (ctx: Ctx, reason: string) => Promise<CompanyView>,
) {
  const company = await inDeployment(async ({ app }) => {
    const id = await app.unscoped((tx) => companyIdByHandle(tx, handle));
    if (!id) throw new Error(`No company goes by the handle "${handle}".`);
    const moved = await app.run(systemSession(id, 'operator'), (ctx) => move(ctx, options.reason ?? ''));
    // Its sandbox shares its fate; it may have none, or be at that point already.
    await app
      .run(systemSession(sandboxIdOf(id), 'operator'), (ctx) => move(ctx, options.reason ?? ''))
      .catch(ignoreNothingToMove);
    return moved;
  });
  answer(options, company, [`${company.name} (${company.handle}) is ${company.status}.`]);
}

function validHandle(text: string): string {
  const parsed = newCompany.shape.handle.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? 'Not a handle.');
  return parsed.data;
}

function ignoreNothingToMove(error: unknown): void {
  if (!(error instanceof NotFound || error instanceof CompanyStatusConflict)) throw error;
}

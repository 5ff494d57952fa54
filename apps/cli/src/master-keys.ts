import { rewrapDataKeys } from '@souk/domain/company/secrets/data-keys.service';
import { resealSigningKeys } from '@souk/domain/identity/sessions/signing-keys.service';
import { type ResealedBatch, resealTwoFactor } from '@souk/domain/identity/two-factor/two-factor.service';
import { type Ctx, systemSession } from '@souk/domain/kernel/ctx';
import type { Database } from '@souk/domain/kernel/database';
import type { CompanyId } from '@souk/domain/kernel/ids';
import { currentMasterKey } from '@souk/domain/kernel/sealing';
import type { Command } from 'commander';
import { type Deployment, inDeployment } from './deployment.ts';
import { answer } from './output.ts';
import { sentenceOf } from './sentence.ts';

const PROGRESS_EVERY_MS = 1_000;

/** How much was sealed anew, and what could not be. */
interface Rewrapped {
  masterKey: string;
  companies: number;
  dataKeys: number;
  twoFactorSecrets: number;
  signingKeys: number;
  failures: { what: string; reason: string }[];
}

/** `souk master-keys rewrap`. */
export function masterKeyCommands(program: Command): void {
  const keys = program.command('master-keys').description('the keys that protect what lies sealed in the database');
  keys
    .command('rewrap')
    .description('seal with the first of MASTER_KEYS all that an older one sealed; safe to repeat')
    .option('--json', 'answer as JSON')
    .action(rewrap);
}

async function rewrap(options: { json?: boolean }) {
  const done = await inDeployment(rewrapAll);
  const { masterKey, companies, dataKeys, twoFactorSecrets, signingKeys, failures } = done;
  answer(options, done, [
    `Sealed anew with the master key "${masterKey}", in ${companies} companies: ${dataKeys} data keys, the two-factor ` +
      `secrets of ${twoFactorSecrets} people, ${signingKeys} signing keys.`,
  ]);
  if (failures.length === 0) return;
  const lines = failures.map(({ what, reason }) => `  ${what}: ${reason}`);
  throw new Error(
    `Not everything could be sealed anew. Keep the older master keys, mend these, and repeat:\n${lines.join('\n')}`,
  );
}

/** One part after the other; what fails is remembered and does not stop the rest. */
async function rewrapAll({ app, companyIds }: Deployment): Promise<Rewrapped> {
  const ids = await companyIds();
  const done: Rewrapped = {
    masterKey: currentMasterKey(),
    companies: ids.length,
    dataKeys: 0,
    twoFactorSecrets: 0,
    signingKeys: 0,
    failures: [],
  };
  const trying = (what: string, work: () => Promise<void>) =>
    work().catch((error: unknown) => void done.failures.push({ what, reason: sentenceOf(error) }));
  await trying('signing keys', async () => {
    done.signingKeys += await app.unscoped(resealSigningKeys);
  });
  let toldAt = Date.now();
  for (const [at, id] of ids.entries()) {
    await trying(id, async () => {
      done.dataKeys += await within(app, id, rewrapDataKeys);
    });
    await trying(id, () => resealPeople(app, id, done));
    if (Date.now() - toldAt < PROGRESS_EVERY_MS) continue;
    toldAt = Date.now();
    process.stderr.write(`${at + 1} of ${ids.length} companies\n`);
  }
  return done;
}

async function resealPeople(app: Database, companyId: CompanyId, done: Rewrapped): Promise<void> {
  let next: ResealedBatch['next'];
  do {
    const from = next;
    const batch = await within(app, companyId, (ctx) => resealTwoFactor(ctx, from));
    done.twoFactorSecrets += batch.resealed;
    for (const staffId of batch.unreadable)
      done.failures.push({ what: companyId, reason: `the two-factor secret of ${staffId} does not open` });
    next = batch.next;
  } while (next);
}

const within = <T>(app: Database, companyId: CompanyId, work: (ctx: Ctx) => Promise<T>): Promise<T> =>
  app.run(systemSession(companyId, 'operator'), work);

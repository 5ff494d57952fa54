import { type Database, openDatabase } from '@souk/domain/kernel/database';
import { useMasterKeys } from '@souk/domain/kernel/sealing';
import { readWorkerConfig, type WorkerConfig } from '@souk/platform/config';
import type { Command } from 'commander';
import { databaseFindings } from './doctor-database.ts';
import { serviceFindings } from './doctor-services.ts';
import { workFindings } from './doctor-work.ts';
import { type Finding, fault, look, ok } from './findings.ts';
import { answer } from './output.ts';

/** As package.json has it ("engines"). */
const NODE_MIN: [number, number] = [20, 19];
const SIGNS = { ok: 'ok     ', warning: 'warning', fault: 'FAULT  ' } as const;

/** `souk doctor`. */
export function doctorCommands(program: Command): void {
  program
    .command('doctor')
    .description('look at everything Souk stands on and say what is wrong; ends with 1 if there is a fault')
    .option('--json', 'answer as JSON')
    .addHelpText('after', '\nRun it with the environment of the worker. Beside npm start: npm run souk -- doctor')
    .action(async (options: { json?: boolean }) => {
      const findings = await diagnose();
      const faults = findings.filter(({ level }) => level === 'fault').length;
      const warnings = findings.filter(({ level }) => level === 'warning').length;
      answer(options, { healthy: faults === 0, findings }, [
        ...findings.flatMap(({ name, level, text, wayOut }) => [
          `${SIGNS[level]}  ${name}: ${text}`,
          ...(wayOut === undefined ? [] : [`         → ${wayOut}`]),
        ]),
        '',
        faults + warnings === 0 ? 'All is well.' : `${counted(faults, 'fault')}, ${counted(warnings, 'warning')}.`,
      ]);
      if (faults > 0) process.exitCode = 1;
    });
}

/** Looks at everything that the environment names. */
export async function diagnose(env: NodeJS.ProcessEnv = process.env): Promise<Finding[]> {
  const findings = [nodeFinding()];
  if (!env['DATABASE_URL']?.trim())
    return [
      ...findings,
      fault(
        'settings',
        'DATABASE_URL is not set, so there is nothing to look at.',
        'Beside npm start: npm run souk -- doctor. Elsewhere: run it with the environment of the worker.',
      ),
    ];
  let config: WorkerConfig | undefined;
  findings.push(
    ...(await look('settings', 'Mend them where the processes get their environment.', async () => {
      config = readWorkerConfig(env);
      return ok('settings', `complete, for ${config.NODE_ENV}`);
    })),
  );
  if (!config) return findings;
  useMasterKeys(config.MASTER_KEYS);
  const databases = opened(config);
  try {
    const found = await databaseFindings(databases, env);
    findings.push(...found);
    // Rows cannot be asked for where the database or its schema is missing.
    const isUsable = found.every(({ level }) => level !== 'fault');
    findings.push(...(await serviceFindings(config)));
    if (isUsable) findings.push(...(await workFindings(databases.relay, { hasMail: config.SMTP_URL !== undefined })));
  } finally {
    await Promise.all([databases.app.close(), databases.relay.close()]);
  }
  return findings;
}

function opened(config: WorkerConfig): { app: Database; relay: Database } {
  const common = { prepare: config.DATABASE_PREPARE, applicationName: 'souk-doctor', size: 1 };
  return {
    app: openDatabase({ ...common, url: config.DATABASE_URL }),
    relay: openDatabase({ ...common, url: config.DATABASE_RELAY_URL }),
  };
}

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isFit = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
  return isFit
    ? ok('node', process.versions.node)
    : fault('node', `${process.versions.node} is too old.`, `Install Node ${NODE_MIN.join('.')} or newer.`);
}

const counted = (count: number, word: string) => `${count} ${count === 1 ? word : `${word}s`}`;

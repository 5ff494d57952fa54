import { companiesWithPendingEntries, linkEntries } from '@souk/domain/company/audit/audit-chain.service';
import type { Run } from '@souk/domain/kernel/ctx';
import type { Loggers } from '@souk/platform/logger';
import type { CompanyWorkKind } from './company-work.ts';

const ENTRIES_LINKED_AT_ONCE = 500;

/** What the kinds of work need from the process. */
export interface DueWorkParts {
  run: Run;
  log: Loggers['log'];
}

/** A kind of work with the pauses of its loop. Those that people wait for are `woken` by every nudge. */
export interface DueWork extends CompanyWorkKind {
  readonly idleMs: number;
  readonly idleMsMax: number;
  readonly isWoken: boolean;
}

/** Everything a worker does company by company because rows are due. A new kind gets its entry here. */
export const dueWork = ({ run }: DueWorkParts): DueWork[] => [
  {
    name: 'audit-linker',
    companiesDue: companiesWithPendingEntries,
    share: async (session) =>
      (await run(session, (ctx) => linkEntries(ctx, ENTRIES_LINKED_AT_ONCE))) === ENTRIES_LINKED_AT_ONCE,
    atOnce: 2,
    idleMs: 500,
    idleMsMax: 3_000,
    isWoken: false,
  },
];

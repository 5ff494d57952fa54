import { companiesWithPendingEntries, linkEntries } from '@souk/domain/company/audit/audit-chain.service';
import { type Run, type RunUnscoped, systemSession } from '@souk/domain/kernel/ctx';
import type { CompanyId } from '@souk/domain/kernel/ids';
import type { Loggers } from '@souk/platform/logger';
import { Setbacks } from './setbacks.ts';
import { sideBySide } from './side-by-side.ts';

const BATCH = 500;
const COMPANIES_PER_ROUND = 1_000;
const AT_ONCE = 2;

export interface AuditLinkerParts {
  run: Run;
  /** As the relay role. */
  lookAround: RunUnscoped;
  log: Loggers['log'];
}

/** Chains committed audit entries, within seconds of their commit. */
export class AuditLinker {
  private readonly setbacks = new Setbacks<CompanyId>();

  constructor(private readonly parts: AuditLinkerParts) {}

  /** One batch of every company that has entries to link. Returns whether a company has more. */
  async round(): Promise<boolean> {
    const { run, lookAround, log } = this.parts;
    const waiting = await lookAround((tx) => companiesWithPendingEntries(tx, COMPANIES_PER_ROUND));
    let hasMore = waiting.length === COMPANIES_PER_ROUND;
    const link = async (companyId: CompanyId) => {
      const linked = await run(systemSession(companyId, 'audit-linker'), (ctx) => linkEntries(ctx, BATCH));
      if (linked === BATCH) hasMore = true;
      this.setbacks.clear(companyId);
    };
    const able = waiting.filter((companyId) => !this.setbacks.isPaused(companyId));
    await sideBySide(able, AT_ONCE, link, (companyId, error) => {
      const failures = this.setbacks.add(companyId);
      // Once is another worker linking the same entries; it won. More is trouble.
      log[failures === 1 ? 'info' : 'error'](
        { err: error, companyId, failures },
        'audit entries could not be linked; tried again later',
      );
    });
    return hasMore;
  }
}

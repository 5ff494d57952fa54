import { companiesWithPendingEntries, linkEntries } from '@souk/domain/company/audit/audit-chain.service';
import { type Run, type RunUnscoped, systemSession } from '@souk/domain/kernel/ctx';
import type { CompanyId } from '@souk/domain/kernel/ids';
import type { Loggers } from '@souk/platform/logger';
import { CompanyWalk } from './company-walk.ts';
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
  /** How many companies a round looks at. */
  companiesPerRound?: number;
}

/** Chains committed audit entries, within seconds of their commit. */
export class AuditLinker {
  private readonly setbacks = new Setbacks<CompanyId>();

  private readonly walk: CompanyWalk;
  private readonly companiesPerRound: number;

  constructor(private readonly parts: AuditLinkerParts) {
    this.companiesPerRound = parts.companiesPerRound ?? COMPANIES_PER_ROUND;
    this.walk = new CompanyWalk(this.companiesPerRound, (limit, after) =>
      parts.lookAround((tx) => companiesWithPendingEntries(tx, limit, after)),
    );
  }

  /** One batch of the next companies that have entries to link. Returns whether there is more that can be linked. */
  async round(): Promise<boolean> {
    const { run, log } = this.parts;
    const waiting = await this.walk.next();
    const isFull = waiting.length === this.companiesPerRound;
    let hasMore = false;
    const link = async (companyId: CompanyId) => {
      const linked = await run(systemSession(companyId, 'audit-linker'), (ctx) => linkEntries(ctx, BATCH));
      if (linked === BATCH || (isFull && linked > 0)) hasMore = true;
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

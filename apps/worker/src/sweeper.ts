import { listCompanyIds } from '@souk/domain/company/companies/company-roll.service';
import { sweepSessions } from '@souk/domain/identity/sessions/sessions.service';
import { type Ctx, type Run, type RunUnscoped, systemSession } from '@souk/domain/kernel/ctx';
import { sweepEvents } from '@souk/domain/kernel/dispatch';
import { sweepKeys } from '@souk/domain/kernel/idempotency';
import type { CompanyId } from '@souk/domain/kernel/ids';
import { forgetNotifications } from '@souk/domain/reach/notifications/notifications.service';
import type { Loggers } from '@souk/platform/logger';
import { sideBySide } from './side-by-side.ts';

/** Each of a batch of sessions. */
const SESSION_ROUNDS_MAX = 100;
const EVENTS_AT_ONCE = 500;
const EVENTS_PER_COMPANY_MAX = 20_000;

export interface SweeperParts {
  run: Run;
  /** As the relay role. */
  lookAround: RunUnscoped;
  log: Loggers['log'];
  /** True: the process is going down, stop between two companies. */
  isStopping?(): boolean;
}

/** Deletes what is past its time, company by company: idempotency keys, ended sessions, dispatched events. */
export class Sweeper {
  constructor(private readonly parts: SweeperParts) {}

  /** All companies once, one after the other: nobody waits for this. */
  async round(): Promise<boolean> {
    const { lookAround, log, isStopping } = this.parts;
    const companies = await lookAround(listCompanyIds);
    const sweep = async (companyId: CompanyId) => {
      if (!isStopping?.()) await this.sweep(companyId);
    };
    await sideBySide(companies, 1, sweep, (companyId, error) =>
      log.error({ err: error, companyId }, 'what is past its time could not be deleted; tried again in an hour'),
    );
    return false;
  }

  private async sweep(companyId: CompanyId): Promise<void> {
    const within = <T>(work: (ctx: Ctx) => Promise<T>) => this.parts.run(systemSession(companyId, 'sweeper'), work);
    await within(sweepKeys);
    for (let round = 0; round < SESSION_ROUNDS_MAX; round++) {
      if ((await within(sweepSessions)) === 0) break;
    }
    for (let swept = 0; swept < EVENTS_PER_COMPANY_MAX; swept += EVENTS_AT_ONCE) {
      const gone = await within((ctx) => sweepEvents(ctx, EVENTS_AT_ONCE, forgetNotifications));
      if (gone < EVENTS_AT_ONCE) return;
    }
  }
}

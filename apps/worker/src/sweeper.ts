import { refreshDrifting } from '@souk/domain/catalog/collections/rebuilds.flow';
import type { FileStore } from '@souk/domain/catalog/files/file-store';
import { sweepForgottenUploads, sweepOrphans } from '@souk/domain/catalog/files/orphans.flow';
import { checkStock, refreshStock } from '@souk/domain/catalog/inventory/stock-care.flow';
import { listCompanyIds } from '@souk/domain/company/companies/company-roll.service';
import { sweepSessions } from '@souk/domain/identity/sessions/sessions.service';
import { type Ctx, type Run, type RunUnscoped, type Session, systemSession } from '@souk/domain/kernel/ctx';
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
const HOURS = 24;

export interface SweeperParts {
  run: Run;
  /** As the relay role. */
  lookAround: RunUnscoped;
  store: FileStore;
  log: Loggers['log'];
  /** For tests. */
  now?(): Date;
  /** True: the process is going down, stop between two companies. */
  isStopping?(): boolean;
}

/**
 * Housekeeping, company by company: deletes what is past its time (idempotency keys, ended sessions, dispatched events),
 * brings up to date what can be had and what collections find of it, and once a day adds up the ledger of the stock and looks for
 * files nobody owns.
 */
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
      log.error({ err: error, companyId }, 'the housekeeping of a company failed; tried again in an hour'),
    );
    return false;
  }

  private async sweep(companyId: CompanyId): Promise<void> {
    const { run } = this.parts;
    const session = systemSession(companyId, 'sweeper');
    const within = <T>(work: (ctx: Ctx) => Promise<T>) => run(session, work);
    await within(sweepKeys);
    for (let round = 0; round < SESSION_ROUNDS_MAX; round++) {
      if ((await within(sweepSessions)) === 0) break;
    }
    for (let swept = 0; swept < EVENTS_PER_COMPANY_MAX; swept += EVENTS_AT_ONCE) {
      const gone = await within((ctx) => sweepEvents(ctx, EVENTS_AT_ONCE, forgetNotifications));
      if (gone < EVENTS_AT_ONCE) break;
    }
    await this.careForStock(companyId);
    await refreshDrifting(run, companyId);
    await this.careForFiles(session);
  }

  /** Uploads that never came go every hour; walking through all objects of a company is for once a day. */
  private async careForFiles(session: Session): Promise<void> {
    const { run, store } = this.parts;
    await sweepForgottenUploads(run, session);
    if (this.isHourOf(session.companyId)) await sweepOrphans(run, store, session);
  }

  private async careForStock(companyId: CompanyId): Promise<void> {
    const { run, log, isStopping } = this.parts;
    const session = systemSession(companyId, 'stock-care');
    await refreshStock(run, session, () => isStopping?.() ?? false);
    if (!this.isHourOf(companyId)) return;
    const drifts = await checkStock(run, session, () => isStopping?.() ?? false);
    if (drifts.length === 0) return;
    const advice =
      'stock counters differ from the ledger; look at GET /v1/stock-drifts, then POST /v1/stock-corrections';
    log.error({ companyId, count: drifts.length, first: drifts[0] }, advice);
  }

  /** What is done once a day has an hour of its own for each company, so that they do not all come at once. */
  private isHourOf(companyId: CompanyId): boolean {
    return hourOf(companyId) === (this.parts.now?.() ?? new Date()).getUTCHours();
  }
}

/** The hour of the day (UTC) of a company; ids end in random characters. */
const hourOf = (companyId: CompanyId) =>
  [...companyId].reduce((sum, character) => sum + character.charCodeAt(0), 0) % HOURS;

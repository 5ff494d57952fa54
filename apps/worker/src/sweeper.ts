import { refreshDrifting } from '@souk/domain/catalog/collections/rebuilds.flow';
import type { FileStore } from '@souk/domain/catalog/files/file-store';
import { sweepForgottenUploads, sweepOrphans } from '@souk/domain/catalog/files/orphans.flow';
import { checkStock, refreshStock } from '@souk/domain/catalog/inventory/stock-care.flow';
import { sweepStrayFiles } from '@souk/domain/catalog/product-import/stray-files.service';
import { listCompanyIds } from '@souk/domain/company/companies/company-roll.service';
import { sweepLinks } from '@souk/domain/identity/customer-accounts/customer-links.service';
import { sweepCustomerSessions } from '@souk/domain/identity/customer-sessions/customer-sessions.service';
import { sweepSessions } from '@souk/domain/identity/sessions/sessions.service';
import { type Ctx, type Run, type RunUnscoped, systemSession } from '@souk/domain/kernel/ctx';
import { sweepEvents } from '@souk/domain/kernel/dispatch';
import { sweepKeys } from '@souk/domain/kernel/idempotency';
import type { CompanyId } from '@souk/domain/kernel/ids';
import { forgetNotifications } from '@souk/domain/reach/notifications/notifications.service';
import { forgetDeliveries, sweepEndpoints } from '@souk/domain/reach/webhooks/webhook-sweeping.service';
import { announceAbandoned } from '@souk/domain/sales/carts/cart-abandonment.service';
import { sweepCarts } from '@souk/domain/sales/carts/cart-expiry.service';
import { sweepOrderLinks } from '@souk/domain/sales/orders/order-links.service';
import { sweepNotices } from '@souk/domain/sales/payments/notices.service';
import type { Loggers } from '@souk/platform/logger';

/** Each of a batch of sessions. */
const SESSION_ROUNDS_MAX = 100;
const EVENTS_AT_ONCE = 500;
const EVENT_ROUNDS_MAX = 40;
/** Each of a batch of deliveries to deleted endpoints. */
const ENDPOINT_ROUNDS_MAX = 100;
const STRAY_FILES_AT_ONCE = 100;
const STRAY_ROUNDS_MAX = 100;
const CARTS_AT_ONCE = 200;
const CART_ROUNDS_MAX = 100;
const NOTICES_AT_ONCE = 500;
const NOTICE_ROUNDS_MAX = 100;
const HOURS = 24;
const HOUR_MS = 3_600_000;

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
  /** Hours since 1970 up to which companies had their hour; undefined before the first round. */
  private hoursDone: number | undefined;

  constructor(private readonly parts: SweeperParts) {}

  /** All companies once, one after the other: nobody waits for this. */
  async round(): Promise<boolean> {
    const { lookAround, log, isStopping } = this.parts;
    const companies = await lookAround(listCompanyIds);
    const now = Math.floor((this.parts.now?.() ?? new Date()).getTime() / HOUR_MS);
    const hours = { from: this.hoursDone ?? now - 1, to: now };
    for (const companyId of companies) {
      const steps = { ...this.hourly(companyId), ...(hasHourIn(hours, companyId) && this.daily(companyId)) };
      for (const [step, work] of Object.entries(steps)) {
        if (isStopping?.()) return false;
        await work().catch((error: unknown) =>
          log.error(
            { err: error, companyId, step },
            'a step of the housekeeping of a company failed; tried again next time',
          ),
        );
      }
    }
    this.hoursDone = now;
    return false;
  }

  /** What is done in each round. One step that fails stops none of the others. */
  private hourly(companyId: CompanyId): Record<string, () => Promise<unknown>> {
    const { run, isStopping } = this.parts;
    const session = systemSession(companyId, 'sweeper');
    const within = <T>(work: (ctx: Ctx) => Promise<T>) => run(session, work);
    return {
      keys: () => within(sweepKeys),
      sessions: () => repeated(SESSION_ROUNDS_MAX, async () => (await within(sweepSessions)) > 0),
      customerSessions: () => repeated(SESSION_ROUNDS_MAX, async () => (await within(sweepCustomerSessions)) > 0),
      customerLinks: () => repeated(SESSION_ROUNDS_MAX, async () => (await within(sweepLinks)) > 0),
      events: () =>
        repeated(EVENT_ROUNDS_MAX, async () => {
          const gone = await within((ctx) => sweepEvents(ctx, EVENTS_AT_ONCE, forgetAll));
          return gone === EVENTS_AT_ONCE;
        }),
      webhookEndpoints: () => repeated(ENDPOINT_ROUNDS_MAX, () => within(sweepEndpoints)),
      stock: () => refreshStock(run, systemSession(companyId, 'stock-care'), () => isStopping?.() ?? false),
      collections: () => refreshDrifting(run, companyId),
      uploads: () => sweepForgottenUploads(run, session),
      orderLinks: () => within(sweepOrderLinks),
      notices: () =>
        repeated(NOTICE_ROUNDS_MAX, async () => {
          const gone = await within((ctx) => sweepNotices(ctx, NOTICES_AT_ONCE));
          return gone === NOTICES_AT_ONCE;
        }),
      abandonedCarts: () =>
        repeated(CART_ROUNDS_MAX, async () => {
          const told = await within((ctx) => announceAbandoned(ctx, CARTS_AT_ONCE));
          return told === CARTS_AT_ONCE;
        }),
      carts: () =>
        repeated(CART_ROUNDS_MAX, async () => {
          const gone = await within((ctx) => sweepCarts(ctx, CARTS_AT_ONCE));
          return gone === CARTS_AT_ONCE;
        }),
    };
  }

  /** What walks through all a company has, once a day. */
  private daily(companyId: CompanyId): Record<string, () => Promise<unknown>> {
    const { run, store } = this.parts;
    const session = systemSession(companyId, 'sweeper');
    return {
      ledger: () => this.compareStock(companyId),
      strayFiles: () =>
        repeated(STRAY_ROUNDS_MAX, async () => {
          const gone = await run(session, (ctx) => sweepStrayFiles(ctx, STRAY_FILES_AT_ONCE));
          return gone === STRAY_FILES_AT_ONCE;
        }),
      orphans: () => sweepOrphans(run, store, session),
    };
  }

  private async compareStock(companyId: CompanyId): Promise<void> {
    const { run, log, isStopping } = this.parts;
    const session = systemSession(companyId, 'stock-care');
    const drifts = await checkStock(run, session, () => isStopping?.() ?? false);
    if (drifts.length === 0) return;
    const advice =
      'stock counters differ from the ledger; look at GET /v1/stock-drifts, then POST /v1/stock-corrections';
    log.error({ companyId, count: drifts.length, first: drifts[0] }, advice);
  }
}

/** What else is kept about events. */
async function forgetAll(ctx: Ctx, eventIds: Parameters<typeof forgetDeliveries>[1]): Promise<void> {
  await forgetNotifications(ctx, eventIds);
  await forgetDeliveries(ctx, eventIds);
}

/** Does something until it says that nothing is left, and not for ever. */
async function repeated(roundsMax: number, work: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < roundsMax && (await work()); round++) {
    // until nothing is left
  }
}

/**
 * Whether the hour of a company lies behind `from`, up to `to` (hours since 1970). What is done once a day has an hour of
 * its own for each company, so that they do not all come at once; a round may take longer than an hour.
 */
function hasHourIn({ from, to }: { from: number; to: number }, companyId: CompanyId): boolean {
  const behind = (((hourOf(companyId) - from - 1) % HOURS) + HOURS) % HOURS;
  return behind < to - from;
}

/** The hour of the day (UTC) of a company; ids end in random characters. */
const hourOf = (companyId: CompanyId) =>
  [...companyId].reduce((sum, character) => sum + character.charCodeAt(0), 0) % HOURS;

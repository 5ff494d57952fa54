import { rebuildNext } from '@souk/domain/catalog/collections/rebuilds.flow';
import { companiesWithDueRebuilds } from '@souk/domain/catalog/collections/rebuilds.service';
import type { FileStore } from '@souk/domain/catalog/files/file-store';
import { type FileWorkPorts, workOnFiles } from '@souk/domain/catalog/files/file-work.flow';
import { companiesWithDueFiles } from '@souk/domain/catalog/files/file-work.service';
import { companiesWithDueStockRefreshes } from '@souk/domain/catalog/inventory/refreshes.service';
import { companiesWithExpiredHolds, expireDue } from '@souk/domain/catalog/inventory/reservation-ends.service';
import { refreshStockShare } from '@souk/domain/catalog/inventory/stock-care.flow';
import { ImportRunner } from '@souk/domain/catalog/product-import/import-run.flow';
import { exportNext } from '@souk/domain/catalog/product-import/product-export.flow';
import { companiesWithDueExports } from '@souk/domain/catalog/product-import/product-export.service';
import { companiesWithDueImports } from '@souk/domain/catalog/product-import/product-import.service';
import { companiesWithPendingEntries, linkEntries } from '@souk/domain/company/audit/audit-chain.service';
import type { Run } from '@souk/domain/kernel/ctx';
import { expireUnpaid } from '@souk/domain/sales/checkout/unpaid-orders.flow';
import { companiesWithDueOrders } from '@souk/domain/sales/orders/expiry.service';
import type { Gateways } from '@souk/domain/sales/payments/gateway';
import { workOnNotice } from '@souk/domain/sales/payments/notices.flow';
import { companiesWithDueNotices } from '@souk/domain/sales/payments/notices.service';
import { reconcileShare } from '@souk/domain/sales/payments/reconciliation.flow';
import { companiesWithDueChecks } from '@souk/domain/sales/payments/reconciliation.service';
import type { Loggers } from '@souk/platform/logger';
import type { CompanyWorkKind } from './company-work.ts';

const ENTRIES_LINKED_AT_ONCE = 500;
const HOLDS_ENDED_AT_ONCE = 200;

/** What the kinds of work need from the process. */
export interface DueWorkParts {
  run: Run;
  log: Loggers['log'];
  /** Where files lie. */
  store: FileStore;
  /** What makes pictures of files. */
  pictures: Omit<FileWorkPorts, 'store'>;
  /** Who is paid through. */
  gateways: Gateways;
}

/** A kind of work with the pauses of its loop. Those that people wait for are `woken` by every nudge. */
export interface DueWork extends CompanyWorkKind {
  readonly idleMs: number;
  readonly idleMsMax: number;
  readonly isWoken: boolean;
}

/** Everything a worker does company by company because rows are due. A new kind gets its entry here. */
export const dueWork = ({ run, log, store, pictures, gateways }: DueWorkParts): DueWork[] => [
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
  {
    // Holds that ran out count for nothing already; this frees the counters and says that the goods can be had again.
    name: 'stock-holds',
    companiesDue: companiesWithExpiredHolds,
    share: async (session) =>
      (await run(session, (ctx) => expireDue(ctx, HOLDS_ENDED_AT_ONCE))) === HOLDS_ENDED_AT_ONCE,
    atOnce: 2,
    idleMs: 1_000,
    idleMsMax: 5_000,
    isWoken: false,
  },
  {
    // A setting or a switched location: the merchant looks at the shop to see what it did.
    name: 'stock-refreshes',
    companiesDue: companiesWithDueStockRefreshes,
    share: (session) => refreshStockShare(run, session),
    atOnce: 1,
    idleMs: 500,
    idleMsMax: 3_000,
    isWoken: true,
  },
  {
    name: 'files',
    companiesDue: companiesWithDueFiles,
    share: (session) => workOnFiles(run, { store, ...pictures }, session),
    atOnce: 2,
    idleMs: 500,
    idleMsMax: 2_000,
    isWoken: false,
  },
  {
    // Rules that were just changed: somebody is looking at the empty collection.
    name: 'collections',
    companiesDue: companiesWithDueRebuilds,
    share: (session) => rebuildNext(run, session),
    atOnce: 1,
    idleMs: 500,
    idleMsMax: 3_000,
    isWoken: true,
  },
  {
    // Orders nobody paid in time: their goods are free again.
    name: 'unpaid-orders',
    companiesDue: companiesWithDueOrders,
    share: (session) =>
      expireUnpaid(
        run,
        {
          report: (error, about) =>
            log.error({ err: error, ...about }, 'an order could not be ended; tried again later'),
        },
        session,
      ),
    atOnce: 2,
    idleMs: 500,
    idleMsMax: 2_000,
    isWoken: false,
  },
  ...productFiles({ run, log, store }),
  ...payments({ run, log, gateways }),
];

/** Money: webhooks that came in, and what has to be asked of providers because nobody told. Shoppers wait for both. */
function payments({ run, log, gateways }: Pick<DueWorkParts, 'run' | 'log' | 'gateways'>): DueWork[] {
  const report = (error: unknown, about: object) =>
    log.error({ err: error, ...about }, 'a payment, refund or webhook could not be worked on; tried again later');
  const pauses = { atOnce: 4, idleMs: 250, idleMsMax: 1_000, isWoken: true };
  return [
    {
      name: 'payment-notices',
      companiesDue: companiesWithDueNotices,
      share: (session) => workOnNotice(run, gateways, session, report),
      ...pauses,
    },
    {
      name: 'payment-reconciler',
      companiesDue: companiesWithDueChecks,
      share: (session) => reconcileShare(run, gateways, session, report),
      ...pauses,
    },
  ];
}

/** Catalogues on their way in and out. */
function productFiles({ run, log, store }: Pick<DueWorkParts, 'run' | 'log' | 'store'>): DueWork[] {
  const report = (error: unknown, about: object) =>
    log.error({ err: error, ...about }, 'a part of an import or export failed through our fault');
  const imports = new ImportRunner(run, { store, report });
  const pauses = { atOnce: 2, idleMs: 250, idleMsMax: 1_000, isWoken: true };
  return [
    {
      name: 'product-imports',
      companiesDue: companiesWithDueImports,
      share: (session) => imports.share(session),
      ...pauses,
    },
    {
      name: 'product-exports',
      companiesDue: companiesWithDueExports,
      share: (session) => exportNext(run, { store, report }, session),
      ...pauses,
    },
  ];
}

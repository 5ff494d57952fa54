import type { Run, Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import type { StockDriftView } from './drift.contract.ts';
import { findDrift } from './drift.service.ts';
import { refreshNext, takeRefresh } from './refreshes.service.ts';
import { settleNext } from './settlement.service.ts';

/** More than this need no listing: somebody has to look anyway. */
const DRIFTS_MAX = 100;

/**
 * Housekeeping of one company's stock, in small units of work: what can be had and what is low is brought up to date
 * (settings and switched locations change it for many products at once).
 */
export async function refreshStock(run: Run, session: Session, isStopping?: () => boolean): Promise<void> {
  let after: Id<'prod'> | undefined;
  do {
    after = await run(session, (ctx) => settleNext(ctx, after));
  } while (after !== undefined && !isStopping?.());
}

/** As `refreshStock`, one share of it, where somebody asked for it. Says whether there may be more to do. */
export async function refreshStockShare(run: Run, session: Session): Promise<boolean> {
  const task = await run(session, takeRefresh);
  return task !== undefined && (await run(session, (ctx) => refreshNext(ctx, task)));
}

/** Whether the counters say what the ledger says: the levels that do not, at most a hundred. */
export async function checkStock(run: Run, session: Session, isStopping?: () => boolean): Promise<StockDriftView[]> {
  const drifts: StockDriftView[] = [];
  for (let after: string | undefined; ; ) {
    const { data, page } = await run(session, (ctx) => findDrift(ctx, { after }));
    drifts.push(...data);
    if (!page.next || drifts.length >= DRIFTS_MAX || isStopping?.()) return drifts.slice(0, DRIFTS_MAX);
    after = page.next;
  }
}

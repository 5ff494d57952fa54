import { and, asc, eq, gt, lte, sql } from 'drizzle-orm';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import type { CompanyId, Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { stockRefreshes } from './inventory.schema.ts';
import { settleNext } from './settlement.service.ts';

/** So long a share is one worker's; a worker that dies delays the rest by this. */
const LEASE_SECONDS = 60;

/** What a worker has taken on. */
export interface RefreshTask {
  afterProductId: Id<'prod'> | null;
  /** Another one later: something changed again meanwhile, and it begins anew. */
  round: number;
}

/**
 * Has all products of the company looked at anew within seconds: what can be had and who is low changed for many at once,
 * by a setting or a switched location. After availability in the order of locks.
 */
export async function refreshStockSoon(ctx: Ctx): Promise<void> {
  await ctx.tx
    .insert(stockRefreshes)
    .values({ companyId: ctx.companyId })
    .onConflictDoUpdate({
      target: [stockRefreshes.companyId],
      set: { afterProductId: null, round: sql`${stockRefreshes.round} + 1`, dueAt: sql`now()` },
    });
  ctx.nudge();
}

/** What follows for the stock when a group of settings was changed. */
export async function followSettings(ctx: Ctx, group: string): Promise<void> {
  if (group === 'inventory') await refreshStockSoon(ctx);
}

/** As the relay role, in no company: which companies wait for this; by id, from the one behind `after` on. */
export async function companiesWithDueStockRefreshes(tx: Tx, limit: number, after?: CompanyId): Promise<CompanyId[]> {
  const rows = await tx
    .select({ companyId: stockRefreshes.companyId })
    .from(stockRefreshes)
    .where(and(lte(stockRefreshes.dueAt, sql`now()`), after && gt(stockRefreshes.companyId, after)))
    .orderBy(asc(stockRefreshes.companyId))
    .limit(limit);
  return rows.map(({ companyId }) => companyId);
}

/** Takes the next share, for a while. Undefined: there is none, or somebody else has it. */
export async function takeRefresh(ctx: Ctx): Promise<RefreshTask | undefined> {
  const [task] = await ctx.tx
    .update(stockRefreshes)
    .set({ dueAt: sql`now() + make_interval(secs => ${LEASE_SECONDS})` })
    .where(mine(ctx, stockRefreshes, lte(stockRefreshes.dueAt, sql`now()`)))
    .returning({ afterProductId: stockRefreshes.afterProductId, round: stockRefreshes.round });
  return task;
}

/** Does a share. At the end visitors' answers are made anew: staff wanted this. Says whether there is more. */
export async function refreshNext(ctx: Ctx, { afterProductId, round }: RefreshTask): Promise<boolean> {
  const next = await settleNext(ctx, afterProductId ?? undefined);
  const isMine = mine(ctx, stockRefreshes, eq(stockRefreshes.round, round));
  if (next === undefined) {
    await ctx.tx.delete(stockRefreshes).where(isMine);
    ctx.catalogueChanged();
  } else await ctx.tx.update(stockRefreshes).set({ afterProductId: next, dueAt: sql`now()` }).where(isMine);
  return next !== undefined;
}

import { and, asc, eq, gt, inArray, lte, sql } from 'drizzle-orm';
import { after } from '../../kernel/clock.ts';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { type CompanyId, type Id, newId } from '../../kernel/ids.ts';
import { keyset, type ListQuery, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import type { ExportSummary } from './product-export.contract.ts';
import { LeaseLost } from './product-import.errors.ts';
import { productExports } from './product-import.schema.ts';

export type ExportRow = typeof productExports.$inferSelect;

const LEASE_SECONDS = 60;
const ATTEMPTS_MAX = 3;
const ACTIVE = ['queued', 'running'] as const;

/** Puts an export into the queue. A worker takes it up within seconds. */
export async function queueExport(ctx: Ctx): Promise<ExportSummary> {
  const maker = { createdByType: ctx.actor.type, createdById: ctx.actor.id };
  const [row] = await ctx.tx
    .insert(productExports)
    .values({ ...maker, companyId: ctx.companyId, id: newId('pex') })
    .returning();
  if (!row) throw new Error('The insert gave no row back');
  const summary = exportSummaryOf(row);
  ctx.audit({ action: 'product_export.created', entity: { type: 'product_export', id: row.id }, after: summary });
  ctx.nudge();
  return summary;
}

/** Exports of this company, newest first. */
export async function listExports(ctx: Ctx, { limit, after: cursor }: ListQuery): Promise<Page<ExportSummary>> {
  const { where, orderBy } = keyset({ columns: [productExports.id], direction: 'desc' }, cursor);
  const rows = await ctx.tx
    .select()
    .from(productExports)
    .where(mine(ctx, productExports, where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(rows, limit, (row) => [row.id], exportSummaryOf);
}

/** One export. Throws `NotFound`. */
export async function getExport(ctx: Ctx, id: Id<'pex'>): Promise<ExportRow> {
  const [row] = await ctx.tx
    .select()
    .from(productExports)
    .where(mine(ctx, productExports, eq(productExports.id, id)));
  if (!row) throw new NotFound('product export');
  return row;
}

/** Takes up the company's next export for 60 s; each batch written begins them anew. One cut off begins from the start. */
export async function leaseExport(ctx: Ctx): Promise<{ row: ExportRow; isSpent: boolean } | undefined> {
  const [due] = await ctx.tx
    .select()
    .from(productExports)
    .where(
      mine(ctx, productExports, inArray(productExports.status, [...ACTIVE]), lte(productExports.dueAt, sql`now()`)),
    )
    .orderBy(asc(productExports.id))
    .limit(1)
    .for('update', { skipLocked: true });
  if (!due) return undefined;
  const [row] = await ctx.tx
    .update(productExports)
    .set({
      status: 'running',
      attempts: due.attempts + 1,
      dueAt: after(ctx.now, LEASE_SECONDS),
      startedAt: due.startedAt ?? ctx.now.toISOString(),
      productsDone: 0,
      rowsDone: 0,
    })
    .where(mine(ctx, productExports, eq(productExports.id, due.id)))
    .returning();
  return row && { row, isSpent: row.attempts > ATTEMPTS_MAX };
}

/** Says how far an export is. Throws `LeaseLost` if another worker began it anew. */
export async function recordExported(
  ctx: Ctx,
  lease: ExportRow,
  done: { products: number; rows: number },
): Promise<void> {
  const [row] = await ctx.tx
    .update(productExports)
    .set({ productsDone: done.products, rowsDone: done.rows, dueAt: after(ctx.now, LEASE_SECONDS) })
    .where(isLeased(ctx, lease))
    .returning({ id: productExports.id });
  if (!row) throw new LeaseLost(lease.id);
}

/** Ends an export, with its file or with why there is none. Throws `LeaseLost`. */
export async function endExport(
  ctx: Ctx,
  lease: ExportRow,
  end: { fileId: Id<'file'> } | { failure: string },
): Promise<void> {
  const status = 'fileId' in end ? 'completed' : 'failed';
  const [row] = await ctx.tx
    .update(productExports)
    .set({ ...end, status, finishedAt: sql`now()` })
    .where(isLeased(ctx, lease))
    .returning();
  if (!row) throw new LeaseLost(lease.id);
  const entity = { type: 'product_export', id: lease.id };
  ctx.audit({ action: `product_export.${status}`, entity, after: exportSummaryOf(row) });
}

const isLeased = (ctx: Ctx, { id, attempts }: ExportRow) =>
  mine(
    ctx,
    productExports,
    eq(productExports.id, id),
    eq(productExports.status, 'running'),
    eq(productExports.attempts, attempts),
  );

/** In which companies exports wait. As the relay role, which sees no more than that. */
export async function companiesWithDueExports(tx: Tx, limit: number, behind?: CompanyId): Promise<CompanyId[]> {
  const rows = await tx
    .select({ companyId: productExports.companyId })
    .from(productExports)
    .where(
      and(
        inArray(productExports.status, [...ACTIVE]),
        lte(productExports.dueAt, sql`now()`),
        behind && gt(productExports.companyId, behind),
      ),
    )
    .groupBy(productExports.companyId)
    .orderBy(asc(productExports.companyId))
    .limit(limit);
  return rows.map(({ companyId }) => companyId);
}

/** What everybody may see of an export. */
export const exportSummaryOf = (row: ExportRow): ExportSummary => ({
  id: row.id,
  status: row.status,
  productsDone: row.productsDone,
  rowsDone: row.rowsDone,
  failure: row.failure,
  createdBy: { type: row.createdByType, id: row.createdById },
  createdAt: row.createdAt,
  startedAt: row.startedAt,
  finishedAt: row.finishedAt,
});

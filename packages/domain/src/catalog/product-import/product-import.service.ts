import { and, asc, eq, gt, inArray, lte, or, sql } from 'drizzle-orm';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { type CompanyId, type Id, newId } from '../../kernel/ids.ts';
import type { Currency } from '../../kernel/money.ts';
import { emit } from '../../kernel/outbox.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import { fetchRemoteImagesNow } from '../files/remote-images.service.ts';
import { NOTHING_COUNTED } from './import-progress.ts';
import {
  ERRORS_SHOWN_MAX,
  type ImportSummary,
  type ImportsQuery,
  type ImportView,
  type RowErrorView,
} from './product-import.contract.ts';
import { ImportEnded } from './product-import.errors.ts';
import { productImportCancelled, productImportCompleted, productImportFailed } from './product-import.events.ts';
import { type ImportFormat, productImportErrors, productImports } from './product-import.schema.ts';

type ImportId = Id<'pim'>;
export type ImportRow = typeof productImports.$inferSelect;

const ACTIVE = ['queued', 'running'] as const;

/** An import that is to begin: its file is stored. */
export interface NewImport {
  format: ImportFormat;
  fileId: Id<'file'>;
  fileName: string;
  isDryRun: boolean;
  currency: Currency;
  updatesStock: boolean;
}

/** Puts an import into the company's queue. A worker takes it up within seconds. */
export async function queueImport(ctx: Ctx, input: NewImport): Promise<ImportView> {
  const maker = { createdByType: ctx.actor.type, createdById: ctx.actor.id };
  const values = { ...input, ...maker, companyId: ctx.companyId, id: newId('pim'), counts: NOTHING_COUNTED };
  const [row] = await ctx.tx.insert(productImports).values(values).returning();
  if (!row) throw new Error('The insert gave no row back');
  const view = { ...summaryOf(row), ignoredColumns: [], errors: [] };
  ctx.audit({ action: 'product_import.created', entity: { type: 'product_import', id: row.id }, after: view });
  ctx.nudge();
  return view;
}

/** Imports of this company, newest first. */
export async function listImports(ctx: Ctx, { limit, after, status }: ImportsQuery): Promise<Page<ImportSummary>> {
  const { where, orderBy } = keyset({ columns: [productImports.id], direction: 'desc' }, after);
  const rows = await ctx.tx
    .select()
    .from(productImports)
    .where(mine(ctx, productImports, where, status && eq(productImports.status, status)))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(rows, limit, (row) => [row.id], summaryOf);
}

/** One import with its first errors. Throws `NotFound`. */
export async function getImport(ctx: Ctx, id: ImportId): Promise<ImportView> {
  const [row] = await ctx.tx
    .select()
    .from(productImports)
    .where(mine(ctx, productImports, eq(productImports.id, id)));
  if (!row) throw new NotFound('product import');
  const errors = await errorsAfter(ctx, id, undefined, ERRORS_SHOWN_MAX);
  return { ...summaryOf(row), ignoredColumns: row.ignoredColumns, errors: errors.map(errorView) };
}

/** How far an import is. Throws `NotFound`. */
export async function importSummaryOf(ctx: Ctx, id: ImportId): Promise<ImportSummary> {
  const [row] = await ctx.tx
    .select()
    .from(productImports)
    .where(mine(ctx, productImports, eq(productImports.id, id)));
  if (!row) throw new NotFound('product import');
  return summaryOf(row);
}

export type ErrorRow = typeof productImportErrors.$inferSelect;

/** Errors of an import in the order of the file, from behind one on. */
export async function errorsAfter(
  ctx: Ctx,
  importId: ImportId,
  last: Pick<ErrorRow, 'rowNumber' | 'position'> | undefined,
  limit: number,
): Promise<ErrorRow[]> {
  const { rowNumber, position } = productImportErrors;
  const behind =
    last && or(gt(rowNumber, last.rowNumber), and(eq(rowNumber, last.rowNumber), gt(position, last.position)));
  return ctx.tx
    .select()
    .from(productImportErrors)
    .where(mine(ctx, productImportErrors, eq(productImportErrors.importId, importId), behind))
    .orderBy(asc(rowNumber), asc(position))
    .limit(limit);
}

/**
 * Asks for the end of an import. One that waits ends at once, one that runs before its next piece; what is imported by
 * then stays. Asking again changes nothing. Throws `NotFound`, `ImportEnded`.
 */
export async function cancelImport(ctx: Ctx, id: ImportId): Promise<ImportView> {
  const [before] = await ctx.tx
    .select()
    .from(productImports)
    .where(mine(ctx, productImports, eq(productImports.id, id)))
    .for('update');
  if (!before) throw new NotFound('product import');
  if (before.status !== 'queued' && before.status !== 'running') throw new ImportEnded(before.status);
  ctx.audit({ action: 'product_import.cancellation_requested', entity: { type: 'product_import', id } });
  const [row] = await ctx.tx
    .update(productImports)
    .set({ isCancelRequested: true })
    .where(mine(ctx, productImports, eq(productImports.id, id)))
    .returning();
  if (row?.status === 'queued') await endImport(ctx, row, 'cancelled');
  return getImport(ctx, id);
}

/** Ends an import, and says so. Pictures that still wait for it are due. */
export async function endImport(
  ctx: Ctx,
  { id }: Pick<ImportRow, 'id'>,
  status: 'completed' | 'failed' | 'cancelled',
  failure: string | null = null,
): Promise<ImportSummary | undefined> {
  const [row] = await ctx.tx
    .update(productImports)
    .set({
      status,
      failure,
      finishedAt: sql`now()`,
      ...(status === 'completed' && {
        rowsDone: sql`coalesce(${productImports.rowsTotal}, ${productImports.rowsDone})`,
      }),
    })
    .where(mine(ctx, productImports, eq(productImports.id, id), inArray(productImports.status, [...ACTIVE])))
    .returning();
  if (!row) return undefined; // somebody else was first
  if (!row.isDryRun) await fetchRemoteImagesNow(ctx);
  const productImport = summaryOf(row);
  ctx.audit({ action: `product_import.${status}`, entity: { type: 'product_import', id }, after: productImport });
  const news = { completed: productImportCompleted, failed: productImportFailed, cancelled: productImportCancelled };
  await emit(ctx, news[status], { aggregate: { id, sequence: 1 }, data: { productImport } });
  return productImport;
}

/** In which companies imports wait. As the relay role, which sees no more than that. */
export async function companiesWithDueImports(tx: Tx, limit: number, after?: CompanyId): Promise<CompanyId[]> {
  const rows = await tx
    .select({ companyId: productImports.companyId })
    .from(productImports)
    .where(
      and(
        inArray(productImports.status, [...ACTIVE]),
        lte(productImports.dueAt, sql`now()`),
        after && gt(productImports.companyId, after),
      ),
    )
    .groupBy(productImports.companyId)
    .orderBy(asc(productImports.companyId))
    .limit(limit);
  return rows.map(({ companyId }) => companyId);
}

const errorView = ({ rowNumber, column, code, message, handle }: ErrorRow): RowErrorView => ({
  row: rowNumber,
  column,
  code,
  message,
  handle,
});

/** What everybody may see of an import. */
export const summaryOf = (row: ImportRow): ImportSummary => ({
  id: row.id,
  status: row.status,
  format: row.format,
  fileName: row.fileName,
  dryRun: row.isDryRun,
  currency: row.currency,
  updateStock: row.updatesStock,
  rowsTotal: row.rowsTotal,
  rowsDone: row.rowsDone,
  percentage: percentageOf(row),
  counts: row.counts,
  cancelRequested: row.isCancelRequested,
  failure: row.failure,
  createdBy: { type: row.createdByType, id: row.createdById },
  createdAt: row.createdAt,
  startedAt: row.startedAt,
  finishedAt: row.finishedAt,
});

function percentageOf({ status, rowsTotal, rowsDone }: ImportRow): number | null {
  if (status === 'completed') return 100;
  if (rowsTotal === null) return null;
  return rowsTotal === 0 ? 100 : Math.floor((rowsDone / rowsTotal) * 1000) / 10;
}

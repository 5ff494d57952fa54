import type { Run, Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import type { FileStore } from '../files/file-store.ts';
import { deletePrivateFile } from '../files/files.service.ts';
import { downloadAddress, storePrivateFile } from '../files/private-files.flow.ts';
import { can as inventory } from '../inventory/inventory.access.ts';
import { can as products } from '../products/products.access.ts';
import { EXPORT_BEGIN, exportBatch, exportColumns } from './export-batch.service.ts';
import { makersSession } from './import-lease.service.ts';
import type { ImportPorts } from './import-run.flow.ts';
import type { ExportView } from './product-export.contract.ts';
import {
  type ExportRow,
  endExport,
  exportSummaryOf,
  getExport,
  leaseExport,
  recordExported,
} from './product-export.service.ts';
import { LeaseLost } from './product-import.errors.ts';
import { type ExportColumns, soukHeader } from './souk-lines.ts';

/** Ten times what an import takes: a catalogue that grew here must come out whole. */
const EXPORT_BYTES_MAX = 2 * 1024 * 1024 * 1024;
const FILE_NAME = 'products.csv';

/** One export with an address for its file. Throws `NotFound`. */
export async function showExport(run: Run, store: FileStore, session: Session, id: Id<'pex'>): Promise<ExportView> {
  const row = await run(session, (ctx) => getExport(ctx, id));
  const summary = exportSummaryOf(row);
  if (row.status !== 'completed' || row.fileId === null) return { ...summary, download: null };
  const { url, expiresAt } = await downloadAddress(run, store, session, row.fileId, FILE_NAME);
  return { ...summary, download: { url, expiresAt } };
}

/** Writes the company's next export into the store. Says whether there was one. */
export async function exportNext(
  run: Run,
  ports: Pick<ImportPorts, 'store' | 'report'>,
  system: Session,
): Promise<boolean> {
  const lease = await run(system, leaseExport);
  if (!lease) return false;
  const { row, isSpent } = lease;
  try {
    const refusal = isSpent ? OUR_FAULT : await write(run, ports.store, system, row);
    if (refusal !== undefined) await run(system, (ctx) => endExport(ctx, row, { failure: refusal }));
  } catch (error) {
    if (!(error instanceof LeaseLost)) ports.report(error, { companyId: system.companyId, exportId: row.id });
  }
  return true;
}

const OUR_FAULT = 'The export was interrupted several times in a row through our fault. Begin another one.';

/** Why there is no file; undefined if there is. */
async function write(run: Run, store: FileStore, system: Session, row: ExportRow): Promise<string | undefined> {
  const maker = await run(system, (ctx) => makersSession(ctx, row));
  if (!maker?.permissions.has(products.read))
    return `Whoever began this export may not see products any more (${products.read} is needed).`;
  const columns = await run(maker, (ctx) => exportColumns(ctx, { withStock: maker.permissions.has(inventory.read) }));
  const content = linesOf(run, maker, row, columns);
  const what = { purpose: 'export' as const, name: FILE_NAME, content, sizeMax: EXPORT_BYTES_MAX };
  const { fileId } = await storePrivateFile(run, store, maker, what);
  try {
    await run(maker, (ctx) => endExport(ctx, row, { fileId }));
  } catch (error) {
    // If the export has it after all, it cannot go. Else it goes now, or in a day with those nothing refers to.
    await run(maker, (ctx) => deletePrivateFile(ctx, fileId)).catch(() => undefined);
    throw error;
  }
  return undefined;
}

/** The file, a short transaction for each batch of products. */
async function* linesOf(run: Run, maker: Session, row: ExportRow, columns: ExportColumns): AsyncGenerator<Uint8Array> {
  const header = soukHeader(columns);
  yield Buffer.from(header.line);
  let done = { products: 0, rows: 0 };
  for (let place: typeof EXPORT_BEGIN | undefined = EXPORT_BEGIN; place; ) {
    const from: typeof EXPORT_BEGIN = place;
    const before = done;
    const { batch, reached } = await run(maker, async (ctx) => {
      const next = await exportBatch(ctx, columns, header.names, from);
      const sum = { products: before.products + next.products, rows: before.rows + next.rows };
      await recordExported(ctx, row, sum);
      return { batch: next, reached: sum };
    });
    done = reached;
    if (batch.lines !== '') yield Buffer.from(batch.lines);
    place = batch.next;
  }
}

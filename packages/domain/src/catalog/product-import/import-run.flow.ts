import type { Ctx, Run, Session } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import type { CompanyId } from '../../kernel/ids.ts';
import type { FileStore } from '../files/file-store.ts';
import { openPrivateFile } from '../files/private-files.flow.ts';
import { can as inventory } from '../inventory/inventory.access.ts';
import { can as products } from '../products/products.access.ts';
import { type ImportPlan, locationsByHandle } from './import-chunk.service.ts';
import { leaseImport, makersSession, postponeImport, recordReading, releaseImport } from './import-lease.service.ts';
import { saveSideBySide } from './import-pieces.flow.ts';
import { formatOf, ImportReading, inspect } from './import-reading.ts';
import { can } from './product-import.access.ts';
import { ImportFileUnfit, LeaseLost } from './product-import.errors.ts';
import { endImport, type ImportRow } from './product-import.service.ts';
import { abouts } from './souk-columns.ts';

/** One company's share; then the next one has its turn. */
const SHARE_MS = 5_000;

/** What an import needs from the process. */
export interface ImportPorts {
  store: FileStore;
  /** Is told of what went wrong through our fault. */
  report(error: unknown, about: Readonly<Record<string, unknown>>): void;
  /** How long a share may take; it ends between two pieces. */
  shareMs?: number;
}

/** Carries imports on. Keeps the file of each company's import open between two shares. */
export class ImportRunner {
  private readonly readings = new Map<CompanyId, ImportReading>();

  constructor(
    private readonly run: Run,
    private readonly ports: ImportPorts,
  ) {}

  /**
   * One share of a company's oldest import. Says whether there is more to do at once. A crash at any moment loses
   * nothing: what is done is committed with where it stands.
   */
  async share(system: Session): Promise<boolean> {
    const lease = await this.run(system, leaseImport);
    if (!lease) {
      await this.close(system.companyId);
      return false;
    }
    try {
      return await this.carryOn(system, lease);
    } catch (error) {
      await this.close(system.companyId);
      return this.failed(system, lease, error);
    }
  }

  private async carryOn(system: Session, lease: ImportRow): Promise<boolean> {
    if (lease.isCancelRequested) return this.end(system, lease, 'cancelled');
    const maker = await this.run(system, (ctx) => makersSession(ctx, lease));
    if (!maker?.permissions.has(can.write) || !maker.permissions.has(products.write))
      throw new ImportFileUnfit(
        `Whoever began this import may not import products any more (${can.write} and ${products.write} are needed).`,
      );
    const withoutStock = !maker.permissions.has(inventory.write);
    const row = lease.rowsTotal === null ? await this.inspect(maker, lease, withoutStock) : lease;
    const reading = await this.readingOf(maker, row, withoutStock);
    const { report } = this.ports;
    const saving = {
      run: this.run,
      report,
      maker: { ...maker, isBatch: true },
      plan: planOf(row, reading),
      lease: row,
    };
    const until = Date.now() + (this.ports.shareMs ?? SHARE_MS);
    const { last, isAtEnd } = await saveSideBySide(saving, reading, until);
    if (isAtEnd) return this.end(system, last, 'completed');
    if (last.isCancelRequested) return this.end(system, last, 'cancelled');
    await this.run(system, (ctx) => releaseImport(ctx, last));
    return true;
  }

  /** Reads the whole file once: what cannot be read is found before anything is imported. */
  private async inspect(maker: Session, lease: ImportRow, withoutStock: boolean): Promise<ImportRow> {
    const format = formatOf(lease.format);
    const content = await openPrivateFile(this.run, this.ports.store, maker, lease.fileId);
    const { columns, rowsTotal } = await inspect(content, format);
    const read = withoutStock ? columns.without(format.isStock) : columns;
    return this.run(maker, async (ctx) => {
      await refuseUnknownLocations(ctx, abouts(read.fields(), 'stock'));
      return recordReading(ctx, lease, { rowsTotal, ignoredColumns: read.ignored });
    });
  }

  private async readingOf(maker: Session, row: ImportRow, withoutStock: boolean): Promise<ImportReading> {
    const known = this.readings.get(maker.companyId);
    if (known?.importId === row.id && known.rowsDone === row.rowsDone) return known;
    await this.close(maker.companyId);
    const content = await openPrivateFile(this.run, this.ports.store, maker, row.fileId);
    const reading = await ImportReading.open(content, {
      importId: row.id,
      format: formatOf(row.format),
      settings: { currency: row.currency },
      rowsDone: row.rowsDone,
      ahead: row.ahead,
      withoutStock,
    });
    this.readings.set(maker.companyId, reading);
    return reading;
  }

  private async close(companyId: CompanyId): Promise<void> {
    const reading = this.readings.get(companyId);
    this.readings.delete(companyId);
    await reading?.close();
  }

  private async end(system: Session, row: ImportRow, status: 'completed' | 'cancelled'): Promise<boolean> {
    await this.close(system.companyId);
    await this.run(system, (ctx) => endImport(ctx, row, status));
    return true; // perhaps the next one waits
  }

  private async failed(system: Session, lease: ImportRow, error: unknown): Promise<boolean> {
    if (error instanceof LeaseLost) return false;
    if (error instanceof ImportFileUnfit || error instanceof NotFound) {
      const sentence = error instanceof NotFound ? 'The file is not there any more. Send it again.' : error.message;
      await this.run(system, (ctx) => endImport(ctx, lease, 'failed', sentence));
      return true;
    }
    this.ports.report(error, { companyId: system.companyId, importId: lease.id });
    const { isLast } = await this.run(system, (ctx) => postponeImport(ctx, lease));
    if (isLast) await this.run(system, (ctx) => endImport(ctx, lease, 'failed', OUR_FAULT));
    return false;
  }
}

const OUR_FAULT =
  'The import was interrupted several times in a row through our fault. What was imported stays; send the file again to go on.';

const planOf = (row: ImportRow, { columns, behind }: ImportReading): ImportPlan => ({
  format: formatOf(row.format),
  columns,
  updatesStock: row.updatesStock,
  importId: row.id,
  leftNoTrace: row.isDryRun ? behind : undefined,
});

/** Throws `ImportFileUnfit` naming the locations that are not there: goods are not put into places that nobody knows. */
async function refuseUnknownLocations(ctx: Ctx, handles: readonly string[]): Promise<void> {
  const known = await locationsByHandle(ctx, handles);
  const unknown = handles.filter((handle) => !known.has(handle));
  if (unknown.length > 0)
    throw new ImportFileUnfit(
      `There is no stock location ${unknown.join(', ')}. Make it first, or take its column (stock:${unknown[0]}) out.`,
    );
}

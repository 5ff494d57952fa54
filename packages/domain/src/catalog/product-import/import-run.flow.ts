import type { Ctx, Run, Session } from '../../kernel/ctx.ts';
import { CommitUnknown, DatabaseUnavailable, DomainError, NotFound } from '../../kernel/errors.ts';
import type { CompanyId } from '../../kernel/ids.ts';
import type { FileStore } from '../files/file-store.ts';
import { openPrivateFile } from '../files/private-files.flow.ts';
import { can as inventory } from '../inventory/inventory.access.ts';
import { can as products } from '../products/products.access.ts';
import { type ImportPlan, importProducts, locationsByHandle } from './import-chunk.service.ts';
import {
  leaseImport,
  makersSession,
  postponeImport,
  recordProgress,
  recordReading,
  releaseImport,
} from './import-lease.service.ts';
import { NOTHING_COUNTED, type Progress, refused, sumOf } from './import-progress.ts';
import { formatOf, ImportReading, inspect, type Piece, type PieceGroup } from './import-reading.ts';
import { abouts } from './souk-columns.ts';
import { can } from './product-import.access.ts';
import { ImportFileUnfit, LeaseLost } from './product-import.errors.ts';
import type { ImportCounts } from './product-import.schema.ts';
import { endImport, type ImportRow } from './product-import.service.ts';

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
    let row = lease.rowsTotal === null ? await this.inspect(maker, lease, withoutStock) : lease;
    const reading = await this.readingOf(maker, row, withoutStock);
    const plan = planOf(row, reading);
    const until = Date.now() + (this.ports.shareMs ?? SHARE_MS);
    do {
      const piece = await reading.next();
      if (!piece) return this.end(system, row, 'completed');
      row = await importPiece({ run: this.run, report: this.ports.report }, maker, plan, row, piece);
      reading.remember(piece);
      if (row.isCancelRequested) return this.end(system, row, 'cancelled');
    } while (Date.now() < until);
    await this.run(system, (ctx) => releaseImport(ctx, row));
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
const ONE_FAULT = 'This product could not be saved through our fault. Send the file again, and tell us if it stays so.';

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

interface Saving {
  run: Run;
  report: ImportPorts['report'];
}

/** Saves a piece and writes down that it did, in one transaction; if that cannot be done, its products one by one. */
async function importPiece(
  saving: Saving,
  maker: Session,
  plan: ImportPlan,
  row: ImportRow,
  piece: Piece,
): Promise<ImportRow> {
  try {
    return await importGroups(saving.run, maker, plan, row, piece.groups);
  } catch (error) {
    if (isOfTheWhole(error)) throw error;
    let last = row;
    for (const group of piece.groups) last = await importAlone(saving, maker, plan, last, group);
    return last;
  }
}

async function importAlone(
  { run, report }: Saving,
  maker: Session,
  plan: ImportPlan,
  row: ImportRow,
  group: PieceGroup,
): Promise<ImportRow> {
  try {
    return await importGroups(run, maker, plan, row, [group]);
  } catch (error) {
    if (isOfTheWhole(error)) throw error;
    const isOurs = !(error instanceof DomainError);
    if (isOurs) report(error, { importId: row.id, handle: group.handle });
    const { rowNumber, handle } = group;
    const message = isOurs ? ONE_FAULT : error.message;
    const fault = { rowNumber, handle, column: null, code: isOurs ? 'internal' : error.code, message };
    return run(maker, (ctx) => recordProgress(ctx, row, refused([...group.faults, fault]), group.rowsDone));
  }
}

/** Says nothing about these products: the same will work in a while, or elsewhere, or not for the whole file. */
const isOfTheWhole = (error: unknown) =>
  error instanceof LeaseLost ||
  error instanceof DatabaseUnavailable ||
  error instanceof CommitUnknown ||
  error instanceof ImportFileUnfit;

/** What a dry run found; thrown, so that its transaction is undone. */
class Rehearsed extends Error {
  constructor(readonly progress: Progress) {
    super('A dry run was undone');
  }
}

async function importGroups(
  run: Run,
  maker: Session,
  plan: ImportPlan,
  row: ImportRow,
  groups: readonly PieceGroup[],
): Promise<ImportRow> {
  const rowsDone = groups.at(-1)?.rowsDone ?? row.rowsDone;
  if (!row.isDryRun)
    return run(maker, async (ctx) => recordProgress(ctx, row, await saveGroups(ctx, plan, row, groups), rowsDone));
  try {
    await run(maker, async (ctx) => {
      throw new Rehearsed(await saveGroups(ctx, plan, row, groups));
    });
  } catch (error) {
    if (!(error instanceof Rehearsed)) throw error;
    return run(maker, (ctx) => recordProgress(ctx, row, error.progress, rowsDone));
  }
  return row;
}

async function saveGroups(
  ctx: Ctx,
  plan: ImportPlan,
  { id }: Pick<ImportRow, 'id'>,
  groups: readonly PieceGroup[],
): Promise<Progress> {
  const progress = await importGroupsInto(ctx, plan, groups);
  ctx.audit({ action: 'product_import.chunk', entity: { type: 'product_import', id }, after: progress.counts });
  return progress;
}

/** Saves some products of a file, and says what came of all of them together. */
export async function importGroupsInto(
  ctx: Ctx,
  plan: ImportPlan,
  groups: readonly PieceGroup[],
): Promise<Progress> {
  const read = groups.flatMap(({ product, faults }) => (product ? [{ product, faults }] : []));
  const saved = await importProducts(ctx, plan, read.map(({ product }) => product));
  const parts = [
    ...groups.flatMap(({ product, faults }) => (product ? [] : [refused(faults)])),
    ...saved,
    ...read.map(({ faults }) => ({ counts: { ...NOTHING_COUNTED, errors: faults.length }, faults })),
  ];
  return parts.reduce((all, part) => ({
    counts: sumOf(all.counts, part.counts),
    faults: [...all.faults, ...part.faults],
  }));
}

/**
 * Imports a catalogue without a job: for seeds, which wait for it. Throws `ImportFileUnfit`, and an error naming the
 * first row if one was refused.
 */
export async function importCatalogue(
  run: Run,
  session: Session,
  content: AsyncIterable<Uint8Array>,
  { format, currency }: Pick<ImportRow, 'format' | 'currency'>,
): Promise<ImportCounts> {
  const how = { format: formatOf(format), settings: { currency }, rowsDone: 0, withoutStock: false };
  const reading = await ImportReading.open(content, how);
  const plan: ImportPlan = { format: how.format, columns: reading.columns, updatesStock: false };
  let counts = NOTHING_COUNTED;
  for (let piece = await reading.next(); piece; piece = await reading.next()) {
    const { groups } = piece;
    const progress = await run(session, async (ctx) => {
      const made = await importGroupsInto(ctx, plan, groups);
      const entity = { type: 'company', id: ctx.companyId };
      ctx.audit({ action: 'catalogue.seeded', entity, after: made.counts });
      return made;
    });
    const fault = progress.faults.find(({ isNote }) => !isNote);
    if (fault) throw new Error(`Row ${fault.rowNumber} (${fault.column ?? fault.handle}) was refused: ${fault.message}`);
    counts = sumOf(counts, progress.counts);
  }
  return counts;
}

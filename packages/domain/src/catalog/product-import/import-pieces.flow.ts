import type { Ctx, Run, Session } from '../../kernel/ctx.ts';
import { CommitUnknown, DatabaseUnavailable, DomainError } from '../../kernel/errors.ts';
import { fetchRemoteImagesNow } from '../files/remote-images.service.ts';
import { type ImportPlan, importProducts } from './import-chunk.service.ts';
import { recordProgress } from './import-lease.service.ts';
import { NOTHING_COUNTED, type Progress, refused, sumOf } from './import-progress.ts';
import { formatOf, ImportReading, type Piece, type PieceGroup } from './import-reading.ts';
import type { ImportCountsView } from './product-import.contract.ts';
import { ImportFileUnfit, LeaseLost } from './product-import.errors.ts';
import type { ImportRow } from './product-import.service.ts';

/** Pieces saved side by side: one that is made ready, and two that PostgreSQL works on. */
const LANES = 3;
const ONE_FAULT = 'This product could not be saved through our fault. Send the file again, and tell us if it stays so.';

/** Whose products are saved, and how. */
export interface Saving {
  run: Run;
  /** Is told of what went wrong through our fault. */
  report(error: unknown, about: Readonly<Record<string, unknown>>): void;
  maker: Session;
  plan: ImportPlan;
  /** Whose lease it is; what the row says of progress is of the past. */
  lease: ImportRow;
}

/**
 * Saves piece after piece, a few at a time: while PostgreSQL works on one, the next is made ready. Ends when the file does,
 * when somebody asked for it, when time is up, or throws what went wrong; never before everything begun has ended.
 */
export async function saveSideBySide(
  saving: Saving,
  reading: ImportReading,
  until: number,
): Promise<{ last: ImportRow; isAtEnd: boolean }> {
  // What a dry run saved is gone: the next piece must know what was in the one before.
  const lanes = saving.lease.isDryRun ? 1 : LANES;
  const flying = new Set<Promise<void>>();
  let last = saving.lease;
  let failure: unknown;
  let isAtEnd = false;
  do {
    const piece = await reading.next();
    isAtEnd = !piece;
    if (!piece) break;
    // What bundles are made of is saved first.
    if (piece.isOfBundles) await Promise.all(flying);
    if (failure !== undefined) break; // what bundles are made of may be missing
    const flight = importPiece(saving, piece)
      .then(
        (row) => {
          if (row.rowsDone >= last.rowsDone) last = row;
          reading.remember(piece);
        },
        (error: unknown) => {
          failure ??= error;
        },
      )
      .finally(() => flying.delete(flight));
    flying.add(flight);
    // The first of a file makes what all others need as well, such as its attributes.
    if (flying.size >= lanes || last.rowsDone === 0) await Promise.race(flying);
  } while (failure === undefined && !last.isCancelRequested && Date.now() < until);
  await Promise.all(flying);
  if (failure !== undefined) throw failure;
  return { last, isAtEnd };
}

/** Saves a piece and writes down that it did, in one transaction; if that cannot be done, its products one by one. */
async function importPiece(saving: Saving, piece: Piece): Promise<ImportRow> {
  try {
    return await importGroups(saving, piece.groups);
  } catch (error) {
    if (isOfTheWhole(error)) throw error;
    let last = saving.lease;
    for (const group of piece.groups) last = await importAlone(saving, group);
    return last;
  }
}

async function importAlone(saving: Saving, group: PieceGroup): Promise<ImportRow> {
  const { run, report, maker, lease } = saving;
  try {
    return await importGroups(saving, [group]);
  } catch (error) {
    if (isOfTheWhole(error)) throw error;
    const isOurs = !(error instanceof DomainError);
    if (isOurs) report(error, { importId: lease.id, handle: group.handle });
    const { rowNumber, handle } = group;
    const message = isOurs ? ONE_FAULT : error.message;
    const fault = { rowNumber, handle, column: null, code: isOurs ? 'internal' : error.code, message };
    return run(maker, (ctx) => recordProgress(ctx, lease, refused([...group.faults, fault]), group.stretch));
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

async function importGroups({ run, maker, plan, lease }: Saving, groups: readonly PieceGroup[]): Promise<ImportRow> {
  const stretch = { from: groups[0]?.stretch.from ?? 0, to: groups.at(-1)?.stretch.to ?? 0 };
  if (!lease.isDryRun)
    return run(maker, async (ctx) => recordProgress(ctx, lease, await saveGroups(ctx, plan, lease, groups), stretch));
  const rehearsed = await run(maker, async (ctx) => {
    throw new Rehearsed(await saveGroups(ctx, plan, lease, groups));
  }).catch((error: unknown) => {
    if (error instanceof Rehearsed) return error.progress;
    throw error;
  });
  return run(maker, (ctx) => recordProgress(ctx, lease, rehearsed, stretch));
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
async function importGroupsInto(ctx: Ctx, plan: ImportPlan, groups: readonly PieceGroup[]): Promise<Progress> {
  const read = groups.flatMap(({ product, faults }) => (product ? [{ product, faults }] : []));
  const saved = await importProducts(
    ctx,
    plan,
    read.map(({ product }) => product),
  );
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
): Promise<ImportCountsView> {
  const how = { format: formatOf(format), settings: { currency }, rowsDone: 0, withoutStock: false };
  const reading = await ImportReading.open(content, how);
  const plan: ImportPlan = { format: how.format, columns: reading.columns, updatesStock: false };
  let counts = NOTHING_COUNTED;
  for (let piece = await reading.next(); piece; piece = await reading.next()) {
    const { groups } = piece;
    const progress = await run({ ...session, isBatch: true }, async (ctx) => {
      const made = await importGroupsInto(ctx, plan, groups);
      const entity = { type: 'company', id: ctx.companyId };
      ctx.audit({ action: 'catalogue.seeded', entity, after: made.counts });
      return made;
    });
    const fault = progress.faults.find(({ isNote }) => !isNote);
    if (fault)
      throw new Error(`Row ${fault.rowNumber} (${fault.column ?? fault.handle}) was refused: ${fault.message}`);
    counts = sumOf(counts, progress.counts);
  }
  await run(session, fetchRemoteImagesNow);
  return counts;
}

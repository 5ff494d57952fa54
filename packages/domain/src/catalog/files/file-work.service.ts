import { and, asc, eq, gt, inArray, lte, sql } from 'drizzle-orm';
import type { Ctx, Tx } from '../../kernel/ctx.ts';
import type { CompanyId } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { fileRenditions, files, type ImageFormat } from './files.schema.ts';
import { ADDRESS_OPEN_MS, type FileRow } from './files.service.ts';
import { giveRoom, takeRoom } from './usage.service.ts';

/** After the last one a picture is given up: some nine hours after the first. */
const ATTEMPTS_MAX = 6;
/** Pauses after the first attempt, the second …, in seconds; each between half and one and a half times that. */
const PAUSES_SECONDS = [60, 300, 1_800, 7_200, 21_600];
/** How long a worker that took a file may take: fetching has 10 s, developing 60 s, and as long again for its turn. */
const LEASE_SECONDS = 300;
const FAILURE_LENGTH_MAX = 500;

/** A file taken by one worker, for as long as its lease. `attempts` counts this attempt. */
export type TakenFile = FileRow;

/** A rendition that lies in the store. */
export interface KeptRendition {
  width: number;
  height: number;
  format: ImageFormat;
  storageKey: string;
  sizeBytes: number;
}

/**
 * Takes up to `max` files that are due, one picture to be developed among them at most, for these are made one after the
 * other: counts the attempt and pushes the due time ahead before anything is done, so that a worker that dies delays them
 * and loses nothing. Those out of attempts are given up here.
 */
export async function takeDueFiles(ctx: Ctx, max: number): Promise<{ taken: TakenFile[]; isMore: boolean }> {
  const found = await ctx.tx
    .select({ id: files.id, status: files.status })
    .from(files)
    .where(mine(ctx, files, lte(files.dueAt, sql`now()`)))
    .orderBy(asc(files.dueAt))
    .limit(max)
    .for('update', { skipLocked: true });
  if (found.length === 0) return { taken: [], isMore: false };
  const first = found.find(({ status }) => status === 'stored');
  const due = found.filter((one) => one.status !== 'stored' || one === first);
  const taken = await ctx.tx
    .update(files)
    .set({ attempts: sql`${files.attempts} + 1`, dueAt: sql`now() + make_interval(secs => ${LEASE_SECONDS})` })
    .where(
      mine(
        ctx,
        files,
        inArray(
          files.id,
          due.map(({ id }) => id),
        ),
      ),
    )
    .returning();
  const isSpent = (row: FileRow) => row.attempts > ATTEMPTS_MAX && row.status !== 'deleting';
  for (const spent of taken.filter(isSpent)) await giveUp(ctx, spent, 'Each attempt to make pictures of it broke off.');
  return { taken: taken.filter((row) => !isSpent(row)), isMore: found.length === max || due.length < found.length };
}

/**
 * What was fetched from elsewhere is in the store, and is due before what is still to be fetched. Throws `FileQuotaSpent`.
 * False: another worker has the file now.
 */
export async function recordArrival(
  ctx: Ctx,
  taken: TakenFile,
  { sizeBytes, sha256 }: { sizeBytes: number; sha256: string },
): Promise<boolean> {
  // A second before those that were written down with it, so that pictures appear while others are still to be fetched.
  const dueAt = sql`${files.createdAt} - interval '1 second'`;
  const changed = await ctx.tx
    .update(files)
    .set({ status: 'stored', sizeBytes, sha256, dueAt, attempts: 0, updatedAt: sql`now()` })
    .where(mine(ctx, files, stillHeld(taken)))
    .returning({ id: files.id });
  if (changed.length > 0) await takeRoom(ctx, sizeBytes);
  return changed.length > 0;
}

/** The picture can be shown. Visitors' answers change with it. */
export async function recordReady(
  ctx: Ctx,
  taken: TakenFile,
  found: { contentType: string; width: number; height: number },
  renditions: readonly KeptRendition[],
): Promise<void> {
  const widths = [...new Set(renditions.map(({ width }) => width))].sort((a, b) => a - b);
  const changed = await ctx.tx
    .update(files)
    .set({ ...found, status: 'ready', widths, failure: null, dueAt: null, updatedAt: sql`now()` })
    .where(mine(ctx, files, stillHeld(taken)))
    .returning({ id: files.id });
  if (changed.length === 0) return;
  await ctx.tx.delete(fileRenditions).where(mine(ctx, fileRenditions, eq(fileRenditions.fileId, taken.id)));
  await ctx.tx
    .insert(fileRenditions)
    .values(renditions.map((one) => ({ companyId: ctx.companyId, fileId: taken.id, ...one })));
  ctx.catalogueChanged();
}

/**
 * The attempt failed: it is made again after a pause, unless it is `final` or was the last one. Says whether the file was
 * given up by this attempt; a worker that lost its lease changes nothing.
 */
export async function recordFailedAttempt(
  ctx: Ctx,
  taken: TakenFile,
  reason: string,
  final: boolean,
): Promise<boolean> {
  if (final || (taken.attempts >= ATTEMPTS_MAX && taken.status !== 'deleting')) return giveUp(ctx, taken, reason);
  const pause = PAUSES_SECONDS[Math.min(taken.attempts, PAUSES_SECONDS.length) - 1] ?? 0;
  const seconds = Math.round(pause * (0.5 + Math.random()));
  await ctx.tx
    .update(files)
    .set({ failure: shortened(reason), dueAt: sql`now() + make_interval(secs => ${seconds})` })
    .where(mine(ctx, files, stillHeld(taken)));
  return false;
}

/**
 * The store has let go: nothing is left of the file. One to whose address bytes may still come is let go of once more when
 * that address is closed, and gives its room back then.
 */
export async function recordGone(ctx: Ctx, { id, sizeBytes, createdAt }: TakenFile): Promise<void> {
  const isThis = mine(ctx, files, eq(files.id, id), eq(files.status, 'deleting'));
  const closesAt = Date.parse(createdAt) + ADDRESS_OPEN_MS;
  if (sizeBytes !== null && ctx.now.getTime() < closesAt) {
    await ctx.tx
      .update(files)
      .set({ dueAt: new Date(closesAt).toISOString(), attempts: 0 })
      .where(isThis);
    return;
  }
  const gone = await ctx.tx.delete(files).where(isThis).returning({ sizeBytes: files.sizeBytes });
  await giveRoom(ctx, gone[0]?.sizeBytes ?? 0);
}

/** Final. The bytes are let go of by the flow, so their room is given back; visitors still see the product without it. */
async function giveUp(ctx: Ctx, taken: TakenFile, reason: string): Promise<boolean> {
  const [before] = await ctx.tx
    .select({ status: files.status, sizeBytes: files.sizeBytes })
    .from(files)
    .where(mine(ctx, files, stillHeld(taken)))
    .for('update');
  if (!before) return false;
  await ctx.tx
    .update(files)
    .set({
      status: 'failed',
      failure: shortened(reason),
      dueAt: null,
      sizeBytes: null,
      sha256: null,
      updatedAt: sql`now()`,
    })
    .where(mine(ctx, files, eq(files.id, taken.id)));
  if (before.status === 'stored') await giveRoom(ctx, before.sizeBytes ?? 0);
  return true;
}

/** Held by this attempt, and not brought further by another worker meanwhile; what has arrived begins to count anew. */
const stillHeld = ({ id, attempts, status }: TakenFile) =>
  and(eq(files.id, id), eq(files.attempts, attempts), eq(files.status, status));

/** As the relay role, in no company: which companies have files due; by id, from the one behind `after` on. */
export async function companiesWithDueFiles(tx: Tx, limit: number, after?: CompanyId): Promise<CompanyId[]> {
  const rows = await tx
    .select({ companyId: files.companyId })
    .from(files)
    .where(and(lte(files.dueAt, sql`now()`), after && gt(files.companyId, after)))
    .groupBy(files.companyId)
    .orderBy(asc(files.companyId))
    .limit(limit);
  return rows.map(({ companyId }) => companyId);
}

// PostgreSQL stores no NUL, and another server may answer anything.
const shortened = (reason: string) => reason.replaceAll('\0', '').slice(0, FAILURE_LENGTH_MAX);

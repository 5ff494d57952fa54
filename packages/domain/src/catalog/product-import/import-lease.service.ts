import { randomUUID } from 'node:crypto';
import { asc, eq, inArray, sql } from 'drizzle-orm';
import { keyPermissions } from '../../identity/api-keys/standing.service.ts';
import { staff } from '../../identity/staff/staff.schema.ts';
import { permissionsOf } from '../../identity/staff/staff.service.ts';
import { after } from '../../kernel/clock.ts';
import type { Ctx, Session } from '../../kernel/ctx.ts';
import { type Id, idOf } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { type Progress, sumOf } from './import-progress.ts';
import { LeaseLost } from './product-import.errors.ts';
import { productImportErrors, productImports, type RowStretch } from './product-import.schema.ts';
import type { ImportRow } from './product-import.service.ts';

/** A worker that dies holds its import up for as long as this. Each piece of the file begins it anew. */
export const LEASE_SECONDS = 60;
/** Failures in a row, without a single row done in between. */
const ATTEMPTS_MAX = 5;
const PAUSE_SECONDS = [2, 10, 30, 60];

/**
 * Takes up the company's oldest import, for 60 s: whoever takes it next finds it where its last piece was committed. One
 * after the other: undefined while the oldest is somebody else's.
 */
export async function leaseImport(ctx: Ctx): Promise<ImportRow | undefined> {
  const [oldest] = await ctx.tx
    .select()
    .from(productImports)
    .where(mine(ctx, productImports, inArray(productImports.status, ['queued', 'running'])))
    .orderBy(asc(productImports.id))
    .limit(1)
    .for('update');
  if (!oldest || Date.parse(oldest.dueAt ?? NOW) > ctx.now.getTime()) return undefined;
  const [row] = await ctx.tx
    .update(productImports)
    .set({
      status: 'running',
      lease: randomUUID(),
      attempts: oldest.attempts + 1,
      dueAt: leaseEnd(ctx),
      startedAt: oldest.startedAt ?? ctx.now.toISOString(),
    })
    .where(mine(ctx, productImports, eq(productImports.id, oldest.id)))
    .returning();
  return row;
}

/** Of a row that was never leased. */
const NOW = new Date(0).toISOString();
const leaseEnd = (ctx: Ctx) => after(ctx.now, LEASE_SECONDS);

/** Writes down what a first reading of the file found. Throws `LeaseLost`. */
export const recordReading = async (
  ctx: Ctx,
  lease: ImportRow,
  found: { rowsTotal: number; ignoredColumns: readonly string[] },
): Promise<ImportRow> => advance(ctx, await held(ctx, lease), { ...found, ignoredColumns: [...found.ignoredColumns] });

/**
 * Writes down what came of a stretch of the file, in the transaction in which it came: what is counted is what is kept.
 * Throws `LeaseLost` if another worker has the import by now, which undoes the piece.
 */
export async function recordProgress(
  ctx: Ctx,
  lease: ImportRow,
  { counts, faults }: Progress,
  stretch: RowStretch,
): Promise<ImportRow> {
  if (faults.length > 0) await storeFaults(ctx, lease, faults);
  const row = await held(ctx, lease);
  const own = { ...counts, rows: stretch.to - stretch.from };
  return advance(ctx, row, { counts: sumOf(row.counts, own), ...reached(row, stretch), attempts: 0 });
}

/** How far everything is done without a gap, and what is done beyond. */
export function reached(
  { rowsDone, ahead }: Pick<ImportRow, 'rowsDone' | 'ahead'>,
  stretch: RowStretch,
): Pick<ImportRow, 'rowsDone' | 'ahead'> {
  let done = rowsDone;
  const beyond = [...ahead, stretch].sort((a, b) => a.from - b.from);
  const left = beyond.filter(({ from, to }) => {
    if (from > done) return true;
    done = Math.max(done, to);
    return false;
  });
  return { rowsDone: done, ahead: left };
}

async function storeFaults(ctx: Ctx, { id: importId }: ImportRow, faults: Progress['faults']): Promise<void> {
  const rows = numbered(faults).map(({ rowNumber, position, column, code, message, handle }) => ({
    companyId: ctx.companyId,
    importId,
    rowNumber,
    position,
    column,
    code,
    message: message.replaceAll('\0', ''),
    handle,
  }));
  for (let at = 0; at < rows.length; at += ERRORS_AT_ONCE)
    await ctx.tx.insert(productImportErrors).values(rows.slice(at, at + ERRORS_AT_ONCE));
}

/** A statement has at most 65,535 parameters, and an error eight. */
const ERRORS_AT_ONCE = 5_000;

/** Several errors of one row are told apart by their place. All of a row come in one piece, for a product's rows do. */
function numbered(faults: Progress['faults']) {
  const places = new Map<number, number>();
  return faults.map((fault) => {
    const position = places.get(fault.rowNumber) ?? 0;
    places.set(fault.rowNumber, position + 1);
    return { ...fault, position };
  });
}

const isHeld = (ctx: Ctx, { id, lease }: ImportRow) =>
  mine(
    ctx,
    productImports,
    eq(productImports.id, id),
    eq(productImports.status, 'running'),
    eq(productImports.lease, lease ?? NOBODY),
  );
const NOBODY = '';

/** The row as it is now, locked: pieces that were saved side by side write it one after the other. Throws `LeaseLost`. */
async function held(ctx: Ctx, lease: ImportRow): Promise<ImportRow> {
  const [row] = await ctx.tx.select().from(productImports).where(isHeld(ctx, lease)).for('update');
  if (!row) throw new LeaseLost(lease.id);
  return row;
}

async function advance(ctx: Ctx, row: ImportRow, set: Partial<ImportRow>): Promise<ImportRow> {
  const [next] = await ctx.tx
    .update(productImports)
    .set({ ...set, dueAt: leaseEnd(ctx) })
    .where(isHeld(ctx, row))
    .returning();
  if (!next) throw new LeaseLost(row.id);
  return next;
}

/** Lets go of an import that is to be carried on, by whoever comes next. */
export async function releaseImport(ctx: Ctx, lease: ImportRow): Promise<void> {
  await ctx.tx.update(productImports).set({ dueAt: sql`now()`, attempts: 0 }).where(isHeld(ctx, lease));
}

/**
 * After something failed that may go right another time: a pause, longer each time. Says whether that was the last
 * attempt, and nothing was changed.
 */
export async function postponeImport(ctx: Ctx, lease: ImportRow): Promise<{ isLast: boolean }> {
  const [row] = await ctx.tx
    .select({ attempts: productImports.attempts })
    .from(productImports)
    .where(mine(ctx, productImports, eq(productImports.id, lease.id)));
  const attempts = row?.attempts ?? ATTEMPTS_MAX;
  if (attempts >= ATTEMPTS_MAX) return { isLast: true };
  const seconds = PAUSE_SECONDS[attempts - 1] ?? 60;
  await ctx.tx
    .update(productImports)
    .set({ dueAt: after(ctx.now, seconds) })
    .where(isHeld(ctx, lease));
  return { isLast: false };
}

/**
 * The session of whoever began a job, with what they may do now: a right that was taken away meanwhile is gone here as
 * well. Undefined: they may do nothing any more.
 */
export async function makersSession(
  ctx: Ctx,
  { id, createdByType, createdById }: Pick<ImportRow, 'createdByType' | 'createdById'> & { id: string },
): Promise<Session | undefined> {
  const { companyId } = ctx;
  if (createdByType === 'staff') {
    const staffId = idOf('stf').parse(createdById);
    const [person] = await ctx.tx
      .select({ status: staff.status })
      .from(staff)
      .where(mine(ctx, staff, eq(staff.id, staffId)));
    if (person?.status !== 'active') return undefined;
    const permissions = new Set(await permissionsOf(ctx, staffId));
    return { companyId, actor: { type: 'staff', id: staffId }, permissions, requestId: id };
  }
  if (createdByType === 'key') {
    const keyId: Id<'key'> = idOf('key').parse(createdById);
    const permissions = await keyPermissions(ctx, keyId);
    return (
      permissions && { companyId, actor: { type: 'key', id: keyId }, permissions: new Set(permissions), requestId: id }
    );
  }
  return undefined;
}

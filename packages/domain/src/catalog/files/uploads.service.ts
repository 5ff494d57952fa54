import { and, asc, eq, lt, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import type { FileView, NewUpload } from './files.contract.ts';
import { FileQuotaSpent, UploadNotAwaited } from './files.errors.ts';
import { files } from './files.schema.ts';
import { bury, type FileRow, findContent, insertRow, pictureRow, viewOf } from './files.service.ts';
import { lockUsage, takeRoom, usageOf } from './usage.service.ts';

const FORGOTTEN_AFTER = sql`interval '1 day'`;

/** Throws `FileQuotaSpent` if there is no room for anything: to be asked before bytes are taken in. */
export async function refuseIfFull(ctx: Ctx): Promise<void> {
  const { usedBytes, quotaBytes } = await usageOf(ctx);
  if (usedBytes >= quotaBytes) throw new FileQuotaSpent(usedBytes, quotaBytes);
}

/** Writes down that an upload is going to come, and keeps the room for it. Throws `FileQuotaSpent`. */
export async function announceUpload(ctx: Ctx, storageKey: string, upload: NewUpload): Promise<FileView> {
  await takeRoom(ctx, upload.sizeBytes);
  const row = await insertRow(ctx, { purpose: 'image', storageKey, ...upload, status: 'awaiting_upload' });
  ctx.audit({ action: 'file.announced', entity: { type: 'file', id: row.id }, after: upload });
  return viewOf(row);
}

/** The row of an upload that is waited for. Throws `NotFound`, `UploadNotAwaited`. */
export async function awaitedUpload(ctx: Ctx, id: Id<'file'>, { lock = false } = {}): Promise<FileRow> {
  const row = await pictureRow(ctx, id, { lock });
  if (row.status !== 'awaiting_upload') throw new UploadNotAwaited();
  return row;
}

/**
 * The bytes of an upload have come and are a picture. If the company has the same bytes already, that file is the answer
 * and this one goes. Throws `UploadNotAwaited` to the second of two at once.
 */
export async function completeUpload(
  ctx: Ctx,
  id: Id<'file'>,
  found: { contentType: string; sha256: string },
): Promise<FileView> {
  const row = await awaitedUpload(ctx, id, { lock: true });
  await lockUsage(ctx);
  const same = await findContent(ctx, found.sha256);
  if (same) {
    await bury(ctx, row);
    return viewOf(same);
  }
  const [stored] = await ctx.tx
    .update(files)
    .set({ ...found, status: 'stored', dueAt: sql`now()`, updatedAt: sql`now()` })
    .where(mine(ctx, files, eq(files.id, id)))
    .returning();
  if (!stored) throw new UploadNotAwaited();
  ctx.audit({ action: 'file.added', entity: { type: 'file', id }, after: { name: row.name, ...found } });
  return viewOf(stored);
}

/** What came is no picture: nothing of it stays. */
export async function dropUpload(ctx: Ctx, id: Id<'file'>): Promise<void> {
  await bury(ctx, await awaitedUpload(ctx, id, { lock: true }));
}

/** Lets go of uploads that were announced a day ago and never completed. Returns how many; at most `max`. */
export async function sweepUploads(ctx: Ctx, max: number): Promise<number> {
  const forgotten = await ctx.tx
    .select()
    .from(files)
    .where(
      mine(ctx, files, and(eq(files.status, 'awaiting_upload'), lt(files.createdAt, sql`now() - ${FORGOTTEN_AFTER}`))),
    )
    .orderBy(asc(files.id))
    .limit(max)
    .for('update', { skipLocked: true });
  for (const row of forgotten) await bury(ctx, row);
  return forgotten.length;
}

/** Which of these places in the store belong to a file of the company. */
export async function storageKeysInUse(ctx: Ctx, storageKeys: readonly string[]): Promise<Set<string>> {
  const rows = await ctx.tx
    .select({ storageKey: files.storageKey })
    .from(files)
    .where(mine(ctx, files, isAnyOf(files.storageKey, storageKeys)));
  return new Set(rows.map((row) => row.storageKey));
}

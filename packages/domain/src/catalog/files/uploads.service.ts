import { and, asc, eq, gt, lt, ne, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import type { FileView, NewUpload } from './files.contract.ts';
import { FileQuotaSpent, UploadNotAwaited } from './files.errors.ts';
import { files } from './files.schema.ts';
import { bury, type FileRow, findContent, insertRow, pictureRow, viewOf } from './files.service.ts';
import { lockUsage, takeRoom, usageOf } from './usage.service.ts';

/** How long the address of an upload is good. */
export const UPLOAD_SECONDS = 15 * 60;
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

/** The row of an upload that is waited for; undefined for any other file, also if there is none. */
export async function awaitedUpload(ctx: Ctx, id: Id<'file'>): Promise<FileRow | undefined> {
  const [row] = await ctx.tx
    .select()
    .from(files)
    .where(mine(ctx, files, eq(files.id, id), eq(files.status, 'awaiting_upload')));
  return row;
}

/** A file whose bytes we have been sent: asking for its completion again changes nothing. Throws `NotFound`, `UploadNotAwaited`. */
export const completedUpload = async (ctx: Ctx, id: Id<'file'>): Promise<FileView> =>
  viewOf(sentToUs(await pictureRow(ctx, id)));

function sentToUs(row: FileRow): FileRow {
  if (row.status === 'awaiting_upload' || row.sourceUrl !== null) throw new UploadNotAwaited();
  return row;
}

/**
 * The bytes of an upload have come and are a picture. If the company has the same bytes already, that file is the answer
 * and this one goes. The second of two at once gets what the first one made of it. Throws `NotFound`, `UploadNotAwaited`.
 */
export async function completeUpload(
  ctx: Ctx,
  id: Id<'file'>,
  found: { contentType: string; sha256: string },
): Promise<FileView> {
  const row = await pictureRow(ctx, id, { lock: true });
  if (row.status !== 'awaiting_upload') return viewOf(sentToUs(row));
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

/** Lets go of an upload, if it is still waited for: what came is no picture, or nothing ever came. */
export async function dropUpload(ctx: Ctx, id: Id<'file'>): Promise<void> {
  const row = await pictureRow(ctx, id, { lock: true });
  if (row.status !== 'awaiting_upload') throw new UploadNotAwaited();
  await bury(ctx, row);
}

/** Uploads that were announced a day ago and never completed, by id, from the one behind `after` on. */
export async function forgottenUploads(ctx: Ctx, max: number, after?: Id<'file'>): Promise<Id<'file'>[]> {
  const isForgotten = and(
    eq(files.status, 'awaiting_upload'),
    lt(files.createdAt, sql`now() - ${FORGOTTEN_AFTER}`),
    after && gt(files.id, after),
  );
  const rows = await ctx.tx
    .select({ id: files.id })
    .from(files)
    .where(mine(ctx, files, isForgotten))
    .orderBy(asc(files.id))
    .limit(max);
  return rows.map(({ id }) => id);
}

/** Which of these places in the store belong to a file of the company. What was given up has no bytes there. */
export async function storageKeysInUse(ctx: Ctx, storageKeys: readonly string[]): Promise<Set<string>> {
  const rows = await ctx.tx
    .select({ storageKey: files.storageKey })
    .from(files)
    .where(mine(ctx, files, isAnyOf(files.storageKey, storageKeys), ne(files.status, 'failed')));
  return new Set(rows.map((row) => row.storageKey));
}

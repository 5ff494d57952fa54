import { and, asc, eq, inArray, ne, type SQL, sql } from 'drizzle-orm';
import { isAnyOf } from '../../kernel/bulk-write.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { NotFound } from '../../kernel/errors.ts';
import { type Id, newId } from '../../kernel/ids.ts';
import { keyset, type Page, pageFrom } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import type { FilesQuery, FileView } from './files.contract.ts';
import { type FilePurpose, fileRenditions, files } from './files.schema.ts';
import { pictureOf } from './pictures.contract.ts';
import { giveRoom, lockUsage, takeRoom } from './usage.service.ts';

/** Longer than the address of an upload is good, for clocks differ. */
export const ADDRESS_OPEN_MS = 20 * 60_000;

/** A row of `files`. */
export type FileRow = typeof files.$inferSelect;

/** Bytes that are in the store, as they were measured on the way in. */
export interface ArrivedFile {
  storageKey: string;
  name: string;
  contentType: string;
  sizeBytes: number;
  /** Hex. */
  sha256: string;
}

/** What others may see of a file. */
export const viewOf = (row: FileRow): FileView => ({
  id: row.id,
  // Rows that are being deleted are never shown.
  status: row.status === 'deleting' ? 'failed' : row.status,
  name: row.name,
  contentType: row.contentType,
  sizeBytes: row.sizeBytes,
  picture: pictureOf(row),
  sourceUrl: row.sourceUrl,
  failure: row.failure,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

const isPicture = () => and(eq(files.purpose, 'image'), ne(files.status, 'deleting'));

/** The pictures with these ids; a missing one is missing in the map. */
export async function fileViews(ctx: Ctx, ids: readonly Id<'file'>[]): Promise<Map<Id<'file'>, FileView>> {
  if (ids.length === 0) return new Map();
  const rows = await ctx.tx
    .select()
    .from(files)
    .where(mine(ctx, files, isAnyOf(files.id, new Set(ids)), isPicture()));
  return new Map(rows.map((row) => [row.id, viewOf(row)]));
}

/** One picture. Throws `NotFound`. */
export const getFile = async (ctx: Ctx, id: Id<'file'>): Promise<FileView> => viewOf(await pictureRow(ctx, id));

/** The row of a picture, locked if it is to be changed. Throws `NotFound`. */
export async function pictureRow(ctx: Ctx, id: Id<'file'>, { lock = false } = {}): Promise<FileRow> {
  const query = ctx.tx
    .select()
    .from(files)
    .where(mine(ctx, files, eq(files.id, id), isPicture()));
  const [row] = await (lock ? query.for('update') : query);
  if (!row) throw new NotFound('file');
  return row;
}

/** Pictures, newest first. */
export async function listFiles(ctx: Ctx, { limit, after, status }: FilesQuery): Promise<Page<FileView>> {
  const { where, orderBy } = keyset({ columns: [files.id], direction: 'desc' }, after);
  const rows = await ctx.tx
    .select()
    .from(files)
    .where(mine(ctx, files, isPicture(), status && eq(files.status, status), where))
    .orderBy(...orderBy)
    .limit(limit + 1);
  return pageFrom(rows, limit, (row) => [row.id], viewOf);
}

/**
 * Takes a picture whose bytes lie in the store into the books. The same bytes again are the same file: then `isNew` is
 * false and the object that was just stored is superfluous. Throws `FileQuotaSpent`.
 */
export async function addPicture(ctx: Ctx, arrived: ArrivedFile): Promise<{ file: FileView; isNew: boolean }> {
  await lockUsage(ctx);
  const known = await findContent(ctx, arrived.sha256);
  if (known) {
    ctx.audit({ action: 'file.found', entity: { type: 'file', id: known.id } });
    return { file: viewOf(known), isNew: false };
  }
  const row = await addRow(ctx, 'image', arrived, { status: 'stored', dueAt: sql`now()` });
  return { file: viewOf(row), isNew: true };
}

/** The picture of the company that consists of these bytes. */
export async function findContent(ctx: Ctx, sha256: string): Promise<FileRow | undefined> {
  const [row] = await ctx.tx
    .select()
    .from(files)
    .where(
      mine(
        ctx,
        files,
        eq(files.sha256, sha256),
        eq(files.purpose, 'image'),
        inArray(files.status, ['stored', 'ready']),
      ),
    )
    .orderBy(asc(files.id))
    .limit(1);
  return row;
}

/** Takes a file of our own (an import's, an export's) into the books. Throws `FileQuotaSpent`. */
export async function addPrivateFile(
  ctx: Ctx,
  purpose: Exclude<FilePurpose, 'image'>,
  arrived: ArrivedFile,
): Promise<Id<'file'>> {
  const { id } = await addRow(ctx, purpose, arrived, { status: 'ready' });
  return id;
}

async function addRow(
  ctx: Ctx,
  purpose: FilePurpose,
  arrived: ArrivedFile,
  state: { status: 'stored' | 'ready'; dueAt?: SQL<string> },
): Promise<FileRow> {
  await takeRoom(ctx, arrived.sizeBytes);
  const row = await insertRow(ctx, { purpose, ...arrived, ...state });
  ctx.audit({
    action: 'file.added',
    entity: { type: 'file', id: row.id },
    after: { purpose, name: row.name, contentType: row.contentType, sizeBytes: row.sizeBytes, sha256: row.sha256 },
  });
  return row;
}

/** Writes a new row in the name of who is acting. */
export async function insertRow(
  ctx: Ctx,
  values: Pick<typeof files.$inferInsert, 'purpose' | 'storageKey' | 'name' | 'contentType' | 'sizeBytes'> & {
    status: FileRow['status'];
    sha256?: string;
    widths?: number[] | null;
    dueAt?: SQL<string>;
  },
): Promise<FileRow> {
  const created = { createdByType: ctx.actor.type, createdById: ctx.actor.id };
  const [row] = await ctx.tx
    .insert(files)
    // A time of the database's own clock is an expression; the column's type knows texts only.
    .values({ companyId: ctx.companyId, id: newId('file'), ...values, ...created } as typeof files.$inferInsert)
    .returning();
  if (!row) throw new Error('PostgreSQL inserted a file and returned no row');
  return row;
}

/** Where the bytes of an import's or export's file lie. Throws `NotFound`. */
export async function privateFile(ctx: Ctx, id: Id<'file'>): Promise<FileRow> {
  const [row] = await ctx.tx
    .select()
    .from(files)
    .where(mine(ctx, files, eq(files.id, id), eq(files.status, 'ready'), ne(files.purpose, 'image')));
  if (!row) throw new NotFound('file');
  return row;
}

/**
 * Deletes a picture. Fails with a foreign key's `Conflict` while a product, a category or a collection shows it. The
 * bytes go a little later: a row without a source stays behind for the worker until the store has let go of them.
 */
export async function deleteFile(ctx: Ctx, id: Id<'file'>): Promise<void> {
  await bury(ctx, await pictureRow(ctx, id, { lock: true }));
}

/** The same for the file of an import or export. */
export async function deletePrivateFile(ctx: Ctx, id: Id<'file'>): Promise<void> {
  await bury(ctx, await privateFile(ctx, id));
}

/**
 * Replaces a row by one that waits for the store to let go, under an id nobody knows. While bytes may still come to the
 * address of an upload, that row keeps their room: else announcing and deleting would be a way around the quota.
 */
export async function bury(ctx: Ctx, row: FileRow): Promise<void> {
  const { id, storageKey, name, purpose, widths } = row;
  await ctx.tx.delete(fileRenditions).where(mine(ctx, fileRenditions, eq(fileRenditions.fileId, id)));
  await ctx.tx.delete(files).where(mine(ctx, files, eq(files.id, id)));
  const room = holdsRoom(row) ? (row.sizeBytes ?? 0) : 0;
  const sizeBytes = mayStillCome(ctx, row) ? room : null;
  const gone = { purpose, storageKey, name, widths, contentType: null, sizeBytes };
  await insertRow(ctx, { ...gone, status: 'deleting', dueAt: sql`now()` });
  if (sizeBytes === null) await giveRoom(ctx, room);
  ctx.audit({ action: 'file.deleted', entity: { type: 'file', id }, before: { name, purpose } });
}

/** Which pictures came by an address of ours is not written down, so it may be any that was sent to us just now. */
const mayStillCome = (ctx: Ctx, { purpose, sourceUrl, createdAt }: FileRow) =>
  purpose === 'image' && sourceUrl === null && ctx.now.getTime() - Date.parse(createdAt) < ADDRESS_OPEN_MS;

/** An address elsewhere takes no room until its bytes are here, and what failed gave its room back. */
const holdsRoom = ({ status }: FileRow) => status !== 'remote' && status !== 'failed';

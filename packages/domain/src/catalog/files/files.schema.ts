import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import {
  companyIdColumn,
  companyWall,
  createdAt,
  relayMayLook,
  tenantId,
  updatedAt,
  walls,
} from '../../kernel/tables.ts';

export type FilePurpose = 'image' | 'import' | 'export';
/**
 * `awaiting_upload`: a signed address was given out. `remote`: known by its address elsewhere, to be fetched. `stored`: the
 * bytes are here and wait to be looked at. `ready`, `failed` are final; `deleting` waits for the store to let go.
 */
export type FileStatus = 'awaiting_upload' | 'remote' | 'stored' | 'ready' | 'failed' | 'deleting';
export type ImageFormat = 'webp' | 'avif';

/** What a company keeps in the file store. The bytes lie under `storageKey`; names and types a visitor sent prove nothing. */
export const files = pgTable(
  'files',
  {
    ...tenantId('file'),
    purpose: text('purpose').$type<FilePurpose>().notNull(),
    status: text('status').$type<FileStatus>().notNull(),
    /** Random and chosen here; below the company's prefix. Also what a public address is made of, so it cannot be guessed. */
    storageKey: text('storage_key').notNull(),
    name: text('name').notNull(),
    /** By content once `ready`; before that what was announced. */
    contentType: text('content_type'),
    sizeBytes: bigint('size_bytes', { mode: 'number' }),
    sha256: text('sha256'),
    width: integer('width'),
    height: integer('height'),
    /** Of the renditions there are, ascending; each lies at `<public address>/<width>.webp` and `.avif`. */
    widths: jsonb('widths').$type<number[]>(),
    /** Where an import says the picture is. */
    sourceUrl: text('source_url'),
    /** SHA-256 of the address: one file for one address, however often it is imported. */
    sourceKey: text('source_key'),
    failure: text('failure'),
    /** When a worker has something to do with it; null when nothing is to be done. Pushed ahead while one is at it. */
    dueAt: instantColumn('due_at'),
    attempts: integer('attempts').notNull().default(0),
    createdByType: text('created_by_type').notNull(),
    createdById: text('created_by_id').notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...walls(t),
    relayMayLook(),
    check('files_purpose', sql`purpose in ('image', 'import', 'export')`),
    check('files_status', sql`status in ('awaiting_upload', 'remote', 'stored', 'ready', 'failed', 'deleting')`),
    uniqueIndex('files_source').on(t.companyId, t.sourceKey).where(sql`source_key is not null`),
    uniqueIndex('files_storage_key').on(t.companyId, t.storageKey),
    index('files_content').on(t.companyId, t.sha256),
    index('files_due').on(t.companyId, t.dueAt).where(sql`due_at is not null`),
    index('files_newest').on(t.companyId, t.purpose, t.id),
  ],
);

/** The same picture in the widths and formats browsers want. */
export const fileRenditions = pgTable(
  'file_renditions',
  {
    companyId: companyIdColumn(),
    fileId: idColumn('file', 'file_id').notNull(),
    width: integer('width').notNull(),
    format: text('format').$type<ImageFormat>().notNull(),
    height: integer('height').notNull(),
    storageKey: text('storage_key').notNull(),
    sizeBytes: bigint('size_bytes', { mode: 'number' }).notNull(),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.fileId, t.width, t.format] }),
    foreignKey({ columns: [t.companyId, t.fileId], foreignColumns: [files.companyId, files.id] }),
  ],
);

/** How much a company keeps, and may keep. Raised by one conditional update, so that two uploads cannot share the last byte. */
export const fileUsage = pgTable(
  'file_usage',
  {
    companyId: companyIdColumn(),
    usedBytes: bigint('used_bytes', { mode: 'number' }).notNull().default(0),
    /** Null: the deployment's usual quota. */
    quotaBytes: bigint('quota_bytes', { mode: 'number' }),
  },
  (t) => [companyWall(), primaryKey({ columns: [t.companyId] }), check('file_usage_positive', sql`used_bytes >= 0`)],
);

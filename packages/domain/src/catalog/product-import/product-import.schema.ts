import { sql } from 'drizzle-orm';
import { boolean, check, foreignKey, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instantColumn } from '../../kernel/clock.ts';
import { idColumn } from '../../kernel/ids.ts';
import { companyIdColumn, companyWall, createdAt, relayMayLook, tenantId, walls } from '../../kernel/tables.ts';
import { files } from '../files/files.schema.ts';

export type JobStatus = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';
export type ImportFormat = 'souk' | 'shopify';

/** What an import has done so far. */
export interface ImportCounts {
  rows: number;
  products: { created: number; updated: number; unchanged: number; failed: number };
  variants: { created: number; updated: number; unchanged: number };
  prices: number;
  images: number;
  errors: number;
}

/** Rows of a file behind the first `from` of them, up to and with row `to`; counted from 1 without the header. */
export interface RowStretch {
  from: number;
  to: number;
}

const jobColumns = () => ({
  status: text('status').$type<JobStatus>().notNull().default('queued'),
  /** When a worker may take it up; pushed ahead while one is at it, so that a crash delays it and loses nothing. */
  dueAt: instantColumn('due_at').default(sql`now()`),
  /** Somebody asked for its end; the worker stops before the next chunk. */
  isCancelRequested: boolean('is_cancel_requested').notNull().default(false),
  attempts: integer('attempts').notNull().default(0),
  failure: text('failure'),
  createdByType: text('created_by_type').notNull(),
  createdById: text('created_by_id').notNull(),
  createdAt: createdAt(),
  startedAt: instantColumn('started_at'),
  finishedAt: instantColumn('finished_at'),
});
const statuses = sql`status in ('queued', 'running', 'completed', 'failed', 'cancelled')`;

/** One file on its way into the catalogue. Progress is committed with the rows it counts: a crash repeats none. */
export const productImports = pgTable(
  'product_imports',
  {
    ...tenantId('pim'),
    ...jobColumns(),
    format: text('format').$type<ImportFormat>().notNull(),
    fileId: idColumn('file', 'file_id').notNull(),
    fileName: text('file_name').notNull(),
    isDryRun: boolean('is_dry_run').notNull().default(false),
    /** Of prices in a format that does not name one. */
    currency: text('currency').notNull(),
    updatesStock: boolean('updates_stock').notNull().default(false),
    /** Rows in the file without the header, once it was counted. */
    rowsTotal: integer('rows_total'),
    /** Rows whose effect is committed, without a gap from the first; where to go on. */
    rowsDone: integer('rows_done').notNull().default(0),
    /** Stretches of rows beyond that are committed as well: pieces of a file are saved side by side. */
    ahead: jsonb('ahead').$type<RowStretch[]>().notNull().default([]),
    /** Random, anew for each worker that takes it up: only its holder writes. */
    lease: text('lease'),
    counts: jsonb('counts').$type<ImportCounts>().notNull(),
    ignoredColumns: jsonb('ignored_columns').$type<string[]>().notNull().default([]),
  },
  (t) => [
    ...walls(t),
    relayMayLook(),
    check('product_imports_status', statuses),
    check('product_imports_format', sql`format in ('souk', 'shopify')`),
    index('product_imports_due').on(t.companyId, t.dueAt).where(sql`status in ('queued', 'running')`),
    index('product_imports_newest').on(t.companyId, t.id),
    foreignKey({ columns: [t.companyId, t.fileId], foreignColumns: [files.companyId, files.id] }),
  ],
);

/** A row that could not be taken, and why. `position` tells several errors of one row apart. */
export const productImportErrors = pgTable(
  'product_import_errors',
  {
    companyId: companyIdColumn(),
    importId: idColumn('pim', 'import_id').notNull(),
    rowNumber: integer('row_number').notNull(),
    position: integer('position').notNull(),
    column: text('column'),
    code: text('code').notNull(),
    message: text('message').notNull(),
    handle: text('handle'),
  },
  (t) => [
    companyWall(),
    primaryKey({ columns: [t.companyId, t.importId, t.rowNumber, t.position] }),
    foreignKey({ columns: [t.companyId, t.importId], foreignColumns: [productImports.companyId, productImports.id] }),
  ],
);

/** The catalogue on its way into a file. */
export const productExports = pgTable(
  'product_exports',
  {
    ...tenantId('pex'),
    ...jobColumns(),
    fileId: idColumn('file', 'file_id'),
    productsDone: integer('products_done').notNull().default(0),
    rowsDone: integer('rows_done').notNull().default(0),
  },
  (t) => [
    ...walls(t),
    relayMayLook(),
    check('product_exports_status', statuses),
    index('product_exports_due').on(t.companyId, t.dueAt).where(sql`status in ('queued', 'running')`),
    index('product_exports_newest').on(t.companyId, t.id),
    foreignKey({ columns: [t.companyId, t.fileId], foreignColumns: [files.companyId, files.id] }),
  ],
);

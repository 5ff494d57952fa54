import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { currencyCode } from '../../kernel/money.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';

/** A file's size at most: about two million rows. */
export const IMPORT_BYTES_MAX = 200 * 1024 * 1024;
/** Errors shown with an import; all of them are in its CSV. */
export const ERRORS_SHOWN_MAX = 20;

export const importFormat = z.enum(['souk', 'shopify']);
export type ImportFormat = z.infer<typeof importFormat>;
const jobStatus = z.enum(['queued', 'running', 'completed', 'failed', 'cancelled']);

/** Fields of a form are text. */
const flag = z
  .enum(['true', 'false'], { error: 'Expected true or false.' })
  .transform((word) => word === 'true')
  .default(false);

/** What stands beside the file. */
export const importFields = z.strictObject({
  format: importFormat.optional().meta({ description: 'Without it, found out from the first line of the file.' }),
  dryRun: flag.meta({ description: 'Looks at everything and writes nothing but this report.' }),
  currency: currencyCode
    .optional()
    .meta({ description: "Of prices in a format that names none (shopify). Without it the company's own." }),
  updateStock: flag.meta({
    description:
      'Quantities also replace the stock of variants there are. Without it they count for new variants only.',
  }),
});
export type ImportFields = z.infer<typeof importFields>;

const counts = z.object({
  rows: z.int(),
  products: z.object({ created: z.int(), updated: z.int(), unchanged: z.int(), failed: z.int() }),
  variants: z.object({ created: z.int(), updated: z.int(), unchanged: z.int() }),
  prices: z.int().meta({ description: 'Price rows set or removed.' }),
  images: z.int().meta({ description: 'Pictures named by the file for the products that were imported.' }),
  errors: z.int(),
});

export type ImportCountsView = z.infer<typeof counts>;

export const rowErrorView = z.object({
  row: z.int().meta({ description: 'As a spreadsheet shows it: the header is row 1.' }),
  column: z.string().nullable(),
  code: z.string(),
  message: z.string(),
  handle: z.string().nullable(),
});
export type RowErrorView = z.infer<typeof rowErrorView>;

export const importSummary = z.object({
  id: idOf('pim'),
  status: jobStatus,
  format: importFormat,
  fileName: z.string(),
  dryRun: z.boolean(),
  currency: z.string(),
  updateStock: z.boolean(),
  rowsTotal: z.int().nullable().meta({ description: 'Rows below the header; null until they are counted.' }),
  rowsDone: z.int(),
  percentage: z.number().nullable(),
  counts,
  cancelRequested: z.boolean(),
  failure: z.string().nullable().meta({ description: 'Why the file as a whole could not be imported.' }),
  createdBy: z.object({ type: z.string(), id: z.string() }),
  createdAt: instant,
  startedAt: instant.nullable(),
  finishedAt: instant.nullable(),
});
export type ImportSummary = z.infer<typeof importSummary>;

export const importView = importSummary.extend({
  ignoredColumns: z.array(z.string()).meta({ description: 'Columns of the file that we have no place for.' }),
  errors: z.array(rowErrorView).meta({ description: `The first ${ERRORS_SHOWN_MAX}; all are in errors.csv.` }),
});
export type ImportView = z.infer<typeof importView>;

export const importsQuery = listQuery.extend({ status: jobStatus.optional() });
export type ImportsQuery = z.infer<typeof importsQuery>;
export const importsPage = pageOf(importSummary);

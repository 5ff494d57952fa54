import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { type Api, type ApiOptions, apiOf, overHttp } from './api.ts';
import { mayPass, refusalOf } from './http.ts';
import { answer } from './output.ts';
import { sentenceOf } from './sentence.ts';

const POLL_MS = 500;
/** Between two lines of progress. */
const PROGRESS_MS = 1_000;
/** How long an import is asked for again that nobody tells about: the import itself goes on. */
const PATIENCE_MS = 120_000;
const PAUSE_MS = { least: 1_000, most: 10_000 };
const ENDED = new Set(['completed', 'failed', 'cancelled']);

interface ImportOptions extends ApiOptions {
  dryRun?: boolean;
  format?: string;
  currency?: string;
  updateStock?: boolean;
}
interface ImportRow {
  id: string;
  status: string;
  rowsTotal: number | null;
  rowsDone: number;
  failure: string | null;
  counts: { products: Record<'created' | 'updated' | 'unchanged' | 'failed', number>; errors: number };
  errors: { row: number; column: string | null; message: string }[];
  ignoredColumns: string[];
}

/** `souk import`. */
export function importCommands(program: Command): void {
  overHttp(
    program
      .command('import')
      .description('import products from a CSV of ours or of Shopify; ends with 1 if a row could not be imported')
      .argument('<file>')
      .option('--dry-run', 'look at everything and write nothing')
      .option('--format <souk|shopify>', 'else found out from the first line')
      .option('--currency <code>', 'of prices in a file that names none')
      .option('--update-stock', 'quantities also replace the stock of variants there are'),
  ).action(importFile);
}

async function importFile(file: string, options: ImportOptions) {
  const { size } = await stat(file).catch((error: unknown) => {
    throw new Error(`${file} cannot be read`, { cause: error });
  });
  if (size === 0) throw new Error(`${file} is empty.`);
  const api = apiOf(options);
  const begun = await upload(api, file, options);
  const ended = await watch(api, begun);
  const { created, updated, unchanged, failed } = ended.counts.products;
  const rest = ended.counts.errors - ended.errors.length;
  answer(options, ended, [
    `${options.dryRun ? 'Dry run' : 'Import'} ${ended.id}: ${ended.status}${ended.failure ? ` (${ended.failure})` : ''}.`,
    `Products: ${created} created, ${updated} updated, ${unchanged} unchanged, ${failed} failed.`,
    ...(ended.ignoredColumns.length > 0 ? [`Columns there is no place for: ${ended.ignoredColumns.join(', ')}`] : []),
    ...ended.errors.map(({ row, column, message }) => `  row ${row}${column ? `, ${column}` : ''}: ${message}`),
    ...(rest > 0 ? [`  … and ${rest} more: GET ${api.url}/v1/product-imports/${ended.id}/errors.csv`] : []),
  ]);
  if (ended.status !== 'completed' || ended.counts.errors > 0) process.exitCode = 1;
}

async function upload(api: Api, file: string, options: ImportOptions): Promise<ImportRow> {
  const boundary = `souk-${randomUUID()}`;
  const fields = {
    format: options.format,
    currency: options.currency,
    dryRun: options.dryRun && 'true',
    updateStock: options.updateStock && 'true',
  };
  // Once again from the start, if the login has to be renewed first.
  const again = () => ReadableStream.from(form(boundary, fields, file));
  const init: RequestInit & { again: () => RequestInit['body']; duplex: 'half' } = {
    method: 'POST',
    again,
    duplex: 'half',
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
  const answered = await api.fetch(`${api.url}/v1/product-imports`, init);
  if (!answered.ok) throw await refusalOf(answered);
  return (await answered.json()) as ImportRow; // as the OpenAPI document has it
}

/** A form as RFC 7578 has it; the file passes through and is never in memory as a whole. */
async function* form(boundary: string, fields: Record<string, string | undefined | false>, file: string) {
  for (const [name, value] of Object.entries(fields)) {
    if (value) yield Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
  }
  const name = encodeURIComponent(path.basename(file)).replaceAll('%20', ' ');
  yield Buffer.from(
    `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: text/csv\r\n\r\n`,
  );
  yield* createReadStream(file) as AsyncIterable<Buffer>;
  yield Buffer.from(`\r\n--${boundary}--\r\n`);
}

async function watch(api: Api, begun: ImportRow): Promise<ImportRow> {
  let now = begun;
  for (let saidAt = Date.now(); !ENDED.has(now.status); ) {
    if (Date.now() - saidAt >= PROGRESS_MS) {
      const of = now.rowsTotal === null ? '' : ` of ${now.rowsTotal}`;
      process.stderr.write(now.status === 'queued' ? '… waiting for a worker\n' : `… ${now.rowsDone}${of} rows\n`);
      saidAt = Date.now();
    }
    await setTimeout(POLL_MS);
    now = await look(api, now.id);
  }
  return now;
}

async function look(api: Api, id: string): Promise<ImportRow> {
  const until = Date.now() + PATIENCE_MS;
  for (let pauseMs = PAUSE_MS.least; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS.most)) {
    try {
      return await api.call<ImportRow>('GET', `/v1/product-imports/${id}`);
    } catch (error) {
      if (!mayPass(error) || Date.now() > until)
        throw new Error(`What became of import ${id} is not known`, { cause: error });
      process.stderr.write(`… ${sentenceOf(error)} Asking again.\n`);
      await setTimeout(pauseMs);
    }
  }
}

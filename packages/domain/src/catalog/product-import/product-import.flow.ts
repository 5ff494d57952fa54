import { setTimeout } from 'node:timers/promises';
import { getCompany } from '../../company/companies/companies.service.ts';
import type { Run, Session } from '../../kernel/ctx.ts';
import { PermissionMissing } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import type { FileStore } from '../files/file-store.ts';
import { deletePrivateFile } from '../files/files.service.ts';
import { type StoredPrivateFile, storePrivateFile } from '../files/private-files.flow.ts';
import { can as products } from '../products/products.access.ts';
import { csvLine } from './csv-cells.ts';
import { recognisedFormat } from './import-reading.ts';
import {
  IMPORT_BYTES_MAX,
  type ImportFields,
  type ImportFormat,
  type ImportSummary,
  type ImportView,
} from './product-import.contract.ts';
import { errorsAfter, importSummaryOf, queueImport } from './product-import.service.ts';

/** The first line of any file we have seen fits in, several times over. */
const HEAD_BYTES = 64 * 1024;
const ERRORS_PER_PAGE = 1_000;

/** A file that is to be imported, as it was stored. */
export interface ReceivedFile extends StoredPrivateFile {
  name: string;
  /** What its first line looks like. */
  format: ImportFormat | undefined;
}

/** Stores a file that is to be imported while it comes. Throws `PermissionMissing`, `FileTooLarge`, `FileQuotaSpent`. */
export async function receiveFile(
  run: Run,
  store: FileStore,
  session: Session,
  { name, content }: { name: string; content: AsyncIterable<Uint8Array> },
): Promise<ReceivedFile> {
  // An import writes products: who may not do that one by one may not do it by the thousand.
  if (!session.permissions.has(products.write)) throw new PermissionMissing(products.write);
  const head: Uint8Array[] = [];
  const stored = await storePrivateFile(run, store, session, {
    purpose: 'import',
    name,
    content: keepingHead(content, head),
    sizeMax: IMPORT_BYTES_MAX,
  });
  return { ...stored, name, format: await recognisedFormat(Buffer.concat(head)) };
}

async function* keepingHead(content: AsyncIterable<Uint8Array>, head: Uint8Array[]): AsyncGenerator<Uint8Array> {
  let kept = 0;
  for await (const bytes of content) {
    if (kept < HEAD_BYTES) {
      head.push(bytes);
      kept += bytes.byteLength;
    }
    yield bytes;
  }
}

/** Queues the import of a file that was received; if that cannot be done, the file goes. */
export async function beginImport(
  run: Run,
  session: Session,
  { format, dryRun, currency, updateStock }: ImportFields,
  file: ReceivedFile,
): Promise<ImportView> {
  try {
    return await run(session, async (ctx) =>
      queueImport(ctx, {
        // A file like none of them fails with a sentence that names the columns it needs.
        format: format ?? file.format ?? 'souk',
        fileId: file.fileId,
        fileName: file.name,
        isDryRun: dryRun,
        currency: currency ?? (await getCompany(ctx)).currency,
        updatesStock: updateStock,
      }),
    );
  } catch (error) {
    // If it was queued after all, its file cannot go. Else it goes now, or in a day with those nothing refers to.
    await dropFile(run, session, file).catch(() => undefined);
    throw error;
  }
}

/** Lets go of a file that nothing will be made of. */
export const dropFile = (run: Run, session: Session, { fileId }: StoredPrivateFile): Promise<void> =>
  run({ ...session, idempotency: undefined }, (ctx) => deletePrivateFile(ctx, fileId));

/**
 * All errors of an import as CSV, in the order of the file, one short transaction a page. The first page is read before
 * this resolves: an import that is not here is `NotFound` before anything is sent.
 */
export async function importErrors(run: Run, session: Session, id: Id<'pim'>): Promise<AsyncIterable<string>> {
  const first = await run(session, async (ctx) => {
    await importSummaryOf(ctx, id);
    return errorsAfter(ctx, id, undefined, ERRORS_PER_PAGE);
  });
  return (async function* () {
    yield csvLine(['row', 'column', 'code', 'message', 'handle']);
    let page = first;
    while (page.length > 0) {
      const lines = page.map((one) =>
        csvLine([String(one.rowNumber), one.column ?? '', one.code, one.message, one.handle ?? '']),
      );
      yield lines.join('');
      if (page.length < ERRORS_PER_PAGE) return;
      const last = page.at(-1);
      page = await run(session, (ctx) => errorsAfter(ctx, id, last, ERRORS_PER_PAGE));
    }
  })();
}

/** How an import is watched. Milliseconds. */
const WATCHING = { pollMs: 500, heartbeatMs: 15_000, lifeMs: 10 * 60_000 };
const ENDED = new Set<ImportSummary['status']>(['completed', 'failed', 'cancelled']);

/**
 * An import as server-sent events: `progress` whenever it changed and `end` with its final state. No transaction is open
 * in between. After ten minutes it ends without `end`: a browser connects again and begins with the present state.
 * Throws `NotFound` before anything is sent.
 */
export async function watchImport(
  run: Run,
  session: Session,
  id: Id<'pim'>,
  { pollMs, heartbeatMs, lifeMs } = WATCHING,
): Promise<AsyncIterable<string>> {
  const look = () => run(session, (ctx) => importSummaryOf(ctx, id));
  const first = await look();
  return (async function* () {
    yield 'retry: 2000\n\n';
    const begun = Date.now();
    let said = '';
    let saidAt = begun;
    for (let now = first; ; now = await look()) {
      const data = JSON.stringify(now);
      if (data !== said) {
        yield `id: ${now.status}-${now.rowsDone}\nevent: ${ENDED.has(now.status) ? 'end' : 'progress'}\ndata: ${data}\n\n`;
        said = data;
        saidAt = Date.now();
      } else if (Date.now() - saidAt >= heartbeatMs) {
        yield ': still there\n\n';
        saidAt = Date.now();
      }
      if (ENDED.has(now.status) || Date.now() - begun >= lifeMs) return;
      await setTimeout(pollMs, undefined, { ref: false });
    }
  })();
}

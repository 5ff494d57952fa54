import type { Readable } from 'node:stream';
import { lookingOnly, type Run, type Session } from '../../kernel/ctx.ts';
import { CommitUnknown } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import type { FileStore, SignedRequest } from './file-store.ts';
import { addPrivateFile, privateFile } from './files.service.ts';
import { newStorageKey } from './storage-keys.ts';

const DOWNLOAD_SECONDS = 15 * 60;
const PRIVATE_TYPE = 'text/csv';

/** A file of our own that is on its way into the store. */
export interface NewPrivateFile {
  purpose: 'import' | 'export';
  /** As people call it. */
  name: string;
  content: AsyncIterable<Uint8Array>;
  /** Bytes. */
  sizeMax: number;
}

/** A file of our own as it was stored. */
export interface StoredPrivateFile {
  fileId: Id<'file'>;
  sizeBytes: number;
  /** Hex. */
  sha256: string;
}

/**
 * Stores a file only the company's staff will read (a CSV to import, an export), whole or not at all. Throws
 * `FileTooLarge` past `sizeMax` and `FileQuotaSpent`. It is there even if the caller's next step fails: who has no use
 * for it any more calls `deletePrivateFile`.
 */
export async function storePrivateFile(
  run: Run,
  store: FileStore,
  session: Session,
  { purpose, name, content, sizeMax }: NewPrivateFile,
): Promise<StoredPrivateFile> {
  const storageKey = newStorageKey(session.companyId, purpose);
  const stored = await store.put(storageKey, content, { contentType: PRIVATE_TYPE, sizeMax });
  const arrived = { storageKey, name, contentType: PRIVATE_TYPE, ...stored };
  try {
    const fileId = await run(lookingOnly(session), (ctx) => addPrivateFile(ctx, purpose, arrived));
    return { fileId, ...stored };
  } catch (error) {
    // Perhaps there is a row of these bytes now; what is not deleted here and belongs to none, the orphan sweep finds.
    if (!(error instanceof CommitUnknown)) await store.delete([storageKey]).catch(() => undefined);
    throw error;
  }
}

/** Opens a file of an import or export, from byte `start` on. Throws `NotFound`. */
export async function openPrivateFile(
  run: Run,
  store: FileStore,
  session: Session,
  fileId: Id<'file'>,
  options: { start?: number } = {},
): Promise<Readable> {
  const { storageKey } = await run(lookingOnly(session), (ctx) => privateFile(ctx, fileId));
  return store.open(storageKey, options);
}

/** An address under which a browser fetches such a file, as `fileName`, within the next 15 minutes. Throws `NotFound`. */
export async function downloadAddress(
  run: Run,
  store: FileStore,
  session: Session,
  fileId: Id<'file'>,
  fileName: string,
): Promise<SignedRequest> {
  const { storageKey } = await run(lookingOnly(session), (ctx) => privateFile(ctx, fileId));
  return store.signDownload(storageKey, { fileName, contentType: PRIVATE_TYPE, expiresInSeconds: DOWNLOAD_SECONDS });
}

import { createHash } from 'node:crypto';
import { lookingOnly, type Run, type Session } from '../../kernel/ctx.ts';
import { CommitUnknown, InvalidInput } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/ids.ts';
import { Conflict } from '../../kernel/postgres-error.ts';
import { fileSettings } from './file-settings.ts';
import type { FileStore } from './file-store.ts';
import { type FileView, IMAGE_TYPES, type ImageType, type NewUpload, type UploadView } from './files.contract.ts';
import { FileInUse, NotAnImage, UploadIncomplete } from './files.errors.ts';
import { type ArrivedFile, addPicture, deleteFile } from './files.service.ts';
import { HEAD_BYTES, type TypeOf } from './image-ports.ts';
import { newStorageKey, originalKey } from './storage-keys.ts';
import {
  announceUpload,
  awaitedUpload,
  completedUpload,
  completeUpload,
  dropUpload,
  refuseIfFull,
  UPLOAD_SECONDS,
} from './uploads.service.ts';

/** Whose foreign keys hold a file, by how their names begin. */
const SHOWN_BY = [
  ['product_media', 'product'],
  ['categories', 'category'],
  ['collections', 'collection'],
] as const;

/** What uploading needs from outside. */
export interface UploadPorts {
  store: FileStore;
  typeOf: TypeOf;
}

/**
 * Stores a picture while it comes in, if its first bytes say that it is one. `keepPicture` takes it into the books; who
 * does not call that calls `dropPicture`. Throws `NotAnImage`, `FileTooLarge`, `FileQuotaSpent`.
 */
export async function storePicture(
  run: Run,
  { store, typeOf }: UploadPorts,
  session: Session,
  { name, content }: { name: string; content: AsyncIterable<Uint8Array> },
): Promise<ArrivedFile> {
  // The repetition of a request that was answered gets that answer, also if what it brought was the last that fitted.
  if (!session.idempotency) await run(lookingOnly(session), refuseIfFull);
  const { head, all } = await peek(content);
  const contentType = imageType(await typeOf(head));
  const storageKey = newStorageKey(session.companyId, 'image');
  const sizeMax = fileSettings().imageBytesMax;
  const stored = await store.put(originalKey({ purpose: 'image', storageKey }), all, { contentType, sizeMax });
  return { storageKey, name, contentType, ...stored };
}

/** Takes a stored picture into the books; the same bytes again are the same file. Throws `FileQuotaSpent`. */
export async function keepPicture(
  run: Run,
  store: FileStore,
  session: Session,
  arrived: ArrivedFile,
): Promise<FileView> {
  let isSuperfluous = true;
  try {
    return await run(session, async (ctx) => {
      const { file, isNew } = await addPicture(ctx, arrived);
      isSuperfluous = !isNew;
      return file;
    });
  } catch (error) {
    // Perhaps there is a row of these bytes now. If there is none, the orphan sweep finds them.
    isSuperfluous = !(error instanceof CommitUnknown);
    throw error;
  } finally {
    if (isSuperfluous) await dropPicture(store, arrived);
  }
}

/** Lets go of a stored picture that is in no book. */
export async function dropPicture(store: FileStore, { storageKey }: ArrivedFile): Promise<void> {
  // Should the store be away: the orphan sweep finds it.
  await store.delete([originalKey({ purpose: 'image', storageKey })]).catch(() => undefined);
}

/** Gives an address to which a browser sends a picture of exactly this type and size, within the next 15 minutes. */
export async function beginUpload(
  run: Run,
  store: FileStore,
  session: Session,
  upload: NewUpload,
): Promise<UploadView> {
  const { imageBytesMax } = fileSettings();
  if (upload.sizeBytes > imageBytesMax) {
    const message = `Expected at most ${imageBytesMax}: larger pictures are not taken.`;
    throw new InvalidInput({ pointer: '/sizeBytes', code: 'too_big', message });
  }
  const { contentType, sizeBytes } = upload;
  const storageKey = newStorageKey(session.companyId, 'image');
  const signed = await store.signUpload(originalKey({ purpose: 'image', storageKey }), {
    contentType,
    sizeBytes,
    expiresInSeconds: UPLOAD_SECONDS,
  });
  return run(session, async (ctx) => ({ file: await announceUpload(ctx, storageKey, upload), upload: signed }));
}

/**
 * Looks at what came to the address of `beginUpload`: all of it, by its bytes. A file that was completed before is the
 * answer once more. Throws `UploadIncomplete`, `NotAnImage` (nothing of it stays then), `UploadNotAwaited`, `NotFound`.
 */
export async function finishUpload(
  run: Run,
  { store, typeOf }: UploadPorts,
  session: Session,
  id: Id<'file'>,
): Promise<FileView> {
  const row = await run(lookingOnly(session), (ctx) => awaitedUpload(ctx, id));
  if (!row) return run(session, (ctx) => completedUpload(ctx, id));
  const key = originalKey(row);
  const announced = row.sizeBytes ?? 0;
  const arrived = await store.sizeOf(key);
  if (arrived !== announced) throw new UploadIncomplete(announced, arrived);
  const { head, all } = await peek(await store.open(key));
  const hash = createHash('sha256');
  for await (const piece of all) hash.update(piece);
  const found = await typeOf(head);
  if (!isImageType(found) || found !== row.contentType) {
    await run(lookingOnly(session), (ctx) => dropUpload(ctx, id));
    throw new NotAnImage(found);
  }
  return run(session, (ctx) => completeUpload(ctx, id, { contentType: found, sha256: hash.digest('hex') }));
}

/** Deletes a picture nobody shows. Throws `FileInUse`, `NotFound`. */
export async function removeFile(run: Run, session: Session, id: Id<'file'>): Promise<void> {
  try {
    await run(session, (ctx) => deleteFile(ctx, id));
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    const constraint = String(error.detail['constraint']);
    throw new FileInUse(SHOWN_BY.find(([table]) => constraint.startsWith(table))?.[1] ?? 'part of the shop');
  }
}

const isImageType = (type: string | undefined): type is ImageType => IMAGE_TYPES.some((one) => one === type);

function imageType(found: string | undefined): ImageType {
  if (isImageType(found)) return found;
  throw new NotAnImage(found);
}

/** The first bytes, and all of them. */
export async function peek(
  content: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; all: AsyncIterable<Uint8Array> }> {
  const source = content[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let size = 0;
  let isEnd = false;
  while (size < HEAD_BYTES && !isEnd) {
    const next = await source.next();
    if (next.done) isEnd = true;
    else {
      first.push(next.value);
      size += next.value.byteLength;
    }
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      yield* first;
      for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
    } finally {
      await source.return?.();
    }
  }
  return { head: Buffer.concat(first).subarray(0, HEAD_BYTES), all: all() };
}

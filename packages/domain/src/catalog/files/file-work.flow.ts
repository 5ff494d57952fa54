import { createHash } from 'node:crypto';
import { lookingOnly, type Run, type Session, systemSession } from '../../kernel/ctx.ts';
import type { CompanyId } from '../../kernel/ids.ts';
import { fileSettings } from './file-settings.ts';
import type { FileStore } from './file-store.ts';
import {
  type KeptRendition,
  recordArrival,
  recordFailedAttempt,
  recordGone,
  recordReady,
  type TakenFile,
  takeDueFiles,
} from './file-work.service.ts';
import { IMAGE_TYPES } from './files.contract.ts';
import { FileGone, FileQuotaSpent, FileTooLarge } from './files.errors.ts';
import { HEAD_BYTES, type PictureMaker, PictureSlow, PictureUnreadable, type TypeOf } from './image-ports.ts';
import { RemoteFailed, type RemoteFetch, RemoteRefused } from './remote-fetch.ts';
import { originalKey, renditionKey } from './storage-keys.ts';
import { refuseIfFull } from './uploads.service.ts';
import { widthsFor } from './width-ladder.ts';

/** Fetched side by side: a slow server elsewhere holds up this many of one company's pictures, not all of them. */
const FILES_AT_ONCE = 4;
const FETCH_TIMEOUT_MS = 10_000;
/** Asking again would give the same. */
const FINAL = [RemoteRefused, PictureUnreadable, FileTooLarge, FileQuotaSpent, FileGone];
/** For the company to know; another attempt may help. */
const PASSING = [RemoteFailed, PictureSlow];
const FORMATS = ['webp', 'avif'] as const;

/** What the work needs from outside. */
export interface FileWorkPorts {
  store: FileStore;
  remote: RemoteFetch;
  typeOf: TypeOf;
  maker: PictureMaker;
}

/** The session in which files are worked on. */
export const fileWorkSession = (companyId: CompanyId): Session => systemSession(companyId, 'files');

/**
 * One share of the work on a company's files: fetches what lies elsewhere, makes pictures of one that has come, lets go of
 * what was deleted. Says whether more may be due. Each file is taken for a while and recorded when done, so a worker that
 * dies repeats at most what it was at.
 */
export async function workOnFiles(run: Run, ports: FileWorkPorts, session: Session): Promise<boolean> {
  const { taken, isMore } = await run(session, (ctx) => takeDueFiles(ctx, FILES_AT_ONCE));
  const results = await Promise.allSettled(taken.map((file) => workOn(run, ports, session, file)));
  // What could not be recorded comes back when its lease ends. The job should still be seen to fail.
  const lost = results.find((result) => result.status === 'rejected');
  if (lost) throw lost.reason;
  // What has arrived is due for the next share.
  return isMore || taken.some(({ status }) => status === 'remote');
}

async function workOn(run: Run, ports: FileWorkPorts, session: Session, file: TakenFile): Promise<void> {
  try {
    if (file.status === 'deleting') await letGo(run, ports, session, file);
    else if (file.status === 'remote') await fetchRemote(run, ports, session, file);
    else await develop(run, ports, session, file);
  } catch (error) {
    const isFinal = FINAL.some((kind) => error instanceof kind);
    const isKnown = isFinal || PASSING.some((kind) => error instanceof kind);
    // What went wrong on our side is for our log; the company learns that it did.
    const reason = isKnown && error instanceof Error ? error.message : 'Something went wrong on our side.';
    const isGivenUp = await run(session, (ctx) => recordFailedAttempt(ctx, file, reason, isFinal));
    if (isGivenUp) await ports.store.delete([originalKey(file)]).catch(() => undefined); // else the orphan sweep finds it
    if (!isKnown) throw error;
  }
}

async function fetchRemote(run: Run, ports: FileWorkPorts, session: Session, file: TakenFile): Promise<void> {
  await run(lookingOnly(session), refuseIfFull);
  const { imageBytesMax } = fileSettings();
  const limits = { bytesMax: imageBytesMax, timeoutMs: FETCH_TIMEOUT_MS };
  const { content } = await ports.remote.fetch(file.sourceUrl ?? '', limits);
  // What it is was not looked at yet.
  const how = { contentType: 'application/octet-stream', sizeMax: imageBytesMax };
  const stored = await ports.store.put(originalKey(file), content, how);
  await run(session, (ctx) => recordArrival(ctx, file, stored));
}

async function develop(run: Run, ports: FileWorkPorts, session: Session, file: TakenFile): Promise<void> {
  let contentType = '';
  const open = async () => {
    const original = await whole(await ports.store.open(originalKey(file)));
    contentType = await checkedType(ports.typeOf, file, original);
    return original;
  };
  const kept: KeptRendition[] = [];
  const how = { pixelsMax: fileSettings().pixelsMax, widthsFor };
  const size = await ports.maker.develop(open, how, async ({ bytes, ...rendition }) => {
    const storageKey = renditionKey(file.storageKey, rendition.width, rendition.format);
    const type = { contentType: `image/${rendition.format}`, sizeMax: Number.MAX_SAFE_INTEGER };
    await ports.store.put(storageKey, once(bytes), type);
    kept.push({ ...rendition, storageKey, sizeBytes: bytes.byteLength });
  });
  await run(session, (ctx) => recordReady(ctx, file, { contentType, ...size }, kept));
}

/** What the original is. Bytes sent to its address again, after they were looked at, are not what was taken into the books. */
async function checkedType(typeOf: TypeOf, file: TakenFile, original: Uint8Array): Promise<string> {
  if (file.sha256 !== null && createHash('sha256').update(original).digest('hex') !== file.sha256) {
    throw new PictureUnreadable('Other bytes came after the upload was completed. Upload the picture again.');
  }
  const contentType = await typeOf(original.subarray(0, HEAD_BYTES));
  if (contentType !== undefined && IMAGE_TYPES.some((type) => type === contentType)) return contentType;
  const what = contentType ?? 'not a picture';
  throw new PictureUnreadable(`What is there is ${what}; expected a JPEG, PNG, WebP, AVIF or GIF.`);
}

async function letGo(run: Run, { store }: FileWorkPorts, session: Session, file: TakenFile): Promise<void> {
  const widths = file.widths ?? [];
  const renditions = widths.flatMap((width) => FORMATS.map((format) => renditionKey(file.storageKey, width, format)));
  await store.delete([originalKey(file), ...renditions]);
  await run(session, (ctx) => recordGone(ctx, file));
}

/** In memory, which a picture's largest size allows. */
async function whole(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

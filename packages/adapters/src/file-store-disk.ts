import { randomBytes } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { constants, type FileHandle, mkdir, open, readdir, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { FileStore, SignedRequest } from '@souk/domain/catalog/files/file-store';
import { FileGone } from '@souk/domain/catalog/files/files.errors';
import type { Allowance, SignedAddresses } from '@souk/domain/catalog/files/signed-addresses';
import { measured } from './measured.ts';
import { checkedKey, checkedPrefix, ObjectKeyRefused } from './object-key.ts';

/** No such file, a file where a folder should be, a link where a file should be. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);
const OPEN_ATTEMPTS_MAX = 5;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

export interface DiskFileStoreOptions {
  /** Made if it is not there. */
  folder: string;
  addresses: SignedAddresses;
  now?: () => number;
}

/**
 * The file store in a folder. An object is written beside its place, made durable, then moved there: readers see all of
 * it or nothing, also after a power cut. Several processes may share the folder.
 */
export function diskFileStore({ folder, addresses, now = Date.now }: DiskFileStoreOptions): FileStore {
  const disk = new Disk(path.resolve(folder));
  return {
    put: async (key, content, { sizeMax }) => disk.put(checkedKey(key), content, sizeMax),
    open: async (key, options) => disk.open(checkedKey(key), options?.start ?? 0),
    sizeOf: async (key) => disk.sizeOf(checkedKey(key)),
    delete: async (keys) => {
      for (const key of keys) await disk.delete(checkedKey(key));
    },
    list: (prefix) => disk.list(checkedPrefix(prefix)),
    signUpload: async (key, { contentType, sizeBytes, expiresInSeconds }) =>
      signed(addresses, {
        method: 'PUT',
        key: checkedKey(key),
        contentType,
        sizeBytes,
        expiresAt: end(expiresInSeconds),
      }),
    signDownload: async (key, { fileName, contentType, expiresInSeconds }) =>
      signed(addresses, {
        method: 'GET',
        key: checkedKey(key),
        contentType,
        fileName,
        expiresAt: end(expiresInSeconds),
      }),
  };

  function end(seconds: number): number {
    return Math.floor(now() / 1_000) + seconds;
  }
}

function signed(addresses: SignedAddresses, what: Allowance): SignedRequest {
  return {
    url: addresses.sign(what),
    method: what.method,
    headers: what.method === 'PUT' ? { 'content-type': what.contentType } : {},
    expiresAt: new Date(what.expiresAt * 1_000).toISOString(),
  };
}

class Disk {
  private root: Promise<string> | undefined;

  constructor(private readonly folder: string) {}

  async put(key: string, content: AsyncIterable<Uint8Array>, sizeMax: number) {
    const place = await this.placeOf(key);
    const { content: passing, result } = measured(content, sizeMax);
    const { file, part } = await this.openPart(place);
    try {
      try {
        for await (const piece of passing) await file.writeFile(piece);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(part, place);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    await syncFolder(path.dirname(place));
    return result();
  }

  /** A file beside the place. What a crash leaves of it is nobody's key, so the orphan sweep takes it. */
  private async openPart(place: string): Promise<{ file: FileHandle; part: string }> {
    const part = `${place}.part-${randomBytes(8).toString('hex')}`;
    for (let tried = 1; ; tried++) {
      try {
        const made = await this.makeFolder(path.dirname(place));
        if (made !== undefined) await syncAbove(path.dirname(place), made);
        return { file: await open(part, 'wx', FILE_MODE), part };
      } catch (error) {
        // Whoever deleted the folder's last object took the folder away just now.
        if (!isMissing(error) || tried >= OPEN_ATTEMPTS_MAX) throw error;
      }
    }
  }

  async open(key: string, start: number) {
    const place = await this.placeOf(key);
    // A link in the last place is not followed; those on the way were resolved.
    const file = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW).catch(goneIfMissing);
    return file.createReadStream({ start });
  }

  async sizeOf(key: string): Promise<number | undefined> {
    try {
      const found = await stat(await this.placeOf(key));
      return found.isFile() ? found.size : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    const place = await this.placeOf(key);
    await rm(place, { force: true });
    await removeEmpty(path.dirname(place), await this.rootFolder());
  }

  async *list(prefix: string): AsyncGenerator<{ key: string; modifiedAt: Date }> {
    const root = await this.rootFolder();
    yield* walk(root, prefix.slice(0, -1));
  }

  /** The path of a key, with every link on the way resolved. Throws `ObjectKeyRefused` if a link leads out of the folder. */
  private async placeOf(key: string): Promise<string> {
    const root = await this.rootFolder();
    const place = path.join(root, key);
    const parent = await nearest(path.dirname(place));
    if (parent !== root && !parent.startsWith(root + path.sep)) throw new ObjectKeyRefused(key);
    return place;
  }

  private rootFolder(): Promise<string> {
    this.root ??= this.makeFolder(this.folder).then(async (made) => {
      if (made !== undefined) await syncAbove(this.folder, made);
      return realpath(this.folder);
    });
    this.root.catch(() => {
      this.root = undefined; // a disk that is mounted later
    });
    return this.root;
  }

  /** Makes what is missing on the way to a folder; the first one it made, undefined if it was there. */
  private async makeFolder(folder: string): Promise<string | undefined> {
    try {
      return await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    } catch (error) {
      // A folder on the way was taken away meanwhile: `recursive` makes all that was missing when it began.
      if (isMissing(error)) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`Files cannot be kept in ${this.folder} (${why}). Make it writable, or set FILES_DIR.`, {
        cause: error,
      });
    }
  }
}

/** The real path of the nearest folder on the way that exists. */
async function nearest(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    if (!isMissing(error)) throw error;
    return path.join(await nearest(path.dirname(folder)), path.basename(folder));
  }
}

async function* walk(root: string, folder: string): AsyncGenerator<{ key: string; modifiedAt: Date }> {
  let entries: Dirent[];
  try {
    entries = await readdir(path.join(root, folder), { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  for (const entry of entries) {
    const key = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(root, key);
    else if (entry.isFile()) {
      const found = await stat(path.join(root, key)).catch(() => undefined); // deleted meanwhile
      if (found) yield { key, modifiedAt: found.mtime };
    }
  }
}

/** Folders without anything in them go, up to the root. */
async function removeEmpty(folder: string, root: string): Promise<void> {
  if (folder === root || !folder.startsWith(root + path.sep)) return;
  try {
    await rmdir(folder);
  } catch {
    return; // something is in it, or came just now
  }
  await removeEmpty(path.dirname(folder), root);
}

/** Makes new folders durable: each is an entry of the one above it, from `folder` up to the first that was made. */
async function syncAbove(folder: string, firstMade: string): Promise<void> {
  for (let one = folder; one.startsWith(firstMade); one = path.dirname(one)) await syncFolder(path.dirname(one));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const isMissing = (error: unknown) => error instanceof Error && 'code' in error && ABSENT.has(String(error.code));

function goneIfMissing(error: unknown): never {
  if (isMissing(error)) throw new FileGone();
  throw error;
}

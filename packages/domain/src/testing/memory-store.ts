import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FileStore } from '../catalog/files/file-store.ts';
import { FileGone, FileTooLarge } from '../catalog/files/files.errors.ts';

/** A file store that lies in memory: for tests of what is done with files. The real ones are tested in the adapters. */
export function memoryStore(): FileStore & { objects: Map<string, Buffer> } {
  const objects = new Map<string, Buffer>();
  const signed = (key: string, method: 'PUT' | 'GET') => ({
    url: `memory:${key}`,
    method,
    headers: {},
    expiresAt: '2026-11-21T10:00:00.000Z',
  });
  return {
    objects,
    async put(key, content, { sizeMax }) {
      const pieces: Uint8Array[] = [];
      for await (const bytes of content) pieces.push(bytes);
      const all = Buffer.concat(pieces);
      if (all.byteLength > sizeMax) throw new FileTooLarge(sizeMax);
      objects.set(key, all);
      return { sizeBytes: all.byteLength, sha256: createHash('sha256').update(all).digest('hex') };
    },
    async open(key, { start = 0 } = {}) {
      const all = objects.get(key);
      if (!all) throw new FileGone();
      return Readable.from(inPieces(all.subarray(start)));
    },
    sizeOf: async (key) => objects.get(key)?.byteLength,
    async delete(keys) {
      for (const key of keys) objects.delete(key);
    },
    async *list(prefix) {
      for (const key of objects.keys()) if (key.startsWith(prefix)) yield { key, modifiedAt: new Date(0) };
    },
    signUpload: async (key) => signed(key, 'PUT'),
    signDownload: async (key) => signed(key, 'GET'),
  };
}

const PIECE_BYTES = 64 * 1024;

/** As a disk or a network gives them. */
function* inPieces(all: Buffer): Generator<Buffer> {
  for (let at = 0; at < all.byteLength; at += PIECE_BYTES) yield all.subarray(at, at + PIECE_BYTES);
}

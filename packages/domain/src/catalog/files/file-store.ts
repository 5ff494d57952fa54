import type { Readable } from 'node:stream';

/** What was stored, as it was measured on the way. */
export interface StoredBytes {
  sizeBytes: number;
  /** Hex. */
  sha256: string;
}

/** A signed, expiring way to send or fetch one object without passing through us. */
export interface SignedRequest {
  url: string;
  method: 'PUT' | 'GET';
  /** Must be sent exactly so: they are part of the signature. */
  headers: Record<string, string>;
  /** RFC 3339. */
  expiresAt: string;
}

/**
 * Where bytes lie. Keys are made by us, below the company's prefix (`<company suffix>/<purpose>/<random>`), of
 * `[a-z0-9/._-]`; whatever else comes is refused. Two implementations: the file system and S3 (`packages/adapters`).
 */
export interface FileStore {
  /** Stores what comes, whole or not at all. Throws `FileTooLarge` past `sizeMax` bytes. */
  put(
    key: string,
    content: AsyncIterable<Uint8Array>,
    options: { contentType: string; sizeMax: number },
  ): Promise<StoredBytes>;
  /** Opens an object, from byte `start` on. Throws `FileGone` if there is none. */
  open(key: string, options?: { start?: number }): Promise<Readable>;
  /** Size of an object, `undefined` if there is none. */
  sizeOf(key: string): Promise<number | undefined>;
  /** Deletes; one that is not there is fine. */
  delete(keys: readonly string[]): Promise<void>;
  /** Keys below a prefix with the time they were written, for the orphan sweep. */
  list(prefix: string): AsyncIterable<{ key: string; modifiedAt: Date }>;
  /** A way to upload exactly one object of this type and size, for a while. */
  signUpload(
    key: string,
    what: { contentType: string; sizeBytes: number; expiresInSeconds: number },
  ): Promise<SignedRequest>;
  /** A way to fetch one private object under a friendly name, for a while. */
  signDownload(
    key: string,
    what: { fileName: string; contentType: string; expiresInSeconds: number },
  ): Promise<SignedRequest>;
}

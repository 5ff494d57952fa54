import { createHash } from 'node:crypto';
import type { StoredBytes } from '@souk/domain/catalog/files/file-store';
import { FileTooLarge } from '@souk/domain/catalog/files/files.errors';

/** Passes bytes on, counts and hashes them; throws `FileTooLarge` as soon as there is one too many. */
export function measured(content: AsyncIterable<Uint8Array>, sizeMax: number) {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  async function* passing(): AsyncGenerator<Uint8Array> {
    for await (const piece of content) {
      sizeBytes += piece.byteLength;
      if (sizeBytes > sizeMax) throw new FileTooLarge(sizeMax);
      hash.update(piece);
      yield piece;
    }
  }
  return { content: passing(), result: (): StoredBytes => ({ sizeBytes, sha256: hash.digest('hex') }) };
}

import type { FileStore } from '@souk/domain/catalog/files/file-store';
import { FileGone } from '@souk/domain/catalog/files/files.errors';
import { isRendition } from '@souk/domain/catalog/files/storage-keys';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { NoSuchRoute } from './http/unrouted.ts';

/** A rendition never changes: another picture has another address. */
const FOR_EVER = 'public, max-age=31536000, immutable';
const PREFIX = '/files/';
const TYPES: Record<string, string> = { webp: 'image/webp', avif: 'image/avif' };

/**
 * Adds `/files/<key>`: the renditions of pictures, for everybody, without a key and without the database. Only keys that
 * are a rendition's are looked for, so nothing else of the store can be reached; and they are random, so who has one was
 * shown the picture. Visitors of one mobile network share an address: pictures do not count for its limit.
 */
export function publicPictures(fastify: FastifyInstance, store: FileStore): void {
  fastify.get(`${PREFIX}*`, (request, reply) => answer(store, request, reply));
}

async function answer(store: FileStore, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  // The path as it was sent: what has to be decoded is no key.
  const key = request.url.slice(PREFIX.length);
  if (!isRendition(key)) throw new NoSuchRoute();
  const etag = `"${key.slice(key.indexOf('/image/') + 7)}"`;
  const cached = { etag, 'cache-control': FOR_EVER };
  if (request.headers['if-none-match']?.includes(etag)) {
    // It was had from here before, and it never changes.
    return open(reply, cached).code(304).send();
  }
  const size = await store.sizeOf(key);
  if (size === undefined) throw new NoSuchRoute();
  const headers = {
    ...cached,
    'content-type': TYPES[key.slice(-4)] ?? 'application/octet-stream',
    'content-length': size,
  };
  const content = await store.open(key).catch((error: unknown) => {
    throw error instanceof FileGone ? new NoSuchRoute() : error;
  });
  return open(reply, headers).send(content);
}

/** The same for every company and every site: pages of any origin show it, caches between us keep it. */
const open = (reply: FastifyReply, headers: Record<string, string | number>): FastifyReply =>
  reply.removeHeader('vary').header('cross-origin-resource-policy', 'cross-origin').headers(headers);

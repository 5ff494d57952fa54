import { createHash } from 'node:crypto';
import { applyDecorators, type Type } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Shared caches must not keep it (the URL is the same for every company), browsers ask each time whether it changed. */
const CACHE_CONTROL = 'private, no-cache';
const ETAG_LENGTH = 27; // 160 bits in base64url

/**
 * Describes a read that answers with an `ETag`: 200 with the body, or 304 without. The handler takes `@Res()` and calls
 * `sendCacheable`, so it shapes its answer itself.
 */
export const CacheableResponse = (type: Type): MethodDecorator =>
  applyDecorators(
    ApiHeader({ name: 'If-None-Match', required: false, description: 'The ETag of the answer you have. 304 if it is still good.' }),
    ApiResponse({ status: 200, type, headers: { ETag: { schema: { type: 'string' } } } }),
    ApiResponse({ status: 304, description: 'What you have is still good.' }),
  );

/** Sends JSON with its `ETag`, or 304 if the caller has it already. */
export function sendCacheable(request: FastifyRequest, reply: FastifyReply, body: object): void {
  const text = JSON.stringify(body);
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, ETAG_LENGTH)}"`;
  reply.header('etag', etag).header('cache-control', CACHE_CONTROL);
  if (matches(request.headers['if-none-match'], etag)) void reply.code(304).send();
  else void reply.code(200).type('application/json; charset=utf-8').send(text);
}

/** RFC 9110, 13.1.2: a list or `*`, compared weakly. */
const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined && header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);

import { createHash } from 'node:crypto';
import { SetMetadata } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { DtoClass } from './contract-class.ts';

/** Shared caches must not keep it (the URL is the same for every company); browsers ask each time whether it changed. */
const CACHE_CONTROL = 'private, no-cache';
const ETAG_LENGTH = 27; // 160 bits in base64url
const CACHEABLE = 'souk:cacheable';

/**
 * A read with an `ETag`: 200 with the body, or 304 without. The handler takes `@Headers('if-none-match')` and `@Res()`
 * and ends with `sendCacheable`, of what `readyAnswer` makes.
 */
export const CacheableResponse = (type: DtoClass): MethodDecorator => SetMetadata(CACHEABLE, type);

/** What `@CacheableResponse` said of a handler; undefined if it has none. */
export const cacheableOf = (handler: object): DtoClass | undefined => Reflect.getMetadata(CACHEABLE, handler);

/** An answer as it is sent. */
export interface ReadyAnswer {
  readonly body: Buffer;
  readonly etag: string;
}

/** What the contract names of `answer`, as JSON with its `ETag`. */
export function readyAnswer<Schema extends z.ZodType>(contract: Schema, answer: z.input<Schema>): ReadyAnswer {
  const body = Buffer.from(JSON.stringify(contract.parse(answer)));
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, ETAG_LENGTH)}"` };
}

/** Sends an answer with its `ETag`, or 304 if the caller has it already. */
export function sendCacheable(reply: FastifyReply, { body, etag }: ReadyAnswer, ifNoneMatch: string | undefined): void {
  reply.headers({ etag, 'cache-control': CACHE_CONTROL });
  if (matches(ifNoneMatch, etag)) void reply.code(304).send();
  else void reply.code(200).type('application/json; charset=utf-8').send(body);
}

/** RFC 9110, 13.1.2: a list or `*`, compared weakly. */
const matches = (header: string | undefined, etag: string): boolean =>
  (header ?? '').split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);

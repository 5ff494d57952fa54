import { createHash } from 'node:crypto';
import { SetMetadata } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { DtoClass } from './contract-class.ts';

/** Shared caches must not keep it (the URL is the same for every company); browsers ask each time whether it changed. */
const CACHE_CONTROL = 'private, no-cache';
/** Of what a customer was answered nothing is kept, whatever it was. */
const NO_STORE = 'no-store';
const ETAG_LENGTH = 27; // 160 bits in base64url
const CACHEABLE = 'souk:cacheable';

/** What `@CacheableResponse` says of a handler. */
export interface DeclaredCacheable {
  readonly type: DtoClass;
  /** Whether it may send the caller to another path (301). */
  readonly moves: boolean;
}

/**
 * A read with an `ETag`: 200 with the body, or 304 without. The handler takes `@Headers('if-none-match')` and `@Res()`
 * and ends with `sendCacheable`, of what `readyAnswer` makes.
 */
export const CacheableResponse = (type: DtoClass, { moves = false } = {}): MethodDecorator =>
  SetMetadata(CACHEABLE, { type, moves });

/** What `@CacheableResponse` said of a handler; undefined if it has none. */
export const cacheableOf = (handler: object): DeclaredCacheable | undefined => Reflect.getMetadata(CACHEABLE, handler);

/** An answer as it is sent. */
export interface ReadyAnswer {
  readonly body: Buffer;
  readonly etag: string;
  /** Where the thing is found now: the caller is sent there, for good. */
  readonly location?: string;
}

/** What the contract names of `answer`, as JSON with its `ETag`. */
export function readyAnswer<Schema extends z.ZodType>(contract: Schema, answer: z.input<Schema>): ReadyAnswer {
  return readyText(JSON.stringify(contract.parse(answer)));
}

/** JSON that is ready, with its `ETag`. For text PostgreSQL made: nothing is parsed. */
export function readyText(json: string): ReadyAnswer {
  const body = Buffer.from(json);
  return { body, etag: etagOf(body) };
}

/** Sends the caller to another path for good. */
export function movedTo(location: string): ReadyAnswer {
  return { body: Buffer.alloc(0), etag: etagOf(Buffer.from(location)), location };
}

const etagOf = (body: Buffer) => `"${createHash('sha256').update(body).digest('base64url').slice(0, ETAG_LENGTH)}"`;

/** Sends an answer with its `ETag`, or 304 if the caller has it already. */
export function sendCacheable(
  reply: FastifyReply,
  { body, etag, location }: ReadyAnswer,
  ifNoneMatch: string | undefined,
): void {
  const isCustomers = reply.request.souk?.actor.type === 'customer';
  reply.header('etag', etag).header('cache-control', isCustomers ? NO_STORE : CACHE_CONTROL);
  if (location !== undefined) void reply.code(301).header('location', location).send();
  else if (ifNoneMatch !== undefined && matches(ifNoneMatch, etag)) void reply.code(304).send();
  else void reply.code(200).type('application/json; charset=utf-8').send(body);
}

/** RFC 9110, 13.1.2: a list or `*`, compared weakly. */
const matches = (header: string, etag: string): boolean =>
  header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);

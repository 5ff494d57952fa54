import type { FastifyReply, FastifyRequest } from 'fastify';

const PREFLIGHT_KEPT_SECONDS = 7_200;
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const SENT =
  'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Api-Key, X-Cart-Token, X-Order-Token, X-Request-Id, traceparent';
const READABLE = 'ETag, Idempotency-Replayed, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id';

/** Lets a page of this origin read the answer. Never with credentials: there are no cookies here. */
export function letRead(reply: FastifyReply, origin: string): void {
  reply.header('access-control-allow-origin', origin);
  reply.header('access-control-expose-headers', READABLE);
}

/** A browser asks whether it may send a request. */
export const isPreflight = (request: FastifyRequest): boolean =>
  request.method === 'OPTIONS' &&
  request.headers.origin !== undefined &&
  request.headers['access-control-request-method'] !== undefined;

/**
 * Answers a preflight. It carries no key, so there is nothing to check: any origin may send, without credentials. The
 * request itself is checked against the key's list.
 */
export function answerPreflight(reply: FastifyReply): void {
  void reply
    .code(204)
    .headers({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': METHODS,
      'access-control-allow-headers': SENT,
      'access-control-max-age': String(PREFLIGHT_KEPT_SECONDS),
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    })
    .send();
}

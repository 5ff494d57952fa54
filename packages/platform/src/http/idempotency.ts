import { createHash } from 'node:crypto';
import type { IdempotencyClaim, Session } from '@souk/domain/kernel/ctx';
import { InvalidInput } from '@souk/domain/kernel/errors';
import type { AnsweredBefore } from '@souk/domain/kernel/idempotency';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { WITHOUT_IDEMPOTENCY } from './allow.ts';

const GUEST_KEY_LENGTH_MIN = 16;
/** 1 to 255 printable characters, no spaces around. */
const KEY_FORM = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/** The claim a request makes with its `Idempotency-Key`; undefined if it makes none. Throws `InvalidInput` on a bad key. */
export function claimOf(request: FastifyRequest, handler: object): IdempotencyClaim | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined || request.method !== 'POST') return undefined;
  if (Reflect.getMetadata(WITHOUT_IDEMPOTENCY, handler) === true) return undefined;
  return { key: keyOf(header), route: `POST ${request.routeOptions.url}`, digest: digestOf(request) };
}

/**
 * A guest who has no token yet shares the names of keys with all other guests of the shop: one that somebody else may
 * choose as well would hand them each other's carts. Throws `InvalidInput` for a key that is too short to be random.
 */
export function refuseCommonKey(request: FastifyRequest, { key }: IdempotencyClaim): void {
  if (key.length >= GUEST_KEY_LENGTH_MIN || TOKENS.some((name) => request.headers[name] !== undefined)) return;
  throw new InvalidInput({
    pointer: 'Idempotency-Key',
    code: 'invalid_idempotency_key',
    message: `Expected a random Idempotency-Key of at least ${GUEST_KEY_LENGTH_MIN} characters, like a UUID: guests share one API key.`,
  });
}

/**
 * The same session, its claim standing for a form: its fields and its file. The guard saw neither, for they had not been
 * read. The file counts by its hash.
 */
export function withUploadDigest(session: Session, request: FastifyRequest, fields: unknown, sha256: string): Session {
  if (!session.idempotency) return session;
  const digest = digestOf({
    method: request.method,
    url: request.url,
    headers: request.headers,
    body: { fields, sha256 },
  });
  return { ...session, idempotency: { ...session.idempotency, digest } };
}

/** Sends the first answer again, shaped like the first. */
export function sendAgain(reply: FastifyReply, { answer }: AnsweredBefore): void {
  // Nest has set the route's status before it called the handler.
  void reply.header('idempotency-replayed', 'true').send(answer ?? undefined);
}

function keyOf(header: string | string[]): string {
  if (typeof header === 'string' && KEY_FORM.test(header)) return header;
  throw new InvalidInput({
    pointer: 'Idempotency-Key',
    code: 'invalid_idempotency_key',
    message: 'Expected an Idempotency-Key of 1 to 255 printable ASCII characters.',
  });
}

/** What opens a guest's cart and order. All guests of a shop come with the same key: an answer is for whoever had the token. */
const TOKENS = ['x-cart-token', 'x-order-token'] as const;

/** The path is part of it: the same key and body sent to another resource is another request. */
const digestOf = (request: Pick<FastifyRequest, 'method' | 'url' | 'body' | 'headers'>): string =>
  createHash('sha256')
    .update(`${request.method}\n${request.url}\n${canonical(request.body)}`)
    .update(TOKENS.map((name) => `\n${request.headers[name] ?? ''}`).join(''))
    .digest('hex');

/** JSON with the members of objects in alphabetical order: what means the same has the same digest. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(',')}}`;
}

import { InvalidInput } from '@souk/domain/kernel/errors';
import type { FastifyInstance } from 'fastify';
import type { DeclaredRoute } from './declared-routes.ts';

export const BODY_BYTES_MAX = 1_048_576;
/** Of routes open to everybody: a login is a hundred bytes, and who sends more has not said who they are. */
const PUBLIC_BODY_BYTES_MAX = 16_384;
/** Both of them, for people. */
export const BODY_SIZES = '1 MiB, or 16 KiB where no credentials are needed';
const DEPTH_MAX = 20;
const ARRAY_MAX = 500;
const MEMBERS_MAX = 500;

/**
 * Reads bodies as JSON and as nothing else: other content types are 415, `__proto__` and `constructor.prototype` members
 * 400, and so is what is nested deeper, listed longer or has more members than any contract here. An empty body is no body.
 */
export function takeOnlyJson(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: BODY_BYTES_MAX },
    (request, body, done) => {
      if (body === '') return done(null, undefined);
      // The parser's type says it may give a promise; it calls back.
      void parse(request, body.toString(), (error, parsed) => {
        const fault = error ?? unwieldiness(parsed);
        if (fault) done(fault);
        else done(null, parsed);
      });
    },
  );
}

/** Bodies of public routes may be short only. Call it before the routes are made. */
export function keepPublicBodiesShort(fastify: FastifyInstance, routes: readonly DeclaredRoute[]): void {
  const open = new Set(
    routes.filter(({ access }) => access?.kind === 'public').map(({ method, path }) => `${method} ${path}`),
  );
  fastify.addHook('onRoute', (route) => {
    if ([route.method].flat().some((method) => open.has(`${method} ${route.url}`))) {
      route.bodyLimit = PUBLIC_BODY_BYTES_MAX;
    }
  });
}

/** What is wrong with JSON that is too deep, too long or too wide. Without recursion: depth is what is doubted. */
function unwieldiness(json: unknown): InvalidInput | undefined {
  const waiting: { value: unknown; depth: number }[] = [{ value: json, depth: 0 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, depth } = next;
    if (value === null || typeof value !== 'object') continue;
    if (depth >= DEPTH_MAX) return unwieldy('too_deep', `The body is nested deeper than ${DEPTH_MAX} levels.`);
    if (Array.isArray(value) && value.length > ARRAY_MAX) {
      return unwieldy('too_long', `A list in the body has more than ${ARRAY_MAX} entries. Send it in parts.`);
    }
    const inside = Object.values(value);
    if (!Array.isArray(value) && inside.length > MEMBERS_MAX) {
      return unwieldy('too_many_members', `An object in the body has more than ${MEMBERS_MAX} members.`);
    }
    for (const inner of inside) waiting.push({ value: inner, depth: depth + 1 });
  }
  return undefined;
}

const unwieldy = (code: string, message: string) => new InvalidInput({ pointer: '', code, message });

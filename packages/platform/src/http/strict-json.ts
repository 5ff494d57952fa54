import { InvalidInput } from '@souk/domain/kernel/errors';
import type { FastifyInstance } from 'fastify';

export const BODY_BYTES_MAX = 1_048_576;
const DEPTH_MAX = 20;
const ARRAY_MAX = 500;

/**
 * Reads bodies as JSON and as nothing else: other content types are 415, `__proto__` and `constructor.prototype` members
 * 400, and so is what is nested deeper or listed longer than any contract here. An empty body is no body.
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

/** What is wrong with JSON that is too deep or has too long a list. Without recursion: depth is what is doubted. */
function unwieldiness(json: unknown): InvalidInput | undefined {
  const waiting: { value: unknown; depth: number }[] = [{ value: json, depth: 0 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, depth } = next;
    if (value === null || typeof value !== 'object') continue;
    if (depth >= DEPTH_MAX) return unwieldy('too_deep', `The body is nested deeper than ${DEPTH_MAX} levels.`);
    if (Array.isArray(value) && value.length > ARRAY_MAX) {
      return unwieldy('too_long', `A list in the body has more than ${ARRAY_MAX} entries. Send it in parts.`);
    }
    for (const inner of Object.values(value)) waiting.push({ value: inner, depth: depth + 1 });
  }
  return undefined;
}

const unwieldy = (code: string, message: string) => new InvalidInput({ pointer: '', code, message });

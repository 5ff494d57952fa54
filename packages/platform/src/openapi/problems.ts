import type { DeclaredRoute } from '../http/declared-routes.ts';
import { BODY_SIZES } from '../http/strict-json.ts';
import type { RouteArgument } from './route-arguments.ts';
import type { JsonSchema } from './schemas.ts';

/** What each status means here; one shared answer of the document for each. */
export const PROBLEMS: Record<number, { name: string; description: string }> = {
  400: {
    name: 'Invalid',
    description: 'The request does not fit its contract. `errors` names each field and the way out.',
  },
  401: { name: 'Unauthenticated', description: 'Credentials are missing, or not good any more.' },
  403: {
    name: 'Forbidden',
    description: 'You are known and may not. `detail` names the permission or scope that is missing.',
  },
  404: { name: 'NotFound', description: 'There is no such thing here. Things of other companies get the same answer.' },
  409: { name: 'Conflict', description: 'In conflict with the present state.' },
  412: { name: 'Stale', description: 'It was changed since you read it. Read it again and repeat your change.' },
  413: { name: 'TooLarge', description: `The body is larger than ${BODY_SIZES}.` },
  414: { name: 'PathTooLong', description: 'A part of the path is longer than anything here.' },
  415: { name: 'NotJson', description: 'The body is not sent as application/json.' },
  422: {
    name: 'Unprocessable',
    description: 'Well formed, and against a rule; or an Idempotency-Key with another body.',
  },
  429: { name: 'TooMany', description: 'Too many requests. `Retry-After` says when to come back.' },
  503: { name: 'Unavailable', description: 'Not possible right now. `Retry-After` says when to come back.' },
};

export const PROBLEM_SCHEMA: JsonSchema = {
  type: 'object',
  description: 'Why something was not done (RFC 9457).',
  properties: {
    type: { type: 'string', examples: ['urn:souk:error:invalid_input'] },
    title: { type: 'string', examples: ['Bad Request'] },
    status: { type: 'integer', examples: [400] },
    code: { type: 'string', description: 'Stable: write code against it.', examples: ['invalid_input'] },
    detail: { type: 'string', description: 'For people. May change.' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          pointer: {
            type: 'string',
            description: 'JSON pointer into the body; `?name` of the query; `:name` of the path.',
          },
          code: { type: 'string' },
          message: { type: 'string' },
        },
        required: ['pointer', 'code', 'message'],
        additionalProperties: false,
      },
    },
    requestId: { type: 'string', description: 'Name it when you ask for help.' },
  },
  required: ['type', 'title', 'status', 'code', 'detail', 'requestId'],
  additionalProperties: false,
};

/** These always say when to come back; a 409 does only where waiting helps. */
const RETRY = new Set([429, 503]);

/** The shared answers of the document. */
export const problemResponses = (): Record<string, JsonSchema> =>
  Object.fromEntries(
    Object.entries(PROBLEMS).map(([status, { name, description }]) => [
      name,
      {
        description,
        headers: {
          'X-Request-Id': { $ref: '#/components/headers/RequestId' },
          RateLimit: { $ref: '#/components/headers/RateLimit' },
          'RateLimit-Policy': { $ref: '#/components/headers/RateLimitPolicy' },
          ...(RETRY.has(Number(status)) && { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }),
          ...(status === '409' && { 'Retry-After': { $ref: '#/components/headers/RetryAfterIfAny' } }),
        },
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );

/** The statuses a route may refuse with, from what it takes and who may call it. */
export function problemsOf(route: DeclaredRoute, given: readonly RouteArgument[]): number[] {
  const takes = (where: RouteArgument['where']) => given.some((argument) => argument.where === where);
  const isPublic = route.access?.kind === 'public';
  const isWrite = route.method !== 'GET' && route.method !== 'HEAD';
  const when: [boolean, number[]][] = [
    [true, [400]],
    [!isPublic, [401, 403]],
    [takes('path'), [404, 414]],
    [isWrite, [401, 403, 404, 409, 413, 415, 422]],
    [given.some(({ where, name }) => where === 'header' && name?.toLowerCase() === 'if-match'), [412]],
    [true, [429, 503, ...route.alsoRefuses]],
  ];
  const statuses = new Set(when.flatMap(([holds, some]) => (holds ? some : [])));
  return [...statuses].sort((a, b) => a - b);
}

import { BadRequestException, ForbiddenException, HttpException } from '@nestjs/common';
import { TooManyAttempts } from '@souk/domain/identity/sessions/attempts';
import {
  CommitUnknown,
  DatabaseUnavailable,
  InvalidInput,
  NotFound,
  PermissionMissing,
  UnitOfWorkTimeout,
  VersionStale,
} from '@souk/domain/kernel/errors';
import { IdempotencyKeyBusy, IdempotencyKeyReused } from '@souk/domain/kernel/idempotency';
import { Conflict } from '@souk/domain/kernel/postgres-error';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { AttemptsUnavailable } from '../attempts.ts';
import { RateLimited } from '../limits.ts';
import { problemBody, refusalOf } from './problem.ts';
import { CompanySuspended, ScopeMissing, ShopClosed, Unauthenticated } from './refused.ts';
import { faultsOf, RequestInvalid } from './request-invalid.ts';

const fault = { pointer: '/name', code: 'required', message: 'This field is required: text.' };
const spent = { kind: 'key', left: 0, seconds: 42, policy: '"key";q=3;w=60' } as const;
const fastifyError = (code: string, statusCode: number) => Object.assign(new Error('of Fastify'), { code, statusCode });

test.each<[string, unknown, number, string, number?]>([
  ['a missing thing', new NotFound('role'), 404, 'not_found'],
  ['a wrong field', new InvalidInput(fault), 400, 'invalid_input'],
  ['a body that does not fit', new RequestInvalid([fault]), 400, 'invalid_input'],
  ['a missing permission', new PermissionMissing('roles.write'), 403, 'permission_missing'],
  ['a missing scope', new ScopeMissing('store.read'), 403, 'scope_missing'],
  ['no credentials', new Unauthenticated('credentials_missing', 'Log in.'), 401, 'credentials_missing'],
  ['a stale version', new VersionStale('role', 4), 412, 'version_stale'],
  ['a conflict in the database', new Conflict('roles_name'), 409, 'conflict'],
  ['a key used twice', new IdempotencyKeyReused(), 422, 'idempotency_key_reused'],
  ['a key still running', new IdempotencyKeyBusy(), 409, 'idempotency_key_busy', 1],
  ['no database', new DatabaseUnavailable('refused'), 503, 'database_unavailable', 1],
  ['a slow unit of work', new UnitOfWorkTimeout(10_000), 503, 'timeout', 1],
  ['an unknown commit', new CommitUnknown(), 503, 'outcome_unknown', 1],
  ['a suspended company', new CompanySuspended(), 403, 'company_suspended'],
  ['a closed shop', new ShopClosed(), 503, 'shop_closed', 3600],
  ['too many requests', new RateLimited(spent), 429, 'rate_limited', 42],
  ['too many attempts', new TooManyAttempts(61.2), 429, 'too_many_attempts', 62],
  ['no counter of attempts', new AttemptsUnavailable('away'), 503, 'attempts_unavailable', 5],
  ['another media type', fastifyError('FST_ERR_CTP_INVALID_MEDIA_TYPE', 415), 415, 'unsupported_media_type'],
  ['a large body', fastifyError('FST_ERR_CTP_BODY_TOO_LARGE', 413), 413, 'body_too_large'],
  ['half a body', fastifyError('FST_ERR_CTP_INVALID_JSON_BODY', 400), 400, 'invalid_json'],
  ['a wrong length', fastifyError('FST_ERR_CTP_INVALID_CONTENT_LENGTH', 400), 400, 'invalid_content_length'],
  ['something new of Fastify', fastifyError('FST_ERR_OF_TOMORROW', 418), 418, 'i_m_a_teapot'],
  ['a Nest exception', new BadRequestException('private words'), 400, 'bad_request'],
  ['a guard that says false', new ForbiddenException(), 403, 'forbidden'],
  ['a Nest exception of the 500s', new HttpException('private words', 502), 500, 'internal'],
  ['an error nobody knows', new TypeError('x is not a function'), 500, 'internal'],
  ['a Fastify error of the 500s', fastifyError('FST_ERR_SEND', 500), 500, 'internal'],
  ['a text that was thrown', 'private words', 500, 'internal'],
  ['nothing that was thrown', undefined, 500, 'internal'],
])('%s has its own status and code', (_what, error, status, code, retryAfterSeconds) => {
  const refusal = refusalOf(error);
  expect(refusal).toMatchObject({ status, code });
  expect(refusal.retryAfterSeconds).toBe(retryAfterSeconds);
  expect(refusal.isOurFault === true).toBe(status === 500);
  expect(JSON.stringify(problemBody(refusal, 'r'))).not.toMatch(/private words|not a function|of Fastify/);
});

test('a problem names its faults, and its private detail stays inside', () => {
  const body = problemBody(refusalOf(new InvalidInput(fault)), 'request-1');
  expect(body).toEqual({
    type: 'urn:souk:error:invalid_input',
    title: 'Bad Request',
    status: 400,
    code: 'invalid_input',
    detail: 'name: This field is required: text.',
    errors: [fault],
    requestId: 'request-1',
  });
  expect(JSON.stringify(problemBody(refusalOf(new DatabaseUnavailable('10.0.0.7 refused')), 'r'))).not.toContain(
    '10.0.0.7',
  );
});

test('the detail names the field: the only one, or the first of several', () => {
  const at = (pointer: string) => ({ ...fault, pointer });
  const detail = (...faults: (typeof fault)[]) => refusalOf(new RequestInvalid(faults)).detail;
  expect(detail(at('/owner/email'))).toBe('owner/email: This field is required: text.');
  expect(detail(at('?limit'))).toBe('limit: This field is required: text.');
  expect(detail(at(''))).toBe('This field is required: text.');
  expect(detail(at('/company'), at('/email'))).toBe(
    'company: This field is required: text. There is 1 more: see errors.',
  );
});

test('whoever sent too much is told the limit and when it begins anew', () => {
  expect(refusalOf(new RateLimited(spent)).headers).toEqual({
    ratelimit: '"key";r=0;t=42',
    'ratelimit-policy': '"key";q=3;w=60',
  });
});

test('a thousand faults are not all repeated', () => {
  const refusal = refusalOf(new RequestInvalid(Array(1_000).fill(fault)));
  expect(refusal.errors).toHaveLength(50);
});

test('of a thousand faults of a body only fifty are collected', () => {
  const strange = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`member${at}`, 1]));
  const unknown = z.strictObject({}).safeParse(strange);
  const wrong = z.array(z.string()).safeParse(Array(1_000).fill(1));
  const lists = z.array(z.strictObject({})).safeParse(Array(3).fill(strange));
  for (const { error } of [unknown, wrong, lists])
    expect(faultsOf(error ?? new z.ZodError([]), 'body')).toHaveLength(50);
});

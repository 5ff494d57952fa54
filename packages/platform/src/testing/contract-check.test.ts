import { expect, test } from 'vitest';
import { ContractCheck, type WireAnswer } from './contract-check.ts';

const text = { type: 'string' };
const check = new ContractCheck({
  openapi: '3.1.1',
  paths: {
    '/v1/things/{id}': {
      get: {
        responses: {
          200: {
            headers: {
              'X-Request-Id': { $ref: '#/components/headers/RequestId' },
              ETag: { required: true, schema: text },
              'Retry-After': { schema: { type: 'string', pattern: '^[0-9]+$' } },
            },
            content: {
              'application/json': { schema: { type: 'object', required: ['name'], properties: { name: text } } },
            },
          },
        },
      },
    },
  },
  components: { headers: { RequestId: { required: true, schema: text } } },
});

const good: WireAnswer = {
  method: 'GET',
  path: '/v1/things/1',
  status: 200,
  contentType: 'application/json; charset=utf-8',
  headers: { 'x-request-id': 'r', etag: '"1"', date: 'today' },
  body: '{"name":"x"}',
};

test('an answer as described passes', () => {
  expect(() => check.check(good)).not.toThrow();
  expect(() => check.check({ ...good, headers: { ...good.headers, 'retry-after': '3' } })).not.toThrow();
});

test.each<[string, Partial<WireAnswer>, string]>([
  ['another status', { status: 201 }, 'it describes 200'],
  ['another body', { body: '{}' }, 'must have required property'],
  ['another type', { contentType: 'text/html' }, 'and this is text/html'],
  ['a header that is missing', { headers: { 'x-request-id': 'r' } }, 'the header etag is missing'],
  ['a header behind a reference that is missing', { headers: { etag: '"1"' } }, 'the header x-request-id is missing'],
  ['a header of another form', { headers: { ...good.headers, 'retry-after': 'soon' } }, 'retry-after: soon'],
  ['a header nobody described', { headers: { ...good.headers, ratelimit: 'x' } }, 'it describes no header ratelimit'],
])('%s breaks the contract', (_what, other, words) => {
  expect(() => check.check({ ...good, ...other })).toThrow(words);
});

import fc from 'fast-check';
import { type IdChoice, sampleOf } from './json-sample.ts';
import { idPrefixOf, type Operation } from './operations.ts';

type Json = Record<string, unknown>;

/** Texts that have broken somebody's server before. Being text, they get further than values of a wrong type. */
const HOSTILE_TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udfff\ud800',
  '\u202e\ufeff\u200b',
  '\u0007\u001b[2J',
  "'; drop table companies; --",
  '../../../../etc/passwd',
  '<script>alert(1)</script>',
  'İıſK',
  '😀'.repeat(60),
];

/** Other values that have. */
const HOSTILE: unknown[] = [
  null,
  "' or 1=1 --",
  '${7*7}{{7*7}}<%= 7*7 %>',
  '%s%n%x',
  'x'.repeat(70_000),
  '😀'.repeat(300),
  'true',
  'NaN',
  '1e999',
  0,
  -0,
  -1,
  0.1,
  1e308,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 2,
  -Number.MAX_SAFE_INTEGER,
  2_147_483_648,
  true,
  [],
  {},
  [[[[[[[[]]]]]]]],
  Array(501).fill(1),
  { toString: 1, valueOf: 2, constructor: 3 },
  { length: 1e9 },
  'com_01h455vb4pex5vsknk084sn02q',
  'role_81h455vb4pex5vsknk084sn02q',
  '9999-99-99T99:99:99Z',
  '+275760-09-13T00:00:00.001Z',
  '0001-01-01T00:00:00Z',
];

const hostile = fc.constantFrom(...HOSTILE, ...HOSTILE_TEXTS);
const asText = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value));
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** JSON that fits a schema more often than not, with something hostile here and there. */
function mostly(schema: Json, idOf: IdChoice): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 25, arbitrary: fitting(schema, idOf) },
    { weight: 2, arbitrary: hostile },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  );
}

function fitting(schema: Json, idOf: IdChoice): fc.Arbitrary<unknown> {
  if ('const' in schema || idPrefixOf(schema) !== undefined) return fc.constant(sampleOf(schema, idOf));
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...schema['enum']);
  const variants = [schema['anyOf'], schema['oneOf']].flatMap((list) => (Array.isArray(list) ? (list as Json[]) : []));
  if (variants.length > 0) return fc.oneof(...variants.map((variant) => mostly(variant, idOf)));
  switch (Array.isArray(schema['type']) ? schema['type'][0] : schema['type']) {
    case 'object':
      return anObject(schema, idOf);
    case 'array':
      return fc.array(mostly((schema['items'] ?? {}) as Json, idOf), { maxLength: 5 });
    case 'integer':
      return fc.integer({ min: clamp(schema['minimum'], -1_000), max: clamp(schema['maximum'], 100_000) });
    case 'number':
      return fc.double({ noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.oneof(
        { weight: 8, arbitrary: fc.constant(sampleOf(schema)) },
        { weight: 2, arbitrary: fc.constantFrom(...HOSTILE_TEXTS) },
        { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 80 }) },
      );
  }
}

function anObject(schema: Json, idOf: IdChoice): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema['properties'] as Record<string, Json> | undefined) ?? {});
  const required = (schema['required'] as string[] | undefined) ?? [];
  const whole = fc.record(Object.fromEntries(properties.map(([name, inner]) => [name, mostly(inner, idOf)])), {
    requiredKeys: required,
  });
  const withMore = fc.tuple(
    whole,
    fc.dictionary(
      fc.constantFrom('surprise', '__proto__', 'constructor', 'id', 'companyId'),
      fc.anything({ maxDepth: 1 }),
      { maxKeys: 1 },
    ),
  );
  return fc.oneof(
    { weight: 6, arbitrary: whole },
    { weight: 1, arbitrary: withMore.map(([one, other]) => ({ ...one, ...other })) },
  );
}

const clamp = (bound: unknown, otherwise: number) =>
  typeof bound === 'number' && Math.abs(bound) < 2 ** 31 ? bound : otherwise;

/** A request to an operation: mostly right, sometimes not even close. */
export interface HostileRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | undefined;
}

/** Requests to an operation of a document. Ids in paths are found by `idOf` half of the time. */
export function requestsTo(operation: Operation, idOf: IdChoice): fc.Arbitrary<HostileRequest> {
  const part = (schema: Json) => {
    const known = idOf(idPrefixOf(schema) ?? '');
    const odd = fc.oneof(hostile.map(asText), fc.string({ unit: 'binary', maxLength: 60 }));
    return fc.oneof(
      { weight: 5, arbitrary: fc.constant(known ?? String(sampleOf(schema))) },
      { weight: 1, arbitrary: odd },
    );
  };
  const path = fc.tuple(...operation.pathParameters.map(({ schema }) => part(schema))).map((parts) => {
    const left = [...parts];
    return operation.path.replaceAll(/\{[^}]+\}/g, () =>
      encodeURIComponent(wellFormed(left.shift() ?? '')).slice(0, 2_000),
    );
  });
  return fc
    .record({
      method: fc.oneof(
        { weight: 12, arbitrary: fc.constant(operation.method) },
        { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
      ),
      path,
      query: queryOf(operation, idOf),
      headers: headerJunk(),
      body: bodyOf(operation, idOf),
    })
    .map(({ query, path: at, ...rest }) => ({ ...rest, path: query ? `${at}?${query}` : at }));
}

/** Lone surrogates cannot be percent-encoded; as bytes they become U+FFFD. */
const wellFormed = (text: string) => Buffer.from(text).toString();

function queryOf({ queryParameters }: Operation, idOf: IdChoice): fc.Arbitrary<string> {
  const fields = Object.fromEntries(queryParameters.map(({ name, schema }) => [name, mostly(schema, idOf)]));
  const some = fc.record(fields, { requiredKeys: [] }).map((values) =>
    Object.entries(values)
      .map(([name, value]) => `${name}=${encodeURIComponent(wellFormed(asText(value))).slice(0, 4_000)}`)
      .join('&'),
  );
  const junk = fc.constantFrom(
    'surprise=1',
    'limit=1&limit=2',
    'limit[]=1',
    '__proto__[x]=1',
    'after=%00',
    'after=AAAA',
    '%',
    '&&&=',
    'limit=1e1',
    'limit=-0',
  );
  return fc.oneof({ weight: 4, arbitrary: some }, { weight: 1, arbitrary: junk });
}

function headerJunk(): fc.Arbitrary<Record<string, string>> {
  const junk: Record<string, string>[] = [
    { 'x-request-id': '<script>' },
    { 'x-request-id': 'x'.repeat(300) },
    { traceparent: '00-zz-zz-01' },
    { 'if-match': '"99999999999999999999"' },
    { 'if-match': 'W/"abc"' },
    { 'if-none-match': '*' },
    { 'idempotency-key': 'one-key-for-all' },
    { 'idempotency-key': 'x'.repeat(256) },
    { origin: 'null' },
    { origin: 'https://evil.example' },
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/json; charset=utf-16' },
    { 'content-type': 'application/json;' },
    { 'content-encoding': 'gzip' },
    { accept: 'text/html' },
    { 'accept-language': 'xx;q=9' },
    { 'x-forwarded-for': "1.2.3.4, '; drop table" },
    { 'x-http-method-override': 'DELETE' },
    { host: 'evil.example' },
    { 'user-agent': 'x'.repeat(5_000) },
    { expect: '100-continue' },
  ];
  return fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.constantFrom(...junk) });
}

function bodyOf({ body }: Operation, idOf: IdChoice): fc.Arbitrary<string | undefined> {
  const broken = fc.constantFrom(
    '',
    '{',
    '[]',
    'null',
    '"x"',
    '{"a":1,}',
    '\u0000',
    `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    '{"__proto__":{"x":1}}',
    '{"a":1}{"b":2}',
  );
  if (!body) return fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: broken });
  return fc.oneof(
    { weight: 10, arbitrary: mostly(body, idOf).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: broken },
  );
}

const WITH_NUL = 'a\u0000b';

/** The smallest request of an operation once for each text in it, with a character there that PostgreSQL cannot store. */
export function requestsWithNul(operation: Operation, idOf: IdChoice): HostileRequest[] {
  const { method, pathParameters, queryParameters, body } = operation;
  const pathWith = (spoilt?: string) =>
    pathParameters.reduce((path, { name, schema }) => {
      const value = name === spoilt ? WITH_NUL : String(sampleOf(schema, idOf));
      return path.replace(`{${name}}`, encodeURIComponent(value));
    }, operation.path);
  const needed = queryParameters.filter(({ required }) => required);
  const queryWith = (spoilt?: string) => {
    const query = new URLSearchParams(
      Object.fromEntries(needed.map(({ name, schema }) => [name, String(sampleOf(schema, idOf))])),
    );
    if (spoilt !== undefined) query.set(spoilt, WITH_NUL);
    return query.size === 0 ? '' : `?${query}`;
  };
  const sent = (path: string, query: string, content?: unknown): HostileRequest => ({
    method,
    path: path + query,
    headers: content === undefined ? ({} as Record<string, string>) : { 'content-type': 'application/json' },
    body: content === undefined ? undefined : JSON.stringify(content),
  });
  const content = body && sampleOf(body, idOf);
  return [
    ...pathParameters.map(({ name }) => sent(pathWith(name), queryWith(), content)),
    ...queryParameters.map(({ name }) => sent(pathWith(), queryWith(name), content)),
    ...(body ? spoiltOf(body, idOf).map((spoilt) => sent(pathWith(), queryWith(), spoilt)) : []),
  ];
}

/** What a schema accepts but for one text, once for each. */
function spoiltOf(schema: Json, idOf: IdChoice): unknown[] {
  const variants = [schema['anyOf'], schema['oneOf']].flatMap((list) => (Array.isArray(list) ? (list as Json[]) : []));
  if (variants.length > 0) return variants.flatMap((variant) => spoiltOf(variant, idOf));
  switch (Array.isArray(schema['type']) ? schema['type'][0] : schema['type']) {
    case 'object':
      return spoiltObjects(schema, idOf);
    case 'array':
      return spoiltOf((schema['items'] ?? {}) as Json, idOf).map((one) => [one]);
    case 'string':
      return [WITH_NUL];
    default:
      return [];
  }
}

function spoiltObjects(schema: Json, idOf: IdChoice): object[] {
  const whole = sampleOf(schema, idOf) as object; // of an object's schema
  const properties = Object.entries((schema['properties'] as Record<string, Json> | undefined) ?? {});
  const known = properties.flatMap(([name, inner]) => spoiltOf(inner, idOf).map((one) => ({ ...whole, [name]: one })));
  const more = schema['additionalProperties'];
  if (typeof more !== 'object' || more === null) return known;
  const others = spoiltOf(more as Json, idOf).map((one) => ({ ...whole, sample: one }));
  return [...known, { ...whole, [WITH_NUL]: sampleOf(more as Json, idOf) }, ...others];
}

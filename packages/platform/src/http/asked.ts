import { SetMetadata } from '@nestjs/common';
import { faultWords } from '@souk/domain/kernel/fault-words';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { faultsOf, RequestInvalid, unknownField } from './request-invalid.ts';
import { hasQuery, refuseUnknownQuery } from './unknown-query.ts';

const TAKES = 'souk:takes';
const NO_PARAMETERS: ReadonlySet<string> = new Set();
/** Queries remembered for each route, as text and as what they mean: shoppers ask the same few again and again. */
const REMEMBERED_MAX = 2_000;
/** Longer ones are checked each time. */
const REMEMBERED_LENGTH_MAX = 500;
/** `option[Colour]` */
const DEEP = /^([^[\]]+)\[([^\]]*)\]$/;
const PROTOTYPE = '__proto__';

/** What a handler on the fast lane takes of a request: contracts of the query and of parts of the path. */
export interface Takes {
  readonly query?: z.ZodObject;
  readonly path?: Readonly<Record<string, z.ZodType<string>>>;
}

/** What was asked, checked. */
export interface Asked<Query = unknown> {
  readonly query: Query;
  readonly path: Readonly<Record<string, string>>;
  /** The query in one spelling, without currency and language: two requests with the same one ask for the same. */
  readonly canonical: string;
}

/** On a handler of the fast lane: `@Takes({ query: productListQuery, path: { handle } })`. */
export const Takes = (takes: Takes): MethodDecorator => SetMetadata(TAKES, takes);

/** What `@Takes` said of a handler; undefined if it has none. */
export const takesOf = (handler: object): Takes | undefined => Reflect.getMetadata(TAKES, handler);

type Meant = Pick<Asked, 'query' | 'canonical'>;
const NOTHING: Meant = { query: {}, canonical: '' };

/** Makes the function that checks what a handler takes. It throws `RequestInvalid` naming each parameter that does not fit. */
export function reader(handler: object): (request: FastifyRequest) => Asked {
  const { query, path } = takesOf(handler) ?? {};
  const meaning = query ? queryReader(query) : withoutQuery;
  return (request) => ({ ...meaning(request), path: path ? partsOf(request, path) : {} });
}

function withoutQuery(request: FastifyRequest): Meant {
  if (hasQuery(request)) refuseUnknownQuery(request, NO_PARAMETERS);
  return NOTHING;
}

function queryReader(schema: z.ZodObject): (request: FastifyRequest) => Meant {
  const remembered = new Map<string, Meant>();
  return (request) => {
    const { url } = request;
    const at = url.indexOf('?');
    const text = at < 0 ? '' : url.slice(at);
    const known = remembered.get(text);
    if (known) return known;
    const parsed = schema.safeParse(gathered(request.query), { error: faultWords });
    if (!parsed.success) throw new RequestInvalid(faultsOf(parsed.error, 'query'));
    const meant = Object.freeze({ query: parsed.data, canonical: canonicalOf(parsed.data) });
    if (text.length <= REMEMBERED_LENGTH_MAX) {
      const [oldest] = remembered.size < REMEMBERED_MAX ? [] : remembered.keys();
      if (oldest !== undefined) remembered.delete(oldest);
      remembered.set(text, meant);
    }
    return meant;
  };
}

/**
 * `option[Colour]=Red` as `{ option: { Colour: 'Red' } }`. Objects without a prototype: names are a visitor's. Throws
 * `RequestInvalid` for the one name that objects treat apart, and for a name that comes plain and with brackets.
 */
function gathered(query: unknown): Record<string, unknown> {
  const plain: Record<string, unknown> = Object.create(null);
  const deep: Record<string, Record<string, unknown>> = Object.create(null);
  for (const [name, value] of Object.entries(query as Record<string, unknown>)) {
    const [, outer = name, inner] = DEEP.exec(name) ?? [];
    if (outer === PROTOTYPE) throw new RequestInvalid([unknownField([outer], 'query')]);
    if (inner === PROTOTYPE) throw new RequestInvalid([unknownField([outer, inner], 'query')]);
    if (Object.hasOwn(inner === undefined ? deep : plain, outer)) throw twoForms(outer);
    if (inner === undefined) {
      plain[outer] = value;
      continue;
    }
    const inners = deep[outer] ?? (Object.create(null) as Record<string, unknown>);
    inners[inner] = value;
    deep[outer] = inners;
  }
  return Object.assign(plain, deep);
}

function twoForms(name: string): RequestInvalid {
  const { pointer } = unknownField([name], 'query');
  const message = 'It came both plain and with brackets. Send one of the two.';
  return new RequestInvalid([{ pointer, code: 'two_forms', message }]);
}

// The contract gives the fields in its own order; what `option` holds comes in the order of the request.
function canonicalOf({ currency: _, locale: __, ...asked }: Record<string, unknown>): string {
  return JSON.stringify(asked, (_name, value: unknown) =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

function partsOf(request: FastifyRequest, path: NonNullable<Takes['path']>): Record<string, string> {
  const given = request.params as Record<string, string>; // Fastify's: decoded texts by the names of the route
  const parts: Record<string, string> = {};
  for (const [name, schema] of Object.entries(path)) {
    const parsed = schema.safeParse(given[name], { error: faultWords });
    if (!parsed.success)
      throw new RequestInvalid(faultsOf(parsed.error, 'param').map((fault) => ({ ...fault, pointer: `:${name}` })));
    parts[name] = parsed.data;
  }
  return parts;
}

import fc from 'fast-check';
import { idPrefixOf } from './operations.ts';

type Json = Record<string, unknown>;

/** Gives the id to put where the contract wants one of this prefix; undefined for the example of the document. */
export type IdChoice = (prefix: string) => string | undefined;

const TEXT = 'Sample';
const FORMATS: Record<string, string> = {
  email: 'sample@example.com',
  'date-time': '2030-01-01T00:00:00.000Z',
  date: '2030-01-01',
  uri: 'https://example.com',
};

/** The smallest JSON a schema accepts: required members, and of the others those that take an id we were given. */
export function sampleOf(schema: Json, idOf: IdChoice = () => undefined): unknown {
  const prefix = idPrefixOf(schema);
  const chosen = prefix === undefined ? undefined : idOf(prefix);
  if (chosen !== undefined) return chosen;
  if ('const' in schema) return schema['const'];
  const [first] = [schema['enum'], schema['examples']].flatMap((list) => (Array.isArray(list) ? list : []));
  if (first !== undefined) return first;
  if ('default' in schema) return schema['default'];
  const [variant] = [schema['anyOf'], schema['oneOf'], schema['allOf']].flatMap((list) =>
    Array.isArray(list) ? list : [],
  );
  if (variant !== undefined) return sampleOf(variant as Json, idOf);
  return sampleOfType(schema, idOf);
}

function sampleOfType(schema: Json, idOf: IdChoice): unknown {
  const { type } = schema;
  switch (Array.isArray(type) ? type[0] : type) {
    case 'object':
      return sampleOfObject(schema, idOf);
    case 'array':
      return Array.from({ length: Number(schema['minItems'] ?? 1) }, () =>
        sampleOf((schema['items'] ?? {}) as Json, idOf),
      );
    case 'integer':
    case 'number':
      return Math.max(1, Number(schema['minimum'] ?? 1));
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return sampleOfText(schema);
  }
}

function sampleOfObject(schema: Json, idOf: IdChoice): Json {
  const required = new Set((schema['required'] as string[] | undefined) ?? []);
  const properties = Object.entries((schema['properties'] as Record<string, Json> | undefined) ?? {});
  return Object.fromEntries(
    properties
      .filter(([name, inner]) => required.has(name) || takesChosenId(inner, idOf))
      .map(([name, inner]) => [name, sampleOf(required.has(name) ? inner : withoutDefault(inner), idOf)]),
  );
}

/** Whether a member is an id, or a list of ids, of a kind there is a choice for. */
function takesChosenId(schema: Json, idOf: IdChoice): boolean {
  const inner = [schema['anyOf'], schema['oneOf']].flatMap((list) => (Array.isArray(list) ? (list as Json[]) : []));
  if (inner.length > 0) return inner.some((one) => takesChosenId(one, idOf));
  const prefix = idPrefixOf((schema['items'] as Json | undefined) ?? schema);
  return prefix !== undefined && idOf(prefix) !== undefined;
}

const withoutDefault = ({ default: _default, ...schema }: Json): Json => schema;

function sampleOfText(schema: Json): string {
  const format = FORMATS[String(schema['format'])];
  if (format !== undefined) return format;
  if (typeof schema['pattern'] === 'string') {
    const [text = TEXT] = fc.sample(fc.stringMatching(new RegExp(schema['pattern'])), { numRuns: 1, seed: 1 });
    return text;
  }
  return TEXT.padEnd(Number(schema['minLength'] ?? 0), 'x').slice(0, Number(schema['maxLength'] ?? TEXT.length + 200));
}

import type { z } from 'zod';

/** What a shaper gives for a value that does not fit. */
export const MISFIT: unique symbol = Symbol('misfit');

/** Gives of a value what its contract names, or `MISFIT`. */
export type Shaper = (value: unknown) => unknown;

type Schema = z.core.$ZodType;
type Def = z.core.$ZodTypes['_zod']['def'];

/**
 * Makes of a contract what lets an answer out: of objects the fields that are named and nothing else, at every depth, and
 * of each field the type that is promised. It does not look at formats and lengths, which is most of what a full check
 * costs and hides nothing from anybody: tests and development look at those as well. What is not known here (a
 * transformation, a choice between objects) is left to the contract itself.
 */
export function shaperOf(schema: Schema): Shaper {
  const def = (schema as z.core.$ZodTypes)._zod.def;
  if (changes(def)) return inFull(schema);
  switch (def.type) {
    case 'string':
      return (value) => (typeof value === 'string' ? value : MISFIT);
    case 'number':
      return (value) => (Number.isFinite(value) ? value : MISFIT);
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : MISFIT);
    case 'null':
      return (value) => (value === null ? value : MISFIT);
    case 'enum':
      return oneOf(Object.values(def.entries));
    case 'literal':
      return oneOf(def.values);
    case 'nullable':
      return nullable(shaperOf(def.innerType));
    case 'optional':
      return optional(shaperOf(def.innerType));
    case 'array':
      return array(shaperOf(def.element));
    case 'record':
      return isPlainText(def.keyType) ? record(shaperOf(def.valueType)) : inFull(schema);
    case 'object': {
      const others = (def.catchall as z.core.$ZodTypes | undefined)?._zod.def.type;
      if (others === undefined) return object(def.shape);
      return others === 'never' ? strictObject(def.shape) : inFull(schema);
    }
    default:
      return inFull(schema);
  }
}

/** A check that gives another value than it was given (`.trim()`, `.overwrite()`). */
const changes = ({ checks }: Def): boolean => (checks ?? []).some(({ _zod }) => _zod.def.check === 'overwrite');

const inFull =
  (schema: Schema): Shaper =>
  (value) => {
    const parsed = (schema as z.ZodType).safeParse(value);
    return parsed.success ? parsed.data : MISFIT;
  };

function oneOf(values: readonly unknown[]): Shaper {
  const known = new Set(values);
  return (value) => (known.has(value) ? value : MISFIT);
}

const nullable =
  (inner: Shaper): Shaper =>
  (value) =>
    value === null ? null : inner(value);

const optional =
  (inner: Shaper): Shaper =>
  (value) =>
    value === undefined ? undefined : inner(value);

function array(element: Shaper): Shaper {
  return (value) => {
    if (!Array.isArray(value)) return MISFIT;
    const shaped: unknown[] = [];
    for (const item of value) {
      const one = element(item);
      if (one === MISFIT) return MISFIT;
      shaped.push(one);
    }
    return shaped;
  };
}

const isPlainText = (key: Schema): boolean => {
  const def = (key as z.core.$ZodTypes)._zod.def;
  return def.type === 'string' && !changes(def);
};

function record(inner: Shaper): Shaper {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return MISFIT;
    const shaped: [string, unknown][] = [];
    for (const [name, item] of Object.entries(value)) {
      const one = inner(item);
      if (one === MISFIT) return MISFIT;
      shaped.push([name, one]);
    }
    return Object.fromEntries(shaped);
  };
}

/** One that allows nothing it does not name. */
function strictObject(shape: Readonly<Record<string, Schema>>): Shaper {
  const known = new Set(Object.keys(shape));
  const shaped = object(shape);
  return (value) => {
    for (const name in value as object) if (!known.has(name)) return MISFIT;
    return shaped(value);
  };
}

function object(shape: Readonly<Record<string, Schema>>): Shaper {
  const fields = Object.entries(shape).map(([name, schema]) => ({ name, shaper: shaperOf(schema) }));
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return MISFIT;
    const given = value as Record<string, unknown>; // any object has fields by name
    const shaped: Record<string, unknown> = {};
    for (const { name, shaper } of fields) {
      const one = shaper(given[name]);
      if (one === MISFIT) return MISFIT;
      if (one !== undefined) shaped[name] = one;
    }
    return shaped;
  };
}

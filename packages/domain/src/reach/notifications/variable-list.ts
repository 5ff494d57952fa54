import { z } from 'zod';
import { type MailKind, variablesFor, variablesOf } from './mail-kinds.ts';

/** One thing a template may use. */
export interface VariableWord {
  /** Like `order.number`; `order.lines[].title` is the title of each of the lines. */
  name: string;
  type: 'text' | 'number' | 'boolean' | 'list' | 'object';
  /** False: it is always there. */
  isOptional: boolean;
  about: string;
}

interface Node {
  type?: string;
  description?: string;
  properties?: Record<string, Node>;
  items?: Node;
  anyOf?: Node[];
}

const TYPES: Readonly<Record<string, VariableWord['type']>> = {
  string: 'text',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  array: 'list',
};

const known = new Map<string, VariableWord[]>();

/** All that a template of this kind may use, in the order of its schema. */
export function variableList(kind: MailKind): VariableWord[] {
  const before = known.get(kind.name);
  if (before) return before;
  // What zod writes for an object is one; the parts read here are in the JSON Schema standard.
  const made = inside(z.toJSONSchema(variablesOf(kind)) as Node, '');
  known.set(kind.name, made);
  return made;
}

function inside({ properties = {} }: Node, prefix: string): VariableWord[] {
  return Object.entries(properties).flatMap(([name, node]) => wordsOf(node, `${prefix}${name}`));
}

function wordsOf(node: Node, name: string): VariableWord[] {
  const present = node.anyOf?.find(({ type }) => type !== 'null') ?? node;
  const about = node.description ?? present.description ?? '';
  const isOptional = node.anyOf !== undefined;
  const word = { name, type: TYPES[present.type ?? ''] ?? 'object', isOptional, about } as const;
  if (present.type === 'object') return inside(present, `${name}.`);
  if (present.items?.type === 'object') return [word, ...inside(present.items, `${name}[].`)];
  return [word];
}

/** What variables are made up of for a preview, and where its links lead. */
const EXAMPLE = {
  companyName: 'Example shop',
  adminUrl: 'https://admin.example.com',
  shopUrl: 'https://shop.example.com',
};

/** Whether a template may use a path: `order.lines.first.title`, as far as it does not depend on what is in a variable. */
export function hasPath(kind: MailKind, path: readonly string[]): boolean {
  let value: unknown = variablesFor(kind, { ...kind.sample, token: 'sample' }, EXAMPLE);
  for (const segment of path) {
    if (segment === 'size' && (Array.isArray(value) || typeof value === 'string')) return true;
    if (Array.isArray(value)) {
      if (!/^(?:first|last|-?\d+)$/.test(segment)) return false;
      value = value[0];
    } else if (typeof value === 'object' && value !== null && Object.hasOwn(value, segment))
      value = (value as Record<string, unknown>)[segment]; // it has it, just asked
    else return false;
  }
  return true;
}

import type { Tx } from './ctx.ts';

/** What a parameter may be. Times go as text, whole numbers beyond 2^53 as well. */
export type Value = string | number | boolean | null;

/** A text under construction: asks for parameters by name, and every name gets one number. */
export interface Parameters<Name extends string> {
  /** `$1`, `$2` … for a name. */
  readonly of: (name: Name) => string;
  readonly names: readonly Name[];
}

/** Numbers the parameters of a text by the names it asks for them. */
export function parameters<Name extends string>(): Parameters<Name> {
  const names: Name[] = [];
  const of = (name: Name) => {
    const at = names.indexOf(name);
    return `$${at >= 0 ? at + 1 : names.push(name)}`;
  };
  return { of, names };
}

/**
 * A statement written as SQL, for what the query builder would only hide: it is prepared once per connection and run with
 * other values many times. The text holds no values, and says `company_id` of every table it names. A read begins with
 * `select`.
 */
export interface TextStatement<Name extends string> {
  readonly text: string;
  readonly names: readonly Name[];
  /** Run too seldom to be kept on every connection: it is planned each time. */
  readonly isRare?: boolean;
}

const packed = new WeakMap<TextStatement<never>, string>();

/** Without the white space it is laid out with: the driver and PostgreSQL copy the text with every run. */
function packedText(statement: TextStatement<never>): string {
  const known = packed.get(statement);
  if (known !== undefined) return known;
  const text = statement.text.replace(/\s+/g, ' ');
  packed.set(statement, text);
  return text;
}

/** Runs a text inside a unit of work. Its literals hold no more than one space in a row. */
export function runText<Row, Name extends string>(
  ctx: { tx: Tx },
  statement: TextStatement<Name>,
  values: Readonly<Record<Name, Value>>,
): Promise<Row[]> {
  const { names, isRare = false } = statement;
  // drizzle's own session; its client is the door of this unit of work (`transaction.ts`).
  const { client } = (ctx.tx as unknown as { session: { client: Door } }).session;
  return client.unsafe(
    packedText(statement as TextStatement<never>),
    names.map((name) => values[name]),
    { isRare },
  ) as Promise<Row[]>; // what the text selects
}

interface Door {
  unsafe(text: string, values: readonly Value[], options: { isRare: boolean }): PromiseLike<unknown>;
}

/** Something was not as the tour says it is. It ends the tour. */
export class Surprise extends Error {
  readonly where: string;
  readonly expected: string;
  readonly seen: string;

  constructor(where: string, { expected, seen }: { expected: string; seen: string }) {
    super(`${where}: expected ${expected}; seen: ${seen}`);
    this.name = 'Surprise';
    this.where = where;
    this.expected = expected;
    this.seen = seen;
  }
}

/** There is nothing to walk through, or the machine stands in the way. The message says what to do. */
export class NotPossible extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotPossible';
  }
}

/** Compares what was seen with what has to be. @throws Surprise */
export function same(where: string, seen: unknown, expected: unknown): void {
  if (text(seen) === text(expected)) return;
  throw new Surprise(where, { expected: text(expected), seen: text(seen) });
}

/** What was found, unless it was not. @throws Surprise */
export function found<T>(where: string, thing: T | null | undefined, expected = 'that it is there'): T {
  if (thing === null || thing === undefined) throw new Surprise(where, { expected, seen: 'nothing' });
  return thing;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'));

import {
  CaptureTag,
  CaseTag,
  type Context,
  defaultOperators,
  type Emitter,
  type Liquid,
  type Operators,
  type Template,
  Tokenizer,
  TokenKind,
  Value,
} from 'liquidjs';
import { TemplateFault } from './template-fault.ts';

/** Characters one part may become, and any text on the way. Mailbox providers cut a mail over 100 KiB short. */
export const OUTPUT_LENGTH_MAX = 256 * 1024;
/** Entries of a list that a filter or a comparison is given. */
const LIST_LENGTH_MAX = 2_000;
/** Filters behind one value. */
export const FILTERS_MAX = 20;
/** Words between the braces of one part. The library's look for where a name stands takes longer the more there are. */
const WORDS_MAX = 2_000;
/** Values of one `case`. */
const WHENS_MAX = 100;
/** Characters of the name of a property, and of the picture of a date. They are read anew for each entry or sign. */
const PROPERTY_LENGTH_MAX = 60;
const DATE_FORMAT_LENGTH_MAX = 100;

type Handler<Result = unknown> = (this: { context: Context }, value: unknown, ...args: unknown[]) => Result;

/** Throws `TemplateFault` for text or a list that no mail needs. The library counts some of what filters make, not all. */
function refuseHeavy(...values: readonly unknown[]): void {
  for (const value of values) weigh(value);
}

function weigh(value: unknown): number {
  if (typeof value === 'string') return fitting(value.length);
  if (!Array.isArray(value)) return 0;
  if (value.length > LIST_LENGTH_MAX)
    throw new TemplateFault(
      `It makes a list of ${value.length} entries. At most ${LIST_LENGTH_MAX} can be worked with.`,
    );
  let weight = 0;
  for (const entry of value) weight = fitting(weight + weigh(entry));
  return weight;
}

function fitting(length: number): number {
  if (length <= OUTPUT_LENGTH_MAX) return length;
  throw new TemplateFault(`It becomes more than the ${OUTPUT_LENGTH_MAX} characters that can be sent.`);
}

function shorter(what: string, value: unknown, max: number): void {
  if (typeof value === 'string' && value.length > max)
    throw new TemplateFault(`${what} is longer than ${max} characters.`);
}

const lengthOf = (value: unknown): number => String(value ?? '').length;

function propertyShort(_value: unknown, property: unknown): void {
  shorter('The name of a property', property, PROPERTY_LENGTH_MAX);
}

/** What a filter would do that is seen before it is done: it would make hundreds of megabytes, or take long by itself. */
const BEFORE: Readonly<Record<string, (value: unknown, ...args: unknown[]) => void>> = {
  replace: (value, pattern, by) => {
    const text = String(value ?? '');
    const times = text.split(String(pattern ?? '')).length - 1;
    fitting(text.length + times * Math.max(0, lengthOf(by) - lengthOf(pattern)));
  },
  join: (value, glue) => {
    if (Array.isArray(value)) fitting(weigh(value) + value.length * Math.max(1, lengthOf(glue)));
  },
  date: (_value, format) => shorter('The format of a date', format, DATE_FORMAT_LENGTH_MAX),
  map: propertyShort,
  where: propertyShort,
  sort: propertyShort,
};

/**
 * A filter that asks whether time is up and takes and gives nothing too heavy. The library itself asks between nodes, and
 * never between the filters of one.
 */
export function limited<Result>(name: string, handler: Handler<Result>): Handler<Result> {
  return function (this: { context: Context }, value, ...args) {
    this.context.renderLimit.check(0);
    refuseHeavy(value, ...args);
    BEFORE[name]?.(value, ...args);
    const result = handler.call(this, value, ...args);
    refuseHeavy(result);
    return result;
  };
}

/** Puts the limits on the filters and tags an engine has. After the last of them was registered. */
export function limitEngine(engine: Liquid): void {
  for (const [name, filter] of Object.entries(engine.filters)) {
    const { handler, raw } = typeof filter === 'function' ? { handler: filter, raw: false } : filter;
    // The library types what filters take as `any`.
    engine.registerFilter(name, { raw: raw ?? false, handler: limited(name, handler as Handler) });
  }
  engine.registerTag('capture', LimitedCapture);
  engine.registerTag('case', LimitedCase);
}

type Comparison = (...operands: unknown[]) => unknown;

const limitedComparison =
  (compare: Comparison): Comparison =>
  (...operands) => {
    // The library gives the context behind the one or two that are compared.
    (operands.at(-1) as Context).renderLimit.check(0);
    refuseHeavy(...operands.slice(0, -1));
    return compare(...operands);
  };

/** The comparisons of the library, each with the limits of a filter. */
export const LIMITED_OPERATORS = Object.fromEntries(
  Object.entries(defaultOperators).map(([sign, compare]) => [sign, limitedComparison(compare as Comparison)]),
) as unknown as Operators; // the same signs, and functions that take the same

class LimitedCapture extends CaptureTag {
  override *render(ctx: Context): Generator<unknown, void, string> {
    yield* super.render(ctx);
    refuseHeavy(ctx.getSync([this.variable]));
  }
}

class LimitedCase extends CaseTag {
  override *render(ctx: Context, emitter: Emitter): Generator<unknown, void, unknown> {
    refuseHeavy(yield this.value.value(ctx, true));
    yield* super.render(ctx, emitter);
  }
}

/** Throws `TemplateFault` for values with more filters, or a `case` with more values, than anybody writes by hand. */
export function refuseLong(templates: readonly Template[]): void {
  for (const template of templates) {
    const values = [...(template.arguments?.() ?? [])];
    const counts = values.map((value) => (value instanceof Value ? value.filters.length : 0));
    const most = counts.reduce((max, count) => Math.max(max, count), 0);
    // The one more is the library's own, that escapes.
    if (most > FILTERS_MAX + 1)
      throw new TemplateFault(`${most - 1} filters stand behind one value. At most ${FILTERS_MAX} may.`);
    if (template instanceof CaseTag && values.length > WHENS_MAX)
      throw new TemplateFault(`A case has ${values.length} values. At most ${WHENS_MAX} may stand in one.`);
    // No tag that is left yields on the way: that is for those that read other templates.
    const children = template.children?.(false, true).next().value;
    if (Array.isArray(children)) refuseLong(children);
  }
}

/** Throws `TemplateFault` for a source with more between its braces than anybody writes by hand. */
export function refuseWordy(source: string): void {
  let words = 0;
  for (const token of new Tokenizer(source).readTopLevelTokens())
    if (token.kind !== TokenKind.HTML) words += token.getText().match(/[\w-]+/g)?.length ?? 0;
  if (words > WORDS_MAX) throw new TemplateFault(`${words} words stand between braces. At most ${WORDS_MAX} may.`);
}

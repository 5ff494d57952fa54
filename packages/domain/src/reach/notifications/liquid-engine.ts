import { Context, Liquid, type Template } from 'liquidjs';
import {
  LIMITED_OPERATORS,
  limitEngine,
  limited,
  OUTPUT_LENGTH_MAX,
  refuseLong,
  refuseWordy,
} from './liquid-limits.ts';
import { readable } from './readable-time.ts';
import type { Allowance } from './template-allowance.ts';
import { TemplateFault } from './template-fault.ts';

/** Characters of one part of a template. */
export const SOURCE_LENGTH_MAX = 64 * 1024;
/** What loops and filters may make on the way, in characters and list entries. */
const MEMORY_LIMIT = 500_000;
/** Parsed sources a process keeps: ours and those of the companies it writes for. */
const PARSED_KEPT = 64;

/** `html` escapes what it puts in; `plain` is for subjects and for readers without HTML. */
export type Writing = 'html' | 'plain';

/**
 * Tags templates may use. Those that read other templates are left out, and those that write without a word of `{{ }}`.
 */
export const TAGS = ['assign', 'break', 'capture', 'case', 'comment', 'continue', 'for', 'if', 'raw', 'unless', '#'];
/**
 * Filters templates may use. Left out: `raw` and `json`, which would put text into HTML unescaped, and all that evaluate
 * text as an expression.
 */
export const FILTERS = (
  'abs append at_least at_most capitalize ceil compact concat date default divided_by downcase escape first floor join ' +
  'last lstrip map minus modulo newline_to_br plus prepend readable remove remove_first replace replace_first reverse ' +
  'round rstrip size slice sort split strip times truncate truncatewords uniq upcase url_encode where'
).split(' ');

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for an HTML document or a quoted attribute. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

const asString = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

const listed = (value: unknown): string => (Array.isArray(value) ? value.map(asString).join('') : asString(value));

const engines: Record<Writing, Liquid> = { html: engineOf('html'), plain: engineOf('plain') };

function engineOf(writing: Writing): Liquid {
  const engine = new Liquid({
    // No file is ever read: there is none, and no tag that would ask for one.
    templates: {},
    ownPropertyOnly: true,
    strictFilters: true,
    parseLimit: SOURCE_LENGTH_MAX,
    memoryLimit: MEMORY_LIMIT,
    timezoneOffset: 0,
    locale: 'en-GB',
    operators: LIMITED_OPERATORS,
    // Not the library's own: lists and numbers come here as well. Also where nothing is escaped, for the limits.
    outputEscape: limited<string>('', writing === 'html' ? (value) => escapeHtml(listed(value)) : listed),
  });
  for (const name of Object.keys(engine.tags)) if (!TAGS.includes(name)) delete engine.tags[name];
  const brOf = (value: unknown) => escapeHtml(asString(value)).replace(/\r?\n/g, '<br>\n');
  engine.registerFilter('newline_to_br', { raw: true, handler: writing === 'html' ? brOf : asString });
  engine.registerFilter('readable', timeOf);
  // Habit from elsewhere: here everything is escaped once it is put in, and once is enough.
  engine.registerFilter('escape', asString);
  // The library's look for spaces at an end in time that grows with the square of their number.
  engine.registerFilter('strip', (value: unknown) => asString(value).trim());
  engine.registerFilter('lstrip', (value: unknown) => asString(value).trimStart());
  engine.registerFilter('rstrip', (value: unknown) => asString(value).trimEnd());
  for (const name of Object.keys(engine.filters)) if (!FILTERS.includes(name)) delete engine.filters[name];
  limitEngine(engine);
  return engine;
}

function timeOf(value: unknown): string {
  const text = asString(value);
  return Number.isNaN(Date.parse(text)) ? text : readable(text);
}

const parsed = new Map<string, Template[]>();

/** A source taken apart. Throws `TemplateFault`. */
export function parseTemplate(writing: Writing, source: string): Template[] {
  const key = `${writing}|${source}`;
  const known = parsed.get(key);
  if (known) return known;
  const template = faultsNamed(() => engines[writing].parse(source));
  refuseWordy(source);
  refuseLong(template);
  const [oldest] = parsed.keys();
  if (parsed.size >= PARSED_KEPT && oldest !== undefined) parsed.delete(oldest);
  parsed.set(key, template);
  return template;
}

/**
 * A source with its variables put in. A strict allowance refuses variables that are not there, so that a typo is found when
 * a template is saved; otherwise they come out empty. Throws `TemplateFault`.
 */
export function fillIn(writing: Writing, source: string, variables: object, allowance: Allowance): string {
  const template = parseTemplate(writing, source);
  allowance.check();
  const engine = engines[writing];
  const context = new Context(variables, engine.options, { strictVariables: allowance.isStrict, sync: true });
  // The library asks before each node whether time is up, and would go by the clock. Filters and comparisons ask as well.
  context.renderLimit.check = allowance.check;
  // A template is text alone; what it gives is text, whatever the library's type says.
  const text = faultsNamed(() => String(engine.renderSync(template, context)));
  allowance.check();
  if (text.length > OUTPUT_LENGTH_MAX)
    throw new TemplateFault(`It becomes ${text.length} characters. At most ${OUTPUT_LENGTH_MAX} can be sent.`);
  return text;
}

/** A name a template takes from outside, with where it stands. Parts that are reckoned (`a[b]`) end the path. */
export interface NameUsed {
  readonly path: readonly string[];
  readonly line: number;
  readonly column: number;
}

/** The names a template takes from outside, in every branch of it. Throws `TemplateFault`. */
export function namesIn(writing: Writing, source: string): NameUsed[] {
  const template = parseTemplate(writing, source);
  const { globals } = faultsNamed(() => engines[writing].analyzeSync(template, { partials: false }));
  return Object.values(globals).flatMap((uses) =>
    uses.map(({ segments, location }) => {
      const reckoned = segments.findIndex((segment) => typeof segment === 'object');
      const path = segments.slice(0, reckoned === -1 ? segments.length : reckoned).map(String);
      return { path, line: location.row, column: location.col };
    }),
  );
}

function faultsNamed<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const cause = error instanceof Error && 'originalError' in error ? error.originalError : error;
    if (cause instanceof TemplateFault) throw cause;
    throw new TemplateFault(reasonOf(error), { cause: error });
  }
}

// The library's own sentence, with the line and column it ends in. Its second line shows the source.
function reasonOf(error: unknown): string {
  const [said = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  const place = /,? line:(\d+), col:(\d+)/.exec(said);
  const words = said.replace(/,? line:\d+, col:\d+/, '');
  if (words.startsWith('memory alloc limit')) return 'Its loops and filters make more than a mail can hold.';
  if (words.startsWith('parse length limit')) return `It is longer than ${SOURCE_LENGTH_MAX} characters.`;
  if (words === 'Invalid string length')
    return `It becomes more than the ${OUTPUT_LENGTH_MAX} characters that can be sent.`;
  if (words.includes('call stack')) return 'Its tags are inside each other too deep.';
  return place ? `Line ${place[1]}, column ${place[2]}: ${words}.` : `${words}.`;
}

import { Context, Liquid, type Template } from 'liquidjs';
import { readable } from './readable-time.ts';

/** Characters of one part of a template. */
export const SOURCE_LENGTH_MAX = 64 * 1024;
/** Characters one part may become. A mail over 100 KiB is cut short by the large mailbox providers. */
export const OUTPUT_LENGTH_MAX = 256 * 1024;
/**
 * What is done with what a template says, and how long one part of it may take then. Ours take under a millisecond. In
 * time of the processor and not of the clock, so that a machine that is busy with other things fails nobody; and longer
 * when it is sent than when it was tried, so that what was good stays good.
 */
export type Purpose = 'trial' | 'sending' | 'ours';
const LIMIT_MS: Readonly<Record<Purpose, number>> = { trial: 200, sending: 500, ours: Number.POSITIVE_INFINITY };
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

/** A template that cannot be read, or does not come to an end within its limits. The message names the place. */
export class TemplateFault extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'TemplateFault';
  }
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for an HTML document or a quoted attribute. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

const asString = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

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
    // Not the library's own: lists and numbers come here as well.
    ...(writing === 'html' && { outputEscape: (value: unknown) => escapeHtml(listed(value)) }),
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
  return engine;
}

const listed = (value: unknown): string => (Array.isArray(value) ? value.map(asString).join('') : asString(value));

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
  const [oldest] = parsed.keys();
  if (parsed.size >= PARSED_KEPT && oldest !== undefined) parsed.delete(oldest);
  parsed.set(key, template);
  return template;
}

/**
 * A source with its variables put in. A trial refuses variables that are not there, so that a typo is found when a
 * template is saved; otherwise they come out empty. Throws `TemplateFault`.
 */
export function fillIn(writing: Writing, source: string, variables: object, purpose: Purpose): string {
  const template = parseTemplate(writing, source);
  const engine = engines[writing];
  const context = new Context(variables, engine.options, { strictVariables: purpose === 'trial', sync: true });
  // The library asks before each node whether time is up, and would go by the clock.
  context.renderLimit.check = stopwatch(LIMIT_MS[purpose]);
  // A template is text alone; what it gives is text, whatever the library's type says.
  const text = faultsNamed(() => String(engine.renderSync(template, context)));
  if (text.length > OUTPUT_LENGTH_MAX)
    throw new TemplateFault(`It becomes ${text.length} characters. At most ${OUTPUT_LENGTH_MAX} can be sent.`);
  return text;
}

/** Throws once this much time of the processor has gone by. Looks at the clock first, which costs less. */
function stopwatch(limitMs: number): () => void {
  const [startedAt, before] = [performance.now(), process.cpuUsage()];
  return () => {
    if (performance.now() - startedAt <= limitMs) return;
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1_000 > limitMs) throw new TemplateFault(`It takes longer than ${limitMs} ms.`);
  };
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

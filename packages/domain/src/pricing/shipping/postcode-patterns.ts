/**
 * How a zone says which postcodes of a country it takes in:
 *
 * - a beginning: `10` takes in 10115. In the United Kingdom it is a beginning of the outward code that cuts
 *   neither its letters nor its number: `E1` takes in E1 6AN and E1W 1AA, not E16 1AA; `B` is not BT1 5GS.
 * - a beginning with a star takes in everything that begins so: `E1*` takes in E16 as well.
 * - a range, both ends taken in: `10000..19999`, `BT1..BT17`. Numbers alone have the same number of digits, and stand
 *   for what begins with them: `10..12` takes in 12999.
 * - `*`: every postcode, and places without one; as if there were no pattern.
 */

/** Countries whose postcodes are an outward and an inward code (Royal Mail, "Programmers' Guide to PAF", postcode format). */
const BRITISH = new Set(['GB', 'GG', 'IM', 'JE']);
const BRITISH_FULL = /^([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})$/;
const END = /^([A-Z]*)(\d+)$/;
/** Longer numbers than this would lose digits as a number. */
const DIGITS_MAX = 12;
const FORM = /^[\p{L}\p{N}][\p{L}\p{N} -]*\*?$/u;

export type PatternFault = 'malformed' | 'range_of_unlike_ends' | 'range_runs_backwards';

/** What is wrong with a pattern, if anything. */
export function faultOf(country: string, pattern: string): PatternFault | undefined {
  if (isEverywhere(pattern)) return undefined;
  const range = rangeOf(country, pattern);
  if (range === undefined) return FORM.test(pattern.trim()) ? undefined : 'malformed';
  if (range === null) return 'range_of_unlike_ends';
  return Number(range.from) > Number(range.to) ? 'range_runs_backwards' : undefined;
}

/** Does the pattern say nothing about postcodes? */
export const isEverywhere = (pattern: string): boolean => pattern.trim() === '*';

/** Does the pattern take this postcode in? Both as a person wrote them. */
export function takesIn(country: string, pattern: string, postcode: string | undefined): boolean {
  if (isEverywhere(pattern)) return true;
  const written = bare(country, postcode ?? '');
  if (written === '') return false;
  const range = rangeOf(country, pattern);
  if (range === null) return false;
  const code = BRITISH.has(country) ? outwardOf(written) : written;
  if (range) return isInRange(range, code);
  const hasStar = pattern.trim().endsWith('*');
  const beginning = pattern.trim().replace(/\*$/, '');
  if (!BRITISH.has(country) || hasStar) return written.startsWith(bare(country, beginning));
  return beginsBritish(beginning, written, code);
}

function beginsBritish(beginning: string, written: string, outward: string): boolean {
  const [first, ...inward] = beginning.trim().toUpperCase().split(/\s+/);
  const whole = bare('GB', beginning);
  if (inward.length > 0 || BRITISH_FULL.test(whole)) {
    // `E1 6` names the outward code as a whole: without the space it would be E16.
    const named = inward.length > 0 ? (first ?? '') : outwardOf(whole);
    return named === outward && written.startsWith(whole);
  }
  if (!outward.startsWith(whole)) return false;
  const next = outward.charAt(whole.length);
  return /^[A-Z]+$/.test(whole) ? !/[A-Z]/.test(next) : !(/\d$/.test(whole) && /\d/.test(next));
}

interface Range {
  readonly letters: string;
  readonly from: string;
  readonly to: string;
}

/** Undefined: no range. Null: a range whose ends are not of one kind. */
function rangeOf(country: string, pattern: string): Range | null | undefined {
  if (!pattern.includes('..')) return undefined;
  const ends = pattern.split('..').map((end) => END.exec(bare(country, end)));
  const [from, to] = ends;
  if (ends.length !== 2 || !from || !to || from[1] !== to[1]) return null;
  const range = { letters: from[1] ?? '', from: from[2] ?? '', to: to[2] ?? '' };
  if (Math.max(range.from.length, range.to.length) > DIGITS_MAX) return null;
  return range.letters === '' && range.from.length !== range.to.length ? null : range;
}

function isInRange({ letters, from, to }: Range, code: string): boolean {
  const parts = /^([A-Z]*)(\d+)/.exec(code);
  if (!parts || parts[1] !== letters) return false;
  const digits = parts[2] ?? '';
  if (letters === '' && digits.length < from.length) return false;
  const number = Number(letters === '' ? digits.slice(0, from.length) : digits);
  return number >= Number(from) && number <= Number(to);
}

/** Without spaces and dashes, in capitals, and without the country that some write before it (`LV-1010`). */
function bare(country: string, postcode: string): string {
  const code = postcode
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[\s-]+/gu, '');
  const follows = BRITISH.has(country) || !code.startsWith(country) ? '' : code.slice(country.length);
  return /^\d/.test(follows) ? follows : code;
}

/** The part before the space, also where it was left out; of less than a whole postcode all of it. */
const outwardOf = (bareCode: string): string => BRITISH_FULL.exec(bareCode)?.[1] ?? bareCode;

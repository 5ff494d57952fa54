import { z } from 'zod';

// PostgreSQL cannot store U+0000; the other control characters have no business in a name. Tab and line ends are for `prose`.
const CONTROL = /\p{Cc}/u;
const CONTROL_BUT_LINES = /[^\P{Cc}\t\n\r]/u;
// They make a line read otherwise than it is stored (Unicode UAX #9, explicit directional formatting characters).
const TURNS_DIRECTION = /[\u202a-\u202e\u2066-\u2069]/;
const LINE_SEPARATOR = /[\u2028\u2029]/;
/** Combining diacritical marks. Those of other scripts (vowel signs, voicing marks) make other words and stay. */
const LATIN_MARKS = /[\u0300-\u036f]+/g;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** One line of text, trimmed, 1 to `max` characters, without control characters and what turns the reading direction. */
export const text = (max: number) => words(z.string().trim().min(1).max(max), CONTROL);

/** What a person or a company is called: as `text`, and no web address, for names stand at the head of our mails. */
export const nameOf = (max: number) =>
  text(max).refine((value) => !value.includes('://'), { error: 'A name cannot hold a web address (://).' });

/** Text of several lines, trimmed, 0 to `max` characters; otherwise as `text`. */
export const prose = (max: number) => words(z.string().trim().max(max), CONTROL_BUT_LINES);

/** An email address as typed, trimmed; `emailKey` folds it. At most 254 characters (RFC 5321, 4.5.3.1.3). */
export const email = z
  .string()
  .trim()
  .max(254)
  .pipe(z.email({ error: 'Expected an email address, like ada@example.com.' }))
  .meta({ example: 'ada@example.com', format: 'email' });

/** The form under which addresses are compared and unique: a database index cannot fold them behind row security. */
export const emailKey = (address: string): string => address.trim().toLowerCase().normalize('NFKC');

/**
 * The form under which words are compared, sorted and searched: without case, accents and doubled spaces (Unicode NFKD,
 * diacritical marks off). Written into `*_key` columns: a database index cannot fold them behind row security.
 */
export const foldKey = (value: string): string =>
  PLAIN_WORDS.test(value)
    ? value.toLowerCase()
    : value.normalize('NFKD').replace(LATIN_MARKS, '').toLowerCase().normalize('NFKC').replace(/\s+/gu, ' ').trim();

/** ASCII words with one space between them: nothing to fold but their case. Most of what a catalogue holds. */
const PLAIN_WORDS = /^(?:[!-~]+(?: [!-~]+)*)?$/;

const words = (schema: z.ZodString, refused: RegExp) =>
  schema
    .refine((value) => !refused.test(value), { error: 'Control characters are not allowed here.' })
    .refine((value) => !TURNS_DIRECTION.test(value), {
      error: 'Characters that turn the reading direction (U+202A to U+202E, U+2066 to U+2069) are not allowed here.',
    })
    .refine((value) => !LINE_SEPARATOR.test(value), {
      error: 'Line and paragraph separators (U+2028, U+2029) are not allowed here.',
    })
    .refine((value) => !LONE_SURROGATE.test(value), { error: 'This text is not valid Unicode.' });

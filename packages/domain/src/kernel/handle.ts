import { z } from 'zod';
import { foldKey } from './text.ts';

/** In characters, as it stands in an address. */
export const HANDLE_MAX = 200;
/** Long enough to say what it is, short enough for an address and a number behind it. */
const SLUG_MAX = 120;
/** Each round lost means that somebody else took the same handle meanwhile. */
const NUMBER_ATTEMPTS_MAX = 8;
/** Characters at the end of an id that are by chance: 40 bits. */
const ID_END_LENGTH = 8;
/** Letters and digits of any script, with dashes between. */
const FORM = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]*$/u;
const HALF_A_CHARACTER = /[\ud800-\udbff]$/;
/** Letters that Unicode does not take apart into a base letter and a mark. */
const SPELT_OUT: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
};

/**
 * What something is called in an address: letters and digits of any script, folded to lower case, with dashes between.
 * `example` is shown in the documentation and to those who write another form.
 */
export const handleForm = (example: string) =>
  z
    .string()
    .trim()
    .min(1)
    .max(HANDLE_MAX)
    .overwrite(handleKey)
    .regex(FORM, { error: `Expected letters, digits and dashes, like ${example}.` })
    .meta({ example });

/** The form in which handles are stored and looked up. */
export const handleKey = (handle: string): string => handle.trim().normalize('NFKC').toLowerCase();

/** The handle a title suggests: `Éclair à la crème` gives `eclair-a-la-creme`. Never empty: then it is `nameless`. */
export function slugOf(title: string, nameless: string): string {
  const plain = foldKey(title).replace(/[ßæœøłđðþħı]/g, (letter) => SPELT_OUT[letter] ?? letter);
  const dashed = plain.replace(/['’]/g, '').replace(/[^\p{L}\p{M}\p{N}]+/gu, '-');
  const slug = trimmed(trimmed(dashed).slice(0, SLUG_MAX).replace(HALF_A_CHARACTER, ''));
  return FORM.test(slug) ? slug : nameless;
}

/** `shirt`, `shirt-2`, `shirt-3` …: the first that is not taken. */
export function freeHandle(slug: string, isTaken: (handle: string) => boolean): string {
  for (let number = 1; ; number++) {
    const handle = number === 1 ? slug : `${slug}-${number}`;
    if (!isTaken(handle)) return handle;
  }
}

/** What `insertUnderFreeHandle` needs to know of a table with handles. */
interface HandleTable<Row> {
  /** The handles that begin with the slug, as they are now. */
  taken(): Promise<ReadonlySet<string>>;
  /** Undefined when somebody else has taken the handle meanwhile (`on conflict do nothing`). */
  insert(handle: string): Promise<Row | undefined>;
}

/**
 * Inserts what nobody gave a handle under the first free one, however many do so at once. After 8 rounds lost to others
 * the end of its own id stands behind the slug instead of a number, which nobody else has.
 */
export async function insertUnderFreeHandle<Row>(slug: string, id: string, table: HandleTable<Row>): Promise<Row> {
  for (let attempt = 1; attempt <= NUMBER_ATTEMPTS_MAX; attempt++) {
    const taken = await table.taken();
    const row = await table.insert(freeHandle(slug, (handle) => taken.has(handle)));
    if (row) return row;
  }
  const row = await table.insert(`${slug}-${id.slice(-ID_END_LENGTH)}`);
  if (!row) throw new Error(`The handle ${slug} with the end of ${id} is taken`);
  return row;
}

const trimmed = (slug: string) => slug.replace(/^-+|-+$/g, '');

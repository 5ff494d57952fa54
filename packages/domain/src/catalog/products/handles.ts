import { foldKey } from '../../kernel/text.ts';
import { HANDLE_FORM } from './handles.contract.ts';

/** Long enough to say what it is, short enough for an address. */
const SLUG_MAX = 120;
const NAMELESS = 'product';
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

/** The handle a title suggests: `Éclair à la crème` gives `eclair-a-la-creme`. Never empty. */
export function slugOf(title: string): string {
  const plain = foldKey(title).replace(/[ßæœøłđðþħı]/g, (letter) => SPELT_OUT[letter] ?? letter);
  const dashed = plain.replace(/['’]/g, '').replace(/[^\p{L}\p{M}\p{N}]+/gu, '-');
  const slug = trimmed([...trimmed(dashed)].slice(0, SLUG_MAX).join(''));
  return HANDLE_FORM.test(slug) ? slug : NAMELESS;
}

/** `shirt`, `shirt-2`, `shirt-3` …: the first that is not taken. */
export function freeHandle(slug: string, isTaken: (handle: string) => boolean): string {
  for (let number = 1; ; number++) {
    const handle = number === 1 ? slug : `${slug}-${number}`;
    if (!isTaken(handle)) return handle;
  }
}

const trimmed = (slug: string) => slug.replace(/^-+|-+$/g, '');

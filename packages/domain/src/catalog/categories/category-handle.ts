import { z } from 'zod';
import { foldKey } from '../../kernel/text.ts';

const HANDLE_LENGTH_MAX = 200;
const HANDLE = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]*$/u;
const NAMELESS = 'category';

/** What a category is called in an address: letters and digits of any script in lower case, dashes between. */
export const categoryHandle = z
  .string()
  .trim()
  .min(1)
  .max(HANDLE_LENGTH_MAX)
  .overwrite(handleKey)
  .regex(HANDLE, { error: 'Expected letters, digits and dashes, like summer-dresses.' })
  .meta({ example: 'summer-dresses' });

/** The form in which handles are stored and looked up. */
export function handleKey(handle: string): string {
  return handle.normalize('NFKC').toLowerCase();
}

/** The handle that a name suggests: `Summer Dresses` gives `summer-dresses`. Never empty. */
export function handleOfName(name: string): string {
  const dashed = foldKey(name).replace(/[^\p{L}\p{M}\p{N}]+/gu, '-');
  const handle = dashed.slice(0, HANDLE_LENGTH_MAX / 2).replace(/^-+|-+$/g, '');
  return HANDLE.test(handle) ? handle : NAMELESS;
}

import { z } from 'zod';
import { HANDLE_MAX } from './product-limits.contract.ts';

/** Letters and digits of any script, with dashes between. */
export const HANDLE_FORM = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]*$/u;

/** A handle as it may stand in an address: letters and digits of any script, folded to lower case, with dashes between. */
export const productHandle = z
  .string()
  .trim()
  .min(1)
  .max(HANDLE_MAX)
  .overwrite((handle) => handle.normalize('NFKC').toLowerCase())
  .regex(HANDLE_FORM, { error: 'Expected letters, digits and dashes, like blue-cotton-shirt.' })
  .meta({ example: 'blue-cotton-shirt' });

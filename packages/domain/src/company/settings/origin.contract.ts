import { z } from 'zod';
import { originOf } from './origin.ts';

const ORIGIN_LENGTH_MAX = 255;

/** Zod schema of an origin. What comes out is its normal form. */
export const webOrigin = z
  .string()
  .trim()
  .max(ORIGIN_LENGTH_MAX)
  .refine((text) => originOf(text) !== undefined, {
    error: 'Expected scheme, host and port only, like https://shop.example.com or http://localhost.',
  })
  .overwrite((text) => originOf(text) ?? text)
  .meta({ example: 'https://shop.example.com' });

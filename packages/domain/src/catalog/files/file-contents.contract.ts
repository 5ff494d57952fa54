import { z } from 'zod';
import { plainNumber } from '../../kernel/page.ts';

const LENGTH_MAX = 1_000;

/** The part of a signed address that proves the rest. */
export const addressSignature = z.string().max(100).meta({ description: 'Of the address; made by us.' });

const number = z.preprocess(plainNumber, z.int().min(0));

/** What a signed address says. It is made by us and used as it is: nobody writes it by hand. */
export const fileAddress = z.strictObject({
  key: z.string().max(LENGTH_MAX),
  type: z.string().max(LENGTH_MAX),
  expires: number.meta({ description: 'Unix seconds.' }),
  size: number.optional().meta({ description: 'Of an upload, in bytes.' }),
  name: z.string().max(LENGTH_MAX).optional().meta({ description: 'Of a download.' }),
});
export type FileAddress = z.infer<typeof fileAddress>;

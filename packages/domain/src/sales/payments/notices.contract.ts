import { z } from 'zod';

/** The company in a webhook's address. What belongs to nobody is not found, rather than wrong: the flow says so. */
export const hookCompany = z
  .string()
  .max(60)
  .meta({ description: 'The id of the company.', example: 'com_01h455vb4pex5vsknk084sn02q' });

export const hookReceipt = z.object({ received: z.boolean() });

import { z } from 'zod';

/** What stands between the company and its first sale. */
export const checklistView = z.object({
  isReady: z.boolean(),
  steps: z.array(
    z.object({
      key: z.string(),
      title: z.string(),
      isDone: z.boolean(),
      /** The request that does it. */
      request: z.string(),
      /** What there is to know: what is missing of it, or what registration has made. */
      note: z.string().nullable(),
    }),
  ),
});
export type ChecklistView = z.infer<typeof checklistView>;

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
    }),
  ),
});
export type ChecklistView = z.infer<typeof checklistView>;

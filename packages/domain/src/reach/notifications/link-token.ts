import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';

/** What makes a link good. After `expiresAt` the mail is not worth sending. */
export interface LinkToken {
  token: string;
  expiresAt: string;
}

/** A link's token as events hold it, for nobody but the mail. */
export const withToken = z.object({ token: z.string().min(1), expiresAt: instant });

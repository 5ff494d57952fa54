import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { idOf } from '../../kernel/ids.ts';
import { listQuery, pageOf } from '../../kernel/page.ts';

const REFRESH_TOKEN_MAX = 120;

/** What a login gives. `expiresIn` is in seconds and speaks of the access token. */
export const tokens = z.object({
  accessToken: z.string(),
  refreshToken: z.string().meta({ description: 'Good once. Keep the one that each refresh answers with.' }),
  expiresIn: z.int(),
});
export type Tokens = z.infer<typeof tokens>;

export const refreshInput = z.strictObject({ refreshToken: z.string().min(1).max(REFRESH_TOKEN_MAX) });
export type RefreshInput = z.infer<typeof refreshInput>;

export const refreshed = z.object({ tokens });

export const logoutInput = z.strictObject({
  everywhere: z.boolean().default(false).meta({ description: 'Ends all sessions of this person, not only this one.' }),
});
export type LogoutInput = z.infer<typeof logoutInput>;

export const sessionView = z.object({
  id: idOf('ses'),
  isCurrent: z.boolean(),
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  createdAt: instant,
  lastUsedAt: instant,
  expiresAt: instant,
});
export type SessionView = z.infer<typeof sessionView>;

export const sessionQuery = listQuery;
export const sessionPage = pageOf(sessionView);

import type { AccessTokens } from '../identity/sessions/access-tokens.ts';
import { type Attempts, limitOf, TooManyAttempts } from '../identity/sessions/attempts.ts';

/** Access tokens that say what they hold: for tests of flows. The real ones are tested in the platform package. */
export const fakeAccessTokens: AccessTokens = {
  sign: async (claims) => ({ accessToken: Buffer.from(JSON.stringify(claims)).toString('base64url'), expiresIn: 900 }),
  verify: async (token) => JSON.parse(Buffer.from(token, 'base64url').toString()),
};

/** Lets everybody try as often as they like, and remembers what was counted. */
export function countingAttempts(): Attempts & { counted: string[] } {
  const counted: string[] = [];
  return {
    counted,
    consume: async (kind, key) => void counted.push(`${kind} ${key}`),
    forgive: async () => undefined,
  };
}

/** The limits of production, counted in memory. */
export function limitedAttempts(): Attempts {
  const counts = new Map<string, number>();
  return {
    consume: async (kind, key) => {
      const count = (counts.get(kind + key) ?? 0) + 1;
      counts.set(kind + key, count);
      const { points, seconds } = limitOf(kind, key);
      if (count > points) throw new TooManyAttempts(seconds, count === points + 1);
    },
    forgive: async (kind, key) => void counts.delete(kind + key),
  };
}

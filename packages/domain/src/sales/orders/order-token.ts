import { randomBytes } from 'node:crypto';
import { hashToken } from '../../identity/sessions/opaque-token.ts';

const SECRET_BYTES = 32; // 256 bits: nothing to guess, so a fast hash is enough to store it
/** Longer than any token of ours; a longer one is none. */
const TOKEN_LENGTH_MAX = 200;

/** What opens a guest's order, and what is stored in its place. */
export function makeOrderToken(): { token: string; hash: string } {
  const token = randomBytes(SECRET_BYTES).toString('base64url');
  return { token, hash: hashToken(token) };
}

/** The stored form of a token that came along; null: none came, or nothing that could be one. */
export const orderTokenHash = (token: string | undefined): string | null =>
  token && token.length <= TOKEN_LENGTH_MAX ? hashToken(token) : null;

import { hash, randomBytes } from 'node:crypto';
import { type CompanyId, suffixOf } from '../../kernel/ids.ts';

/** Refresh token, invite, password reset; the same of customers, and what links in mails to them hold; links to orders. */
export type TokenKind = 'rt' | 'inv' | 'pwr' | 'crt' | 'ctk' | 'olk';

const SECRET_BYTES = 32; // 256 bits: nothing to guess, so a fast hash is enough to store it
const TOKEN_FORM = /^souk_(rt|inv|pwr|crt|ctk|olk)_([0-7][0-9a-hjkmnp-tv-z]{25})_([A-Za-z0-9_-]{43})$/;

export interface OpaqueToken {
  readonly token: string;
  /** What is stored in its place. */
  readonly hash: string;
}

/** A new secret that names its company: `souk_<kind>_<company suffix>_<256 random bits>`. */
export function makeToken(kind: TokenKind, companyId: CompanyId): OpaqueToken {
  const token = `souk_${kind}_${suffixOf(companyId)}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { token, hash: hashToken(token) };
}

/** The company a token names and the hash it is found by; undefined if it is not of this kind. No look-up. */
export function readToken(kind: TokenKind, token: string): { companyId: CompanyId; hash: string } | undefined {
  const [, written, suffix = ''] = TOKEN_FORM.exec(token) ?? [];
  return written === kind ? { companyId: `com_${suffix}`, hash: hashToken(token) } : undefined;
}

/** SHA-256 of the whole token, base64url. */
export const hashToken = (token: string): string => hash('sha256', token, 'base64url');

import type { CompanyId, Id } from '../../kernel/ids.ts';

/** What an access token says: which company, who, and in which session. Everything else is looked up (standing). */
export interface AccessClaims {
  readonly companyId: CompanyId;
  readonly staffId: Id<'stf'>;
  readonly sessionId: Id<'ses'>;
}

/** A port: signs and reads the short-lived tokens of staff with the keys of `signing-keys.service.ts`. */
export interface AccessTokens {
  /** `expiresIn` in seconds. */
  sign(claims: AccessClaims): Promise<{ accessToken: string; expiresIn: number }>;
  /** Undefined for anything that is not a token we signed for staff and that is still good. Never throws for a bad token. */
  verify(token: string): Promise<AccessClaims | undefined>;
}

/** Seconds an access token lives. */
export const ACCESS_TOKEN_SECONDS = 15 * 60;

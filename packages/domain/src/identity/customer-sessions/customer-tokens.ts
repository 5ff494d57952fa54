import type { CompanyId, Id } from '../../kernel/ids.ts';

/** What a customer's access token says: which company, who, and in which session. Everything else is looked up. */
export interface CustomerClaims {
  readonly companyId: CompanyId;
  readonly customerId: Id<'cus'>;
  readonly sessionId: Id<'cses'>;
}

/** A port: as `AccessTokens` of staff, with keys of their own, so that one kind can never pass for the other. */
export interface CustomerTokens {
  /** `expiresIn` in seconds. */
  sign(claims: CustomerClaims): Promise<{ accessToken: string; expiresIn: number }>;
  /** Undefined for anything that is not a token we signed for a customer and that is still good. Never throws for one. */
  verify(token: string): Promise<CustomerClaims | undefined>;
}

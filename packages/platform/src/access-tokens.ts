import type { AccessClaims, AccessTokens } from '@souk/domain/identity/sessions/access-tokens';
import type { RunUnscoped } from '@souk/domain/kernel/ctx';
import { SignedTokens } from './signed-tokens.ts';

export const STAFF_AUDIENCE = 'souk:staff';
const STAFF = { keys: 'staff', audience: STAFF_AUDIENCE, person: 'stf', session: 'ses' } as const;

/** The access tokens of staff. */
export class SignedAccessTokens implements AccessTokens {
  private readonly tokens: SignedTokens<'stf', 'ses'>;

  constructor(unscoped: RunUnscoped, now: () => number = Date.now) {
    this.tokens = new SignedTokens(STAFF, unscoped, now);
  }

  sign({ companyId, staffId, sessionId }: AccessClaims) {
    return this.tokens.sign({ companyId, personId: staffId, sessionId });
  }

  async verify(token: string): Promise<AccessClaims | undefined> {
    const claims = await this.tokens.verify(token);
    return claims && { companyId: claims.companyId, staffId: claims.personId, sessionId: claims.sessionId };
  }
}

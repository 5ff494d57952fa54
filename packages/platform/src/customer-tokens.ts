import type { CustomerClaims, CustomerTokens } from '@souk/domain/identity/customer-sessions/customer-tokens';
import type { RunUnscoped } from '@souk/domain/kernel/ctx';
import { SignedTokens } from './signed-tokens.ts';

const CUSTOMERS = { keys: 'customer', audience: 'souk:customer', person: 'cus', session: 'cses' } as const;

/** The access tokens of customers: other keys and another audience than those of staff, so neither opens the other's door. */
export class SignedCustomerTokens implements CustomerTokens {
  private readonly tokens: SignedTokens<'cus', 'cses'>;

  constructor(unscoped: RunUnscoped, now: () => number = Date.now) {
    this.tokens = new SignedTokens(CUSTOMERS, unscoped, now);
  }

  sign({ companyId, customerId, sessionId }: CustomerClaims) {
    return this.tokens.sign({ companyId, personId: customerId, sessionId });
  }

  async verify(token: string): Promise<CustomerClaims | undefined> {
    const claims = await this.tokens.verify(token);
    return claims && { companyId: claims.companyId, customerId: claims.personId, sessionId: claims.sessionId };
  }
}

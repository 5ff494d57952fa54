import { DomainError } from '@souk/domain/kernel/errors';

// The ways the door says no. 401: we do not know who you are. 403: we do, and you may not.

/** No credentials, or some that are not good (any more). One class for all: what is wrong is in the sentence. */
export class Unauthenticated extends DomainError {
  readonly status = 401;
  constructor(
    readonly code:
      | 'credentials_missing'
      | 'credentials_ambiguous'
      | 'token_invalid'
      | 'session_over'
      | 'key_invalid'
      | 'customer_needed',
    sentence: string,
  ) {
    super(sentence);
  }
}

/** A publishable key is for browsers and opens the storefront only. */
export class SecretKeyNeeded extends DomainError {
  readonly code = 'secret_key_needed';
  readonly status = 403;
  constructor() {
    super('A publishable key opens the storefront API only. Use a staff token or a secret key here.');
  }
}

/** A key has no self to read about or change. */
export class StaffNeeded extends DomainError {
  readonly code = 'staff_needed';
  readonly status = 403;
  constructor() {
    super('This is about a signed-in staff member, and an API key is nobody. Log in and use the access token.');
  }
}

/** The key lacks a scope. */
export class ScopeMissing extends DomainError {
  readonly code = 'scope_missing';
  readonly status = 403;
  constructor(scope: string) {
    super(`This needs an API key with the scope ${scope}.`, { scope });
  }
}

/** A browser of a site that the shop did not list. */
export class OriginRefused extends DomainError {
  readonly code = 'origin_refused';
  readonly status = 403;
  constructor(origin: string) {
    super('This API key does not answer to this website. Add its origin to the key, or to the storefront settings.', {
      origin,
    });
  }
}

/** Staff of a suspended company may look, not touch. */
export class CompanySuspended extends DomainError {
  readonly code = 'company_suspended';
  readonly status = 403;
  constructor() {
    super('This company is suspended: its data can be read and not changed. Ask whoever runs this shop platform.');
  }
}

const SHOP_BACK_SECONDS = 3_600;

/** The shop of a suspended company is closed for now. */
export class ShopClosed extends DomainError {
  readonly code = 'shop_closed';
  readonly status = 503;
  override readonly retryAfterSeconds = SHOP_BACK_SECONDS;
  constructor() {
    super('This shop is closed for now.');
  }
}

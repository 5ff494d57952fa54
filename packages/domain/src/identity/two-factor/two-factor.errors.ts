import { DomainError, type FieldFault } from '../../kernel/errors.ts';

/** The one answer to every login that does not work: unknown company, unknown person, wrong password, disabled. */
export class LoginRefused extends DomainError {
  readonly code = 'login_refused';
  readonly status = 401;
  constructor() {
    super('Shop, email address and password do not go together.');
  }
}

/** The second step of a login did not work: the token is old or not ours, or the code is wrong or used. */
export class MfaRefused extends DomainError {
  readonly code = 'mfa_refused';
  readonly status = 401;
  constructor() {
    super('This code is wrong or was used before, or the login took too long. Try the next code, or log in again.');
  }
}

/** Somebody who is signed in gave a wrong code. Not 401: their session is fine. */
export class WrongCode extends DomainError {
  readonly code = 'wrong_code';
  readonly status = 422;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('This code is wrong or was used before. Wait for the next one.');
    this.faults = [{ pointer: '/code', code: this.code, message: this.message }];
  }
}

/** Two-factor login is on already. */
export class TwoFactorOn extends DomainError {
  readonly code = 'two_factor_on';
  readonly status = 409;
  constructor() {
    super('Two-factor login is on. Turn it off before you set it up anew.');
  }
}

/** Two-factor login is off, or its set-up was never started. */
export class TwoFactorOff extends DomainError {
  readonly code = 'two_factor_off';
  readonly status = 409;
  constructor() {
    super('Two-factor login is not on, or was not set up. Start with POST /v1/me/two-factor.');
  }
}

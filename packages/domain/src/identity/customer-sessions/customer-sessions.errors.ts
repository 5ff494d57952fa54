import { DomainError } from '../../kernel/errors.ts';

/** Whatever is wrong with a customer's login: no such account, wrong password, disabled. One answer for all of it. */
export class CustomerLoginRefused extends DomainError {
  readonly code = 'login_refused';
  readonly status = 401;
  constructor() {
    super('Email address and password do not go together, or the account cannot be used.');
  }
}

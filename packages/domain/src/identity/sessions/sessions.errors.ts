import { DomainError } from '../../kernel/errors.ts';

/** Whatever is wrong with a refresh token: unknown, used, expired, revoked. One answer for all of it. */
export class RefreshRefused extends DomainError {
  readonly code = 'refresh_refused';
  readonly status = 401;
  constructor() {
    super('This refresh token is not good any more. Log in again.');
  }
}

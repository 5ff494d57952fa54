import { DomainError } from '../../kernel/errors.ts';

/** The token is unknown, was used, revoked or replaced, or whoever sent it could not send it today. */
export class InviteRefused extends DomainError {
  readonly code = 'invite_refused';
  readonly status = 422;
  constructor() {
    super('This invite was used, taken back or replaced by a newer one. Ask whoever invited you to send it again.');
  }
}

/** The token was good, but its time is over. */
export class InviteExpired extends DomainError {
  readonly code = 'invite_expired';
  readonly status = 422;
  constructor() {
    super('This invite is too old. Ask whoever invited you to send it again.');
  }
}

/** An invite that was accepted or revoked cannot be sent again or taken back. */
export class InviteSettled extends DomainError {
  readonly code = 'invite_settled';
  readonly status = 409;
  constructor(status: string) {
    super(`This invite is ${status} already. Make a new one.`, { status });
  }
}

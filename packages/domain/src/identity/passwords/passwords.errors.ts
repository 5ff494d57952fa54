import { DomainError, type FieldFault } from '../../kernel/errors.ts';

/** Somebody who is signed in gave a wrong password for themselves. Not 401: their session is fine. */
export class WrongPassword extends DomainError {
  readonly code = 'wrong_password';
  readonly status = 422;
  override readonly faults: readonly FieldFault[];
  constructor(pointer: string) {
    super('This is not your present password.');
    this.faults = [{ pointer, code: this.code, message: this.message }];
  }
}

/** Whatever is wrong with the token of a reset: unknown, used, replaced by a newer one, too old. */
export class ResetRefused extends DomainError {
  readonly code = 'password_reset_refused';
  readonly status = 422;
  constructor() {
    super('This link was used before, was replaced by a newer one, or is too old. Ask for a new one.');
  }
}

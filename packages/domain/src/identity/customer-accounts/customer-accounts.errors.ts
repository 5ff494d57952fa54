import { DomainError, type FieldFault } from '../../kernel/errors.ts';

/** Whatever is wrong with the link of a mail: unknown, used, replaced by a newer one, too old, of another shop. */
export class CustomerLinkRefused extends DomainError {
  readonly code = 'link_refused';
  readonly status = 422;
  constructor() {
    super('This link was used before, was replaced by a newer one, or is too old. Ask for a new one.');
  }
}

/**
 * A link proves that somebody reads the mails of an address, and not that the account is theirs: anybody can register
 * with any address. The link stays good.
 */
export class PasswordNeeded extends DomainError {
  readonly code = 'password_needed';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  /** @param maySetNew whether the same link may choose a new password instead. */
  constructor(maySetNew: boolean) {
    const otherwise = maySetNew
      ? ' Whoever did not choose it sets a new one with the same token: password-resets.'
      : '';
    super(`This link needs the password of the account beside it, or its customer logged in.${otherwise}`);
    this.faults = [{ pointer: '/password', code: this.code, message: 'Write the password of the account.' }];
  }
}

/** The address one has is not a new one. */
export class EmailUnchanged extends DomainError {
  readonly code = 'email_unchanged';
  readonly status = 422;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('This is your address already.');
    this.faults = [{ pointer: '/email', code: this.code, message: this.message }];
  }
}

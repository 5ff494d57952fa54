import { DomainError, type FieldFault } from '../../kernel/errors.ts';

/** Whatever is wrong with the link of a mail: unknown, used, replaced by a newer one, too old, of another shop. */
export class CustomerLinkRefused extends DomainError {
  readonly code = 'link_refused';
  readonly status = 422;
  constructor() {
    super('This link was used before, was replaced by a newer one, or is too old. Ask for a new one.');
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

import { DomainError, type FieldFault } from '../../kernel/errors.ts';

/** Somebody here has this address already. Said only to people who may see the staff. */
export class EmailTaken extends DomainError {
  readonly code = 'email_taken';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('Somebody with this email address works here already.');
    this.faults = [{ pointer: '/email', code: this.code, message: this.message }];
  }
}

/** Without an owner nobody could ever give the company's highest rights again. */
export class LastOwner extends DomainError {
  readonly code = 'last_owner';
  readonly status = 409;
  constructor() {
    super('This is the last active owner. Make somebody else an owner first.');
  }
}

/** What is asked for belongs to a person: an API key is nobody who could have it. */
export class StaffNeeded extends DomainError {
  readonly code = 'staff_needed';
  readonly status = 403;
  constructor() {
    super('This needs a signed-in person, and an API key is nobody. Log in and use the access token.');
  }
}

/** Locking oneself out is never meant. */
export class NotYourself extends DomainError {
  readonly code = 'not_yourself';
  readonly status = 409;
  constructor() {
    super('You cannot disable yourself. Ask another member of staff to do it.');
  }
}

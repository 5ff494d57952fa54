import { DomainError, type FieldFault } from '../../kernel/errors.ts';

/** There is an account with this address. Said only to staff: a visitor must not learn who has one. */
export class CustomerEmailTaken extends DomainError {
  readonly code = 'email_taken';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('There is a customer with this email address already. GET /v1/customers?email= finds it.');
    this.faults = [{ pointer: '/email', code: this.code, message: this.message }];
  }
}

/** Nothing comes back of somebody who was erased, and nothing is added to what is left. */
export class CustomerErased extends DomainError {
  readonly code = 'customer_erased';
  readonly status = 409;
  constructor() {
    super('This customer was erased. Only what their orders need is left, and it does not change.');
  }
}

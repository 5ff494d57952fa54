import { DomainError, type FieldFault } from '../../kernel/errors.ts';
import { CUSTOMER_GROUPS_MAX } from './customer-groups.contract.ts';

/** Two groups of one name could not be told apart where one is chosen. */
export class CustomerGroupNameTaken extends DomainError {
  readonly code = 'customer_group_name_taken';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('There is a customer group of this name already. Choose another name.');
    this.faults = [{ pointer: '/name', code: this.code, message: this.message }];
  }
}

/** Groups are chosen from a list by people. */
export class TooManyCustomerGroups extends DomainError {
  readonly code = 'too_many_customer_groups';
  readonly status = 409;
  constructor() {
    super(`There are ${CUSTOMER_GROUPS_MAX} customer groups already. Delete one, or use tags.`);
  }
}

import { DomainError } from '../../kernel/errors.ts';
import { ADDRESSES_MAX } from './customer-addresses.contract.ts';

/** An address book is for a person, not for a list of deliveries. */
export class AddressBookFull extends DomainError {
  readonly code = 'address_book_full';
  readonly status = 409;
  constructor() {
    super(`There are ${ADDRESSES_MAX} addresses already. Delete one that is not needed any more.`);
  }
}

import { DomainError, type FieldFault } from '../../kernel/errors.ts';

/** Products name an attribute by its key. */
export class AttributeKeyTaken extends DomainError {
  readonly code = 'attribute_key_taken';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('Another attribute has this key. Choose another one.');
    this.faults = [{ pointer: '/key', code: this.code, message: this.message }];
  }
}

/** Products have a value that would be without meaning. */
export class AttributeInUse extends DomainError {
  readonly code = 'attribute_in_use';
  readonly status = 409;
  constructor(what: string) {
    super(`Products have ${what}. Take it off them first.`);
  }
}

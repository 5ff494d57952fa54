import { DomainError, type FieldFault } from '../../kernel/errors.ts';

/** Categories are found by their handle, so a company has each handle once. */
export class CategoryHandleTaken extends DomainError {
  readonly code = 'handle_taken';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('Another category has this handle. Choose another one.');
    this.faults = [{ pointer: '/handle', code: this.code, message: this.message }];
  }
}

/** A category cannot stand below itself. */
export class CategoryCycle extends DomainError {
  readonly code = 'category_cycle';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('A category cannot be moved into itself or below itself. Choose another parent, or move that one out first.');
    this.faults = [{ pointer: '/parentId', code: this.code, message: this.message }];
  }
}

/** What stands below it would hang in the air. */
export class CategoryHasChildren extends DomainError {
  readonly code = 'category_has_children';
  readonly status = 409;
  constructor() {
    super('This category has others below it. Move or delete those first.');
  }
}

/** The tree is as large as it may be. */
export class CategoryLimitReached extends DomainError {
  readonly code = 'category_limit_reached';
  readonly status = 409;
  constructor(max: number) {
    super(`A company has at most ${max} categories. Delete some you do not need, or use tags and collections.`);
  }
}

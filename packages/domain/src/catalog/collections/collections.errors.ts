import { DomainError, type FieldFault } from '../../kernel/errors.ts';

/** Collections are found by their handle, so a company has each handle once. */
export class CollectionHandleTaken extends DomainError {
  readonly code = 'handle_taken';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('Another collection has this handle. Choose another one.');
    this.faults = [{ pointer: '/handle', code: this.code, message: this.message }];
  }
}

/** What is done by hand in one kind of collection is done by rules in the other. */
export class WrongKindOfCollection extends DomainError {
  readonly code = 'wrong_kind_of_collection';
  readonly status = 409;
  constructor(kind: 'manual' | 'rules') {
    super(
      kind === 'rules'
        ? 'Rules decide what is in this collection. Change its rules, pin products (PUT /pins) or exclude them (PUT /exclusions).'
        : 'What is in this collection is chosen by hand: set its products (PUT /products). Pins and exclusions are for collections with rules.',
    );
  }
}

/** There are as many as there may be. */
export class CollectionLimitReached extends DomainError {
  readonly code = 'collection_limit_reached';
  readonly status = 409;
  constructor(max: number, kind: 'collections' | 'collections with rules') {
    super(`A company has at most ${max} ${kind}. Delete some you do not need.`);
  }
}

/** A collection chosen by hand is full. */
export class CollectionFull extends DomainError {
  readonly code = 'collection_full';
  readonly status = 409;
  constructor(max: number) {
    super(`A collection chosen by hand holds at most ${max} products. Take some out, or make a collection with rules.`);
  }
}

import { DomainError } from '../../kernel/errors.ts';

/** A limit was reached between the look at the cart and its placement. Nothing was counted. */
export class DiscountUsedUp extends DomainError {
  readonly code = 'discount_used_up';
  readonly status = 409;
  /** `names`: codes, and titles of automatic discounts. */
  constructor(readonly names: readonly string[]) {
    super(
      `Used up in the meantime: ${names.join(', ')}. Take the code out of the cart if it is one, read the cart again for its present total, and check out again.`,
    );
  }
}

/** Each code leads to one discount. */
export class DiscountCodesTaken extends DomainError {
  readonly code = 'discount_codes_taken';
  readonly status = 409;
  constructor(codes: readonly string[]) {
    super(
      `In use already, here or by another discount: ${codes.join(', ')}. Choose others, or remove them there first.`,
    );
  }
}

/** There are as many as there may be. */
export class DiscountLimitReached extends DomainError {
  readonly code = 'discount_limit_reached';
  readonly status = 409;
  constructor(message: string) {
    super(message);
  }
}

/** Archived discounts are kept as they were. */
export class DiscountArchived extends DomainError {
  readonly code = 'discount_archived';
  readonly status = 409;
  constructor() {
    super('This discount is archived and stays as it is. Make a new one.');
  }
}

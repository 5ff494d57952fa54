import { DomainError, type FieldFault } from '../../kernel/errors.ts';

/** A place has one rate for a category: with two, nobody could say which one applies. */
export class TaxRateTaken extends DomainError {
  readonly code = 'tax_rate_taken';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  /** `id`: of the rate there is, where it is known. */
  constructor(id: string | undefined) {
    const which = id === undefined ? 'that one' : `it (PATCH /v1/tax-rates/${id})`;
    super(`There is a rate for this place and this category already. Change ${which}, or delete it first.`);
    this.faults = [{ pointer: '/country', code: this.code, message: this.message }];
  }
}

/** Every cart looks through the rates of its country. */
export class TaxRateLimitReached extends DomainError {
  readonly code = 'tax_rate_limit_reached';
  readonly status = 409;
  constructor(max: number) {
    super(`A company has at most ${max} tax rates. Delete some you do not need.`);
  }
}

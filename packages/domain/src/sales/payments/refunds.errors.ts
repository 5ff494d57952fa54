import { DomainError, type FieldFault } from '../../kernel/errors.ts';
import { format, type Money } from '../../kernel/money.ts';

/** Money must not go back twice because a request was repeated. */
export class RefundKeyMissing extends DomainError {
  readonly code = 'idempotency_key_required';
  readonly status = 400;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('Send an Idempotency-Key header, new for each refund and the same when you repeat a request.');
    this.faults = [{ pointer: 'Idempotency-Key', code: this.code, message: this.message }];
  }
}

/** So much has not come in, or has gone back already. */
export class RefundTooLarge extends DomainError {
  readonly code = 'refund_too_large';
  readonly status = 422;
  override readonly faults: readonly FieldFault[];
  constructor(pointer: string, wanted: Money, possible: Money) {
    super(`${format(possible)} can still be given back, not ${format(wanted)}.`);
    this.faults = [{ pointer, code: this.code, message: this.message }];
  }
}

/** Fewer units of the line are left to give back. */
export class TooManyUnits extends DomainError {
  readonly code = 'too_many_units';
  readonly status = 422;
  override readonly faults: readonly FieldFault[];
  constructor(pointer: string, title: string, wanted: number, possible: number) {
    super(`${possible} of "${title}" can still be given back, not ${wanted}.`);
    this.faults = [{ pointer, code: this.code, message: this.message }];
  }
}

/** The money came in several parts, and none of them is as large as what is to go back. */
export class RefundSpansPayments extends DomainError {
  readonly code = 'refund_spans_payments';
  readonly status = 409;
  constructor(largest: Money) {
    super(
      `The money came in several parts, and at most ${format(largest)} can go back at once. Give it back in several refunds.`,
    );
  }
}

import { DomainError, type FieldFault } from '../../kernel/errors.ts';
import { format, type Money } from '../../kernel/money.ts';

/** Something is missing before the cart can become an order; all of it is named, with the way out. */
export class CheckoutIncomplete extends DomainError {
  readonly code = 'checkout_incomplete';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor(faults: readonly FieldFault[]) {
    super(`This cart cannot be ordered yet: ${faults.map(({ message }) => message).join(' ')}`);
    this.faults = faults;
  }
}

/** The cart comes to another total than the shopper was shown. Nothing was placed. */
export class TotalChanged extends DomainError {
  readonly code = 'total_changed';
  readonly status = 409;
  override readonly faults: readonly FieldFault[];
  constructor(expected: Money, actual: Money, changes: readonly FieldFault[]) {
    const message = `The total is ${format(actual)} now, not ${format(expected)}.`;
    super(`${message} Show the shopper the new total and what changed, and check out with it as expectedTotal.`, {
      expected: expected.amountMinor.toString(),
      actual: actual.amountMinor.toString(),
    });
    this.faults = [{ pointer: '/expectedTotal', code: this.code, message }, ...changes];
  }
}

/** A browser is sent to places of the shop alone. */
export class ReturnUrlRefused extends DomainError {
  readonly code = 'return_url_not_allowed';
  readonly status = 422;
  override readonly faults: readonly FieldFault[];
  constructor(message: string) {
    super(message);
    this.faults = [{ pointer: '/returnUrl', code: this.code, message }];
  }
}

/** Something is to be paid and nobody has said how. */
export class PaymentProviderMissing extends DomainError {
  readonly code = 'payment_provider_required';
  readonly status = 422;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('Say how it is paid: paymentProvider. Only a total of zero needs none.');
    this.faults = [{ pointer: '/paymentProvider', code: this.code, message: this.message }];
  }
}

/** An answer may get lost: without a key, whoever asks again may order twice. */
export class IdempotencyKeyMissing extends DomainError {
  readonly code = 'idempotency_key_required';
  readonly status = 400;
  override readonly faults: readonly FieldFault[];
  constructor() {
    super('Send an Idempotency-Key header, new for each order and the same when you repeat a request.');
    this.faults = [{ pointer: 'Idempotency-Key', code: this.code, message: this.message }];
  }
}
